import Foundation
import TestSupport
import Testing
import WireProtocol

/// The daemon starts and stays, whatever lies in its folder of models; and where it cannot be started at all, it says so
/// with an exit code that systemd does not answer with another start.
@Suite(.enabled(if: RunningDaemon.isBuilt), .serialized, .timeLimit(.minutes(30))) struct DaemonStartTests {
    private static let fixtures = RunningDaemon.root.appending(path: "Tests/Fixtures")

    private func copy(_ source: String, to name: String, in folder: TemporaryFolder, _ files: [String: String] = [:])
        throws
    {
        let target = URL(filePath: folder.path).appending(path: name)
        try FileManager.default.copyItem(at: Self.fixtures.appending(path: source), to: target)
        for (file, contents) in files { try Data(contents.utf8).write(to: target.appending(path: file)) }
    }

    @Test func withoutANetworkPhotosWait() async throws {
        let models = try TemporaryFolder()
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        let photo = daemon.inbox.appending(path: "cat.jpg")
        try FileManager.default.copyItem(at: RunningDaemon.demoPhoto, to: photo)
        var status = try await daemon.result(of: RPCMethods.status, NoParameters())
        for _ in 0..<100 where status.photos.pending == 0 {
            try await Task.sleep(for: .milliseconds(100))
            status = try await daemon.result(of: RPCMethods.status, NoParameters())
        }
        #expect(status.photos == .init(pending: 1, working: 0, done: 0, failed: 0))
        #expect(status.models.isEmpty && status.inboxModel == nil)
        #expect(status.notices?.first?.contains("photos wait") == true)
        do {
            _ = try await daemon.result(of: RPCMethods.explain, ExplainParameters(source: .path(photo.path)))
            Issue.record("explained without a network")
        } catch let error as RPCError {
            #expect(error.code == .noSuchModel && error.message.contains("no network is loaded"))
        }
        #expect(try await daemon.stop() == 0)

        // With a network, the next start does what waited.
        let second = try await RunningDaemon(
            models: Self.fixtures.appending(path: "models/multilabel"), following: daemon)
        #expect(try await second.sidecar(of: photo).model.name == "multilabel")
        #expect(try await second.stop() == 0)
    }

    @Test func aNetworkThatDoesNotFitIsRefusedByNameAndTheOthersServe() async throws {
        let models = try TemporaryFolder()
        try copy("models/multilabel", to: "b-fits", in: models)
        try copy("models/multilabel", to: "c-fits", in: models)
        // Torn, and marked as the default.
        try copy("models/onelogit", to: "torn", in: models, ["model.onnx": "no network"])
        // It loads, and photos of this size do not go through it.
        try copy(
            "models/onelogit", to: "a-size", in: models,
            [
                "preprocessor_config.json":
                    #"{"size": {"height": 40, "width": 32}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}"#
            ])
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        let status = try await daemon.result(of: RPCMethods.status, NoParameters())
        #expect(status.models == ["b-fits", "c-fits"] && status.inboxModel == "b-fits")
        let notices = status.notices ?? []
        #expect(notices.contains { $0.contains("none is the default") && $0.contains("'b-fits'") })
        for name in ["a-size", "torn"] { #expect(notices.contains { $0.contains("'\(name)' was refused") }) }
        let described = try await daemon.result(of: RPCMethods.models, ModelsParameters())
        #expect(described.refused.map(\.name) == ["a-size", "torn"])
        let client = try Interpretctl()
        let shown = try await client.run("models", socket: daemon.socket)
        #expect(shown.status == 0 && shown.out.contains("refused: ") && shown.out.contains("a-size: "))
        #expect(try await daemon.document(of: RunningDaemon.demoPhoto).model.name == "b-fits")
        #expect(try await daemon.stop() == 0)
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: DaemonStartTests.cases.path)))
    func theCasesAsDefaultKeepNobodyDown() async throws {
        for name in ["gray", "nhwc", "twoin"] {
            let models = try TemporaryFolder()
            try copy("models/multilabel", to: "other", in: models)
            let target = URL(filePath: models.path).appending(path: name)
            try FileManager.default.copyItem(at: Self.cases.appending(path: name), to: target)
            try Data(#"{"default": true}"#.utf8).write(to: target.appending(path: "interpret.json"))
            let daemon = try await RunningDaemon(models: URL(filePath: models.path))
            let status = try await daemon.result(of: RPCMethods.status, NoParameters())
            #expect(status.models.contains("other"))
            if name == "twoin" {
                #expect(status.inboxModel == "other")
                #expect(
                    status.notices?.contains { $0.contains("'twoin' was refused") && $0.contains("onnx::Add_1") }
                        == true)
            }
            #expect(try await daemon.document(of: RunningDaemon.demoPhoto).photo?.width == 451)
            #expect(try await daemon.stop() == 0)
        }
    }

    private static let cases = RunningDaemon.root.deletingLastPathComponent().appending(path: "shared/cases/models")

    @Test func whatStartingAgainDoesNotMendExitsWithTwo() async throws {
        let folder = try TemporaryFolder()
        func path(_ name: String) -> String { folder.path + "/" + name }
        try Data("{}".utf8).write(to: URL(filePath: path("file")))
        try Data(#"{"inbx": "x"}"#.utf8).write(to: URL(filePath: path("misspelt.json")))
        for name in ["empty", "in"] {
            try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
        }
        let models = RunningDaemon.root.appending(path: "Tests/Fixtures/models/multilabel").path
        let cases: [[String]] = [
            ["serve", "--threads", "0"],
            ["serve", "--nonsense"],
            ["serve", "--config", path("misspelt.json")],
            ["serve", "--config", path("missing.json")],
            ["serve", "--inbox", path("file"), "--models", models],
            ["serve", "--inbox", path("missing"), "--models", models],
            ["serve", "--inbox", path("in"), "--models", path("missing")],
            ["serve", "--inbox", path("in"), "--models", path("file")],
            ["serve", "--inbox", path("in"), "--models", models, "--state", path("file")],
            ["serve", "--inbox", path("in"), "--models", models, "--socket", path(String(repeating: "s", count: 120))],
            ["serve", "--inbox", path("in"), "--models", models, "--socket", path("file")],
            ["process", path("missing"), "--models", models],
            ["process", path("in"), "--models", path("empty")],
        ]
        let runner = try Interpretctl()
        for arguments in cases {
            let state = arguments.contains("--state") ? [] : ["--state", path("state")]
            let output = try await runner.run(RunningDaemon.executable, arguments + state, socket: path("socket"))
            #expect(output.status == 2, "\(arguments.joined(separator: " ")): \(output.status) \(output.error)")
            #expect(!output.error.isEmpty)
        }
        #expect(!FileManager.default.fileExists(atPath: path("missing")))
    }

    @Test func anInboxIsMadeOnlyWhereThatIsWanted() async throws {
        let daemon = try await RunningDaemon(
            models: Self.fixtures.appending(path: "models/multilabel"),
            arguments: ["--inbox", NSTemporaryDirectory() + "/made-\(UUID().uuidString)", "--create"])
        let status = try await daemon.result(of: RPCMethods.status, NoParameters())
        #expect(FileManager.default.fileExists(atPath: status.inbox))
        #expect(try await daemon.stop() == 0)
        try FileManager.default.removeItem(atPath: status.inbox)
    }

    @Test func ownNetworksLieBesideTheBundledOnesAndOfTheSameNameTheyAreUsed() async throws {
        let (own, bundled) = (try TemporaryFolder(), try TemporaryFolder())
        try copy("models/multilabel", to: "same", in: own)
        try copy("models/onelogit", to: "same", in: bundled)
        try copy("models/onelogit", to: "other", in: bundled)
        let daemon = try await RunningDaemon(
            models: URL(filePath: own.path), arguments: ["--models", bundled.path])
        let described = try await daemon.result(of: RPCMethods.models, ModelsParameters())
        #expect(described.models.map(\.name) == ["other", "same"])
        #expect(described.models.last?.path == own.path + "/same")
        let notice = "the network in \(bundled.path)/same is not used, since \(own.path) has one of that name"
        #expect(described.notices?.contains(notice) == true, "\(String(describing: described.notices))")
        let client = try Interpretctl()
        #expect(try await client.run("models", socket: daemon.socket).out.contains("is not used, since"))

        // Without it the bundled one is there again.
        try FileManager.default.removeItem(atPath: own.path + "/same")
        let reloaded = try await daemon.result(of: RPCMethods.reload, NoParameters())
        #expect(reloaded.loaded == ["same"] && reloaded.models == ["other", "same"])
        #expect(try await daemon.stop() == 0)
    }
}
