import Foundation
import Socket
import TestSupport
import Testing
import WireProtocol

// Skipped where the test bundle was built without the client beside it.
@Suite(.enabled(if: Interpretctl.isBuilt), .timeLimit(.minutes(30))) struct InterpretctlTests {
    private let client: Interpretctl

    init() throws {
        client = try Interpretctl()
    }

    /// Writes a file into the folder the client runs in.
    private func write(_ data: Data, to name: String) throws -> String {
        let path = client.folder.path + "/" + name
        try data.write(to: URL(fileURLWithPath: path))
        return path
    }

    private func read(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: client.folder.path + "/" + name))
    }

    @Test(arguments: [
        ["explain"], ["explode"], ["status", "--explode"], ["photos", "--state", "lost"], ["photos", "--limit", "0"],
        ["run", "petshop"], ["explain", "a.jpg", "--steps", "many"], ["explain", "a.jpg", "--parameter", "x"],
        ["status", "--timeout", "-1"], ["photos", "--since", "someday"], ["photos", "--min-probability", "2"],
        ["redo", "--model", "--all"],
    ])
    func wrongUsageIsExitCode2AndOneLineThatNamesTheHelp(arguments: [String]) async throws {
        let output = try await client.run(arguments)
        #expect(output.status == 2)
        #expect(output.out == "")
        #expect(output.error.split(separator: "\n").count == 1)
        #expect(output.error.contains("--help'"))
    }

    @Test func noDaemonIsExitCode3AndTheMessageSaysHowToStartOne() async throws {
        let output = try await client.run("status")
        #expect(output.status == 3)
        #expect(output.error.contains("interpretd serve"))
        #expect(output.error.contains(client.folder.path + "/nobody"))
        #expect(output.error.split(separator: "\n").count == 1)
    }

    @Test(arguments: [
        "status", "models", "methods", "photos", "metrics", "explain", "run", "watch", "version", "sidecars",
    ])
    func everyHelpHasExamples(command: String) async throws {
        let output = try await client.run(command, "--help")
        #expect(output.status == 0)
        #expect(output.out.contains("Examples:\n  interpretctl \(command)"))
    }

    @Test(arguments: ["status", "models", "methods", "photos", "metrics", "version"])
    func aListIsPrintedForPeopleWithoutColoursInAFile(command: String) async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run(command, socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(!output.out.isEmpty)
            #expect(!output.out.contains("\u{1B}"))
            #expect(output.out.split(separator: "\n").allSatisfy { $0.last != " " })
        }
    }

    @Test func statusHasWhatAnAdministratorWantsToKnowOnOneScreen() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let lines = try await client.run("status", socket: server.path).out.split(separator: "\n")
            func has(_ name: String, _ value: String) -> Bool {
                lines.contains { $0.hasPrefix(name) && $0.hasSuffix("  " + value) }
            }
            #expect(lines.count <= 24 && lines.allSatisfy { $0.count <= 132 }, "\(lines)")
            #expect(has("photos", "2 pending (one for 1 min 2 s), 1 working, 128 done, 1 failed"))
            #expect(has("failed", "1 truncated"))
            #expect(has("events lost", "1 time; all of the inbox was looked at each time"))
            #expect(has("memory", "211.0 MiB; set aside to compute in 34.0 MiB (1.0 GiB at most)"))
            #expect(
                has(
                    "clients",
                    "2 connected, requests of 1.5 MiB (192.0 MiB at most), passed files of 0 bytes (512.0 MiB at most)")
            )
        }
    }

    @Test func whatAPersonShouldLookAtIsListedWithItsVerdict() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let all = try await client.run("photos", "--since", "7d", socket: server.path)
            #expect(all.out.contains("looks-at-animal") && all.out.contains("looks-elsewhere"), "\(all.error)")
            let doubtful = try await client.run("photos", "--doubtful", socket: server.path)
            #expect(doubtful.out.contains("looks-elsewhere") && !doubtful.out.contains("looks-at-animal"))
        }
    }

    @Test func aNameCannotDriveTheTerminalButIsRawForPrograms() async throws {
        var router = RequestRouter()
        let name = "/srv/inbox/a\n\u{1B}[2Jb\u{202E}.jpg"
        router.on(RPCMethods.photos) { _, _ in
            [PhotoRecord(path: name, state: .failed, updated: .now, error: "no\rJPEG")]
        }
        router.on(RPCMethods.redo) { _, _ in RedoResult(queued: 0, inHand: [name]) }
        try await SocketTestServer.with(router) { server in
            let shown = try await client.run("photos", socket: server.path)
            #expect(shown.out.contains(#"/srv/inbox/a\n\u{1b}[2Jb\u{202e}.jpg"#) && shown.out.contains(#"no\rJPEG"#))
            #expect(shown.out.split(separator: "\n").count == 2)
            #expect(try await client.run("redo", "--all", socket: server.path).out.contains(#"a\n\u{1b}"#))
            #expect(try await client.run("photos", "-0", socket: server.path).out == name + "\0")
            let json = try await client.run("photos", "--json", socket: server.path).out
            #expect(try JSONText(validating: Data(json.utf8)).decoded(as: [PhotoRecord].self).first?.path == name)
        }
    }

    @Test func whatNobodyNeedsIsRemoved() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run("clean", socket: server.path)
            #expect(output.out == "0 files of photos that are gone and 0 unfinished files removed\n")
        }
    }

    @Test func jsonIsTheResultByteForByte() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let direct = try server.client
            try await direct.request("status", id: 1)
            let expected = try await direct.result()
            let output = try await client.run("status", "--json", socket: server.path)
            #expect(output.out == expected + "\n")
        }
    }

    @Test func aFailedRequestIsExitCode1AndOneLine() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run("models", "resnet", socket: server.path)
            #expect(output.status == 1)
            #expect(output.error == "interpretctl: there is no model 'resnet'; there is petshop\n")
        }
    }

    @Test func explainWritesPicturesAndBoxesOfAPhotoTheDaemonMayNotRead() async throws {
        let photo = try write(Data([0xFF, 0xD8]), to: "mine.jpg")
        try await SocketTestServer.with(FakeDaemon(forbiddenPhoto: photo).handler) { server in
            let output = try await client.run(
                "explain", "mine.jpg", "--out", "results/today", "--raw", "map.npy", socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(output.out.contains("looks-at-animal") && output.out.contains("without it cat 92 % → 4 %"))
            #expect(try read("results/today/mine.jpg.overlay.jpg") == FakeDaemon.overlay)
            #expect(try read("results/today/mine.jpg.saliency.jpg") == FakeDaemon.saliency)
            #expect(try read("map.npy").prefix(6) == Data([0x93] + Array("NUMPY".utf8)))
            let sidecar = try JSONText(validating: read("results/today/mine.jpg.boxes.json")).decoded(as: Sidecar.self)
            #expect(sidecar.photo?.file == "mine.jpg")
            #expect(sidecar.files?[.overlay] == "mine.jpg.overlay.jpg")
            #expect(sidecar.boxes.first?.bbox.width == 451)
        }
    }

    @Test func aPhotoThatTheDaemonCannotSeeIsSentToo() async throws {
        _ = try write(Data([0xFF, 0xD8]), to: "private.jpg")
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run("explain", "private.jpg", socket: server.path)
            #expect(output.status == 0, "\(output.error)")
        }
    }

    @Test func theTableOfSidecarsNeedsNoDaemon() async throws {
        let table = try await client.run("sidecars")
        #expect(table.status == 0)
        let rows = try await client.run("sidecars", "--tabs")
        let json = try await client.run("sidecars", "--json")
        for kind in SidecarKind.allCases {
            #expect(table.out.contains("IMG_1.jpg\(kind.suffix) "))
            #expect(rows.out.contains("\(kind.suffix)\t\(kind.contents)\t\(kind.occasion)\n"))
            #expect(json.out.contains("\"suffix\":\"\(kind.suffix)\""))
        }
        #expect(rows.out.split(separator: "\n").count == SidecarKind.allCases.count)
        #expect(try await client.run("sidecars", "--json", "--tabs").status == 2)
    }

    @Test func aMissingPhotoIsNamed() async throws {
        let output = try await client.run("explain", "nothing.jpg")
        #expect(output.status == 1)
        #expect(output.error == "interpretctl: there is no photo at nothing.jpg\n")
    }

    @Test func methodParametersReachTheDaemon() async throws {
        _ = try write(Data([0xFF, 0xD8]), to: "a.jpg")
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            for flags in [["--window=-8"], ["--parameter", "window=-8"]] {
                let output = try await client.run(
                    ["explain", "a.jpg", "--method", "occlusion"] + flags, socket: server.path)
                #expect(output.status == 1)
                #expect(output.error.contains("'window' takes a number from 1"))
            }
        }
    }

    @Test func runWritesTheOutputAndShowsItsShape() async throws {
        _ = try write(FakeDaemon.npy(shape: [1, 1], values: [0]), to: "x.npy")
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run("run", "petshop", "x.npy", "--output", "y.npy", socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(output.out.contains("logits  (1, 3,)"))
            #expect(output.out.contains("1.6447"))
            #expect(try read("y.npy") == FakeDaemon.npy(shape: [1, 3], values: FakeDaemon.scores))
        }
    }

    @Test func watchPrintsOneEventPerLineUntilTheDaemonGoes() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let publisher = Task {
                while !Task.isCancelled {
                    server.events.publish(Event(.photoDone, path: "/srv/inbox/cat.jpg", label: "cat"))
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            let stopper = Task {
                // What it prints goes to this file.
                _ = try await eventually { ((try? read("stdout")) ?? Data()).contains(UInt8(ascii: "\n")) }
                await server.shutDown()
            }
            let output = try await client.run("watch", "--json", socket: server.path)
            publisher.cancel()
            try await stopper.value
            #expect(output.status == 1)
            #expect(output.error.contains("the daemon closed the connection"))
            let lines = output.out.split(separator: "\n")
            #expect(!lines.isEmpty)
            for line in lines {
                #expect(try JSONText(validating: Data(line.utf8)).decoded(as: Event.self).path == "/srv/inbox/cat.jpg")
            }
        }
    }
}
