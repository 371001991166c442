import Foundation
import TestSupport
import Testing
import WireProtocol

/// Networks are exchanged while the daemon runs, and a bad one takes nobody's place.
@Suite(.enabled(if: RunningDaemon.isBuilt), .serialized, .timeLimit(.minutes(30))) struct DaemonReloadTests {
    private static let fixture = RunningDaemon.root.appending(path: "Tests/Fixtures/models/multilabel")

    private func wait(for daemon: RunningDaemon, _ condition: (StatusResult) -> Bool) async throws -> Bool {
        for _ in 0..<600 {
            if condition(try await daemon.result(of: RPCMethods.status, NoParameters())) { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    @Test func aNetworkComesAndGoesWithoutARestart() async throws {
        let models = try TemporaryFolder()
        let first = URL(filePath: models.path).appending(path: "first")
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        let photo = daemon.inbox.appending(path: "cat.jpg")
        try FileManager.default.copyItem(at: RunningDaemon.demoPhoto, to: photo)
        #expect(try await wait(for: daemon) { $0.photos.pending == 1 })

        // It comes: the photo that waited is done.
        try FileManager.default.copyItem(at: Self.fixture, to: first)
        var result = try await daemon.result(of: RPCMethods.reload, NoParameters())
        #expect(result.loaded == ["first"] && result.models == ["first"] && result.inboxModel == "first")
        #expect(try await daemon.sidecar(of: photo).model.name == "first")

        // Nothing has changed: nothing is loaded.
        result = try await daemon.result(of: RPCMethods.reload, NoParameters())
        #expect(result.loaded.isEmpty && result.removed.isEmpty && result.models == ["first"])

        // It is replaced by what is no network: the old one stays, and that is said.
        try Data("no network".utf8).write(to: first.appending(path: "model.onnx"))
        result = try await daemon.result(of: RPCMethods.reload, NoParameters())
        #expect(result.loaded.isEmpty && result.models == ["first"] && result.inboxModel == "first")
        #expect(result.notices.contains { $0.contains("'first' was refused") && $0.contains("stays in use") })
        #expect(result.refused == ["first"])
        let client = try Interpretctl()
        let refused = try await client.run("models", "reload", socket: daemon.socket)
        #expect(refused.status == 1 && refused.error.isEmpty && refused.out.contains("'first' was refused"))
        let second = daemon.inbox.appending(path: "cat 2.jpg")
        try FileManager.default.copyItem(at: RunningDaemon.demoPhoto, to: second)
        #expect(try await daemon.sidecar(of: second).model.name == "first")

        // SIGHUP does the same, and ends nobody. Mended, it is loaded; another comes beside it.
        try FileManager.default.removeItem(at: first)
        try FileManager.default.copyItem(at: Self.fixture, to: first)
        try FileManager.default.copyItem(
            at: Self.fixture, to: URL(filePath: models.path).appending(path: "second"))
        daemon.send(SIGHUP)
        #expect(try await wait(for: daemon) { $0.models == ["first", "second"] })

        // It goes.
        try FileManager.default.removeItem(at: first)
        let shown = try await client.run("models", "reload", socket: daemon.socket)
        #expect(shown.status == 0 && shown.out.contains("removed: first"), "\(shown.error)")
        #expect(try await daemon.result(of: RPCMethods.status, NoParameters()).inboxModel == "second")
        #expect(try await daemon.stop() == 0)
    }

    @Test func whatAnOlderNetworkJudgedIsCountedAndDoneAgain() async throws {
        let models = try TemporaryFolder()
        let own = URL(filePath: models.path).appending(path: "own")
        try FileManager.default.copyItem(at: Self.fixture, to: own)
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        _ = try await daemon.document(of: RunningDaemon.demoPhoto)
        #expect(try await wait(for: daemon) { $0.photos.done == 1 && $0.judgedByOlderModel == nil })

        try FileManager.default.removeItem(at: own)
        try FileManager.default.copyItem(
            at: RunningDaemon.root.appending(path: "Tests/Fixtures/first-edition/petshop"), to: own)
        #expect(try await daemon.result(of: RPCMethods.reload, NoParameters()).loaded == ["own"])
        #expect(try await wait(for: daemon) { $0.judgedByOlderModel == 1 })
        let client = try Interpretctl()
        #expect(try await client.run("status", socket: daemon.socket).out.contains("1 photo, by another network"))
        let redo = try await client.run("redo", "--model", socket: daemon.socket)
        #expect(redo.out == "1 photo queued\n", "\(redo.error)")
        #expect(try await wait(for: daemon) { $0.photos.done == 1 && $0.judgedByOlderModel == nil })

        // So does the same network of whose maps less belongs to a box.
        let settings = own.appending(path: "interpret.json")
        var object = try JSONSerialization.jsonObject(with: Data(contentsOf: settings)) as? [String: Any] ?? [:]
        object["cam_threshold"] = 0.9
        try JSONSerialization.data(withJSONObject: object).write(to: settings)
        #expect(try await daemon.result(of: RPCMethods.reload, NoParameters()).loaded == ["own"])
        #expect(try await wait(for: daemon) { $0.judgedByOlderModel == 1 })
        #expect(try await client.run("redo", "--model", socket: daemon.socket).out == "1 photo queued\n")
        #expect(try await wait(for: daemon) { $0.photos.done == 1 && $0.judgedByOlderModel == nil })
        #expect(try await daemon.stop() == 0)
    }

    /// Each change of a folder would take memory for as long as anything is at work with the network before it.
    @Test func fewReplacedNetworksAreKept() async throws {
        let models = try TemporaryFolder()
        let own = URL(filePath: models.path).appending(path: "own")
        try FileManager.default.copyItem(
            at: RunningDaemon.root.appending(path: "Tests/Fixtures/first-edition/petshop"), to: own)
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        let question = ExplainParameters(
            source: .path(RunningDaemon.demoPhoto.path), method: "rise", parameters: ["samples": .number(1_000_000)])
        let parameters = try RPCMethods.explain.request(id: .number(1), question).params.description
        var askers: [SocketTestClient] = []
        for _ in 0..<2 {
            let asker = try SocketTestClient(path: daemon.socket, patience: 600)
            try await asker.request(RPCMethods.explain.name, id: 1, params: parameters)
            #expect(try await asker.line() != nil)  // progress
            askers.append(asker)
            try Data("[\(askers.count)]".utf8).write(to: own.appending(path: "another"))
            #expect(try await daemon.result(of: RPCMethods.reload, NoParameters()).loaded == ["own"])
        }
        // Two are at work, so there is no third, but what is not loaded anew does not wait.
        #expect(try await daemon.result(of: RPCMethods.reload, NoParameters()).loaded.isEmpty)
        let state = own.appending(path: "yet another")
        try Data("[3]".utf8).write(to: state)
        do {
            _ = try await daemon.result(of: RPCMethods.reload, NoParameters())
            Issue.record("a third network was loaded beside two that were replaced")
        } catch let error as RPCError {
            #expect(error.code == .busy && error.message.contains("replaced before"), "\(error)")
        }
        // The signal waits until one of them is done.
        daemon.send(SIGHUP)
        #expect(try await eventually { daemon.log.contains("the signal to read again waits") })
        func readings() -> Int { daemon.log.components(separatedBy: "the networks were read again").count - 1 }
        #expect(readings() == 3)
        askers.removeFirst()
        #expect(try await eventually { readings() == 4 })
        withExtendedLifetime(askers) {}
        #expect(try await daemon.stop() == 0)
    }

    @Test func whatCannotBeReadChangesNothing() async throws {
        let folder = try TemporaryFolder()
        let file = URL(filePath: folder.path).appending(path: "config.json")
        try Data(#"{"settle": 0.2}"#.utf8).write(to: file)
        let daemon = try await RunningDaemon(models: Self.fixture, arguments: ["--config", file.path])
        try Data(#"{"setle": 0.2}"#.utf8).write(to: file)
        do {
            _ = try await daemon.result(of: RPCMethods.reload, NoParameters())
            Issue.record("a misspelt setting was taken")
        } catch let error as RPCError {
            #expect(error.message.contains("setle"))
        }
        try Data(#"{"settle": 0.4}"#.utf8).write(to: file)
        let result = try await daemon.result(of: RPCMethods.reload, NoParameters())
        #expect(result.notices.contains { $0.contains("only at the next start: settle") })
        #expect(try await daemon.stop() == 0)
    }
}
