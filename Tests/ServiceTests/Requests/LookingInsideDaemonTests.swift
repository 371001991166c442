import Foundation
import TestSupport
import Testing
import WireProtocol

/// `project` and `visualize` of the built daemon. Skipped where the programs are not built beside the tests.
@Suite(.enabled(if: RunningDaemon.isBuilt), .serialized, .timeLimit(.minutes(30))) struct LookingInsideDaemonTests {
    private static let layer = "/features/features.9/Relu"

    @Test func aLongAscentTellsHowFarItIsAndStopsWhenCancelled() async throws {
        let daemon = try await RunningDaemon()
        let client = try SocketTestClient(path: daemon.socket)
        try await client.request(
            "visualize", id: 1, params: #"{"classes":["cat"],"steps":10000,"height":32,"width":32}"#)
        guard case .notification(let notification) = try await client.message() else {
            Issue.record("no progress came first")
            return
        }
        #expect(try notification.params.decoded(as: ProgressNotification.self).message == "cat")
        // The session is free between two steps.
        let result = try await daemon.result(
            of: RPCMethods.project,
            ProjectParameters(source: .path(RunningDaemon.demoPhoto.path), layer: Self.layer, unit: 3, rule: .guided))
        #expect(result.units.map(\.unit) == [3] && result.rule == .guided)
        try await client.request("cancel", id: 2, params: #"{"id":1}"#)
        var failure: RPCError?
        while failure == nil {
            guard case .reply(let reply) = try await client.message() else { continue }
            if case .failure(let error) = reply.outcome { failure = error }
        }
        #expect(failure?.code == .cancelled)
    }

    @Test func aProjectionIsAPatchOfThePhotoAndFitsItsWindow() async throws {
        let daemon = try await RunningDaemon()
        let result = try await daemon.result(
            of: RPCMethods.project,
            ProjectParameters(
                source: .path(RunningDaemon.demoPhoto.path), layer: Self.layer, count: 4, raw: true, images: true))
        #expect(result.units.count == 4 && result.shape == [1, 128, 28, 28])
        #expect(result.image?.prefix(2) == Data([0xFF, 0xD8]))
        #expect(result.rule == .deconvnet)
        #expect(result.caveat.contains("FAILS the randomization check of Adebayo et al. 2018"))
        for unit in result.units {
            let box = try #require(unit.bbox)
            #expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= 451 && box.y + box.height <= 300)
            #expect(unit.reconstruction?.shape == [3, 224, 224])
        }
    }

    private static let nonsense = [
        #"{}"#, #"{"classes":["cat"],"layer":"logits"}"#, #"{"classes":["cat"],"steps":0}"#,
        #"{"classes":["cat"],"height":4}"#, #"{"classes":["cat"],"height":100000}"#, #"{"classes":["cat"],"seed":-1}"#,
        #"{"classes":["cat"],"rate":-1}"#, #"{"classes":["cat"],"starts":1000}"#, #"{"classes":[]}"#,
        #"{"classes":["cat"],"position":[1,1]}"#, #"{"classes":["cat"],"start":"AAAA"}"#,
        #"{"layer":"/features/features.9/Relu","units":[128]}"#, #"{"layer":"/features/features.9/Relu","units":[-1]}"#,
        #"{"layer":"/features/features.9/Relu","units":[1],"position":[28,0]}"#,
        #"{"layer":"/features/features.9/Relu","units":[1],"position":[1]}"#,
        #"{"layer":"/features/features.9/Relu","units":[1],"position":[1,1],"reading":"max"}"#,
        #"{"classes":["cat"],"reading":"median"}"#, #"{"layer":"nowhere","units":[1]}"#,
        #"{"classes":["cat"],"starts":16,"height":1024,"width":1024,"raw":true}"#,
    ]

    @Test func whatMakesNoSenseIsRefused() async throws {
        let daemon = try await RunningDaemon()
        let client = try SocketTestClient(path: daemon.socket)
        for (id, parameters) in Self.nonsense.enumerated() {
            try await client.request("visualize", id: id, params: parameters)
            let error = try await client.error()
            #expect([.invalidParameters, .badParameter, .noSuchLayer].contains(error.code), "\(parameters): \(error)")
        }
    }

    @Test func whatAFailingMethodExplainsCarriesAWarning() async throws {
        let daemon = try await RunningDaemon()
        for (method, warns) in [("deconvnet", true), ("guided-backprop", true), ("gradient", false)] {
            let result = try await daemon.result(
                of: RPCMethods.explain,
                ExplainParameters(source: .path(RunningDaemon.demoPhoto.path), method: method))
            #expect(result.warnings.contains { $0.contains("FAILS the randomization check") } == warns)
        }
    }
}
