import Foundation
import Synchronization
import TestSupport
import Testing
import WireProtocol

/// Long questions beside photos and short questions. Skipped where the programs are not built beside the tests.
@Suite(.enabled(if: RunningDaemon.isBuilt), .serialized, .timeLimit(.minutes(5))) struct FairSessionTests {
    private static let rise = ExplainParameters(
        source: .path(RunningDaemon.demoPhoto.path), method: "rise", parameters: ["samples": .number(3000)], raw: true)
    private static let occlusion = ExplainParameters(
        source: .path(RunningDaemon.demoPhoto.path), method: "occlusion",
        parameters: ["window": .number(16), "stride": .number(3)], raw: true)

    /// Two long questions on the inbox's own network: photos and short questions are answered before they end, and
    /// they end with the bits that they have alone.
    @Test func photosAndShortQuestionsComeBetween() async throws {
        let daemon = try await RunningDaemon()
        let alone = try await (
            daemon.result(of: RPCMethods.explain, Self.rise), daemon.result(of: RPCMethods.explain, Self.occlusion)
        )
        let ended = Ended()
        async let first = daemon.result(of: RPCMethods.explain, Self.rise) { ended.count.withLock { $0 += 1 } }
        async let second = daemon.result(of: RPCMethods.explain, Self.occlusion) { ended.count.withLock { $0 += 1 } }
        // Both have begun.
        try await Task.sleep(for: .milliseconds(300))
        let document = try await daemon.document(of: RunningDaemon.demoPhoto)
        let short = try await daemon.result(
            of: RPCMethods.explain, ExplainParameters(source: .path(RunningDaemon.demoPhoto.path), method: "gradient"))
        let status = try await daemon.result(of: RPCMethods.status, NoParameters())
        #expect(ended.count.withLock { $0 } < 2)
        #expect(document.predictions.first?.label == "cat")
        #expect(short.classLabel == "cat")
        #expect(status.photos.done == 1)
        let together = try await (first, second)
        #expect(together.0.map == alone.0.map)
        #expect(together.1.map == alone.1.map)
        #expect(try await daemon.stop() == 0)
    }
}

/// How many of the long questions are answered.
private final class Ended: Sendable {
    let count = Mutex(0)
}

extension RunningDaemon {
    fileprivate func result<Parameters, Output>(
        of method: RPCMethod<Parameters, Output>, _ parameters: Parameters, whenThere: () -> Void
    ) async throws -> Output {
        let output = try await result(of: method, parameters)
        whenThere()
        return output
    }
}
