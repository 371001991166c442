import Foundation
import TestSupport
import Testing
import WireProtocol

/// The daemon stops whatever it is at, long before that would be done, and dies of what is meant to kill it.
@Suite(.enabled(if: RunningDaemon.isBuilt), .serialized, .timeLimit(.minutes(30))) struct DaemonStopTests {
    @Test func aPhotoInHandAndALongRequestDoNotKeepIt() async throws {
        let daemon = try await RunningDaemon()
        let client = try SocketTestClient(path: daemon.socket, patience: 600)
        let question = ExplainParameters(
            source: .path(RunningDaemon.demoPhoto.path), method: "rise", parameters: ["samples": .number(100_000)])
        let request = try RPCMethods.explain.request(id: .number(1), question)
        try await client.request(RPCMethods.explain.name, id: 1, params: request.params.description)
        #expect(try await client.line() != nil)  // progress
        for index in 0..<20 {
            try FileManager.default.copyItem(
                at: RunningDaemon.demoPhoto, to: daemon.inbox.appending(path: "\(index).jpg"))
        }
        _ = try await daemon.sidecar(of: daemon.inbox.appending(path: "0.jpg"))
        // The question alone would take an hour. Ten seconds are what the daemon is documented to need, on a machine
        // of its own; how long that is among other tests says nothing.
        #expect(try await daemon.stop() == 0)
        // Nothing is half done: what has a document has its pictures.
        let names = Set(try FileManager.default.contentsOfDirectory(atPath: daemon.inbox.path))
        for index in 0..<20 where names.contains("\(index).jpg.boxes.json") {
            #expect(names.contains("\(index).jpg.overlay.jpg") && names.contains("\(index).jpg.saliency.jpg"))
        }
        #expect(!names.contains { $0.hasSuffix(".tmp") })
    }

    /// What systemd's watchdog sends ends it; Swift's backtracer lets a process live on that was sent a signal.
    @Test(arguments: [SIGABRT, SIGQUIT]) func theWatchdogsSignalEndsIt(signal: Int32) async throws {
        let daemon = try await RunningDaemon(
            models: RunningDaemon.root.appending(path: "Tests/Fixtures/models/multilabel"))
        daemon.send(signal)
        let end = try await daemon.end()
        #expect(end.isSignal && end.status == signal)
    }
}
