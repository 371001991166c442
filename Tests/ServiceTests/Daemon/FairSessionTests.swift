import Foundation
import Synchronization
import TestSupport
import Testing
import WireProtocol

/// Long questions beside photos and short questions. Skipped where the programs are not built beside the tests.
@Suite(.enabled(if: RunningDaemon.isBuilt), .serialized, .timeLimit(.minutes(30))) struct FairSessionTests {
    private static let rise = ExplainParameters(
        source: .path(RunningDaemon.demoPhoto.path), method: "rise", parameters: ["samples": .number(600)], raw: true)
    private static let occlusion = ExplainParameters(
        source: .path(RunningDaemon.demoPhoto.path), method: "occlusion",
        parameters: ["window": .number(16), "stride": .number(8)], raw: true)

    /// Two long questions on the inbox's own network: photos and short questions are answered before they end, and
    /// they end with the numbers that they have alone. Not with the bits: what a daemon answers at once it computes as the
    /// library would, and in the way that it has measured as soon as nobody waits.
    @Test func photosAndShortQuestionsComeBetween() async throws {
        let daemon = try await RunningDaemon()
        let (rise, occlusion) = (LongQuestion(Self.rise, daemon.socket), LongQuestion(Self.occlusion, daemon.socket))
        let alone = (try await rise.answer(), try await occlusion.answer())
        async let first = rise.answer()
        async let second = occlusion.answer()
        // Both have begun.
        try await Task.sleep(for: .milliseconds(300))
        let document = try await daemon.document(of: RunningDaemon.demoPhoto)
        let short = try await daemon.result(
            of: RPCMethods.explain, ExplainParameters(source: .path(RunningDaemon.demoPhoto.path), method: "gradient"))
        let status = try await daemon.result(of: RPCMethods.status, NoParameters())
        #expect(rise.isAnswering || occlusion.isAnswering)
        #expect(document.predictions.first?.label == "cat")
        #expect(short.classLabel == "cat")
        #expect(status.photos.done == 1)
        let together = (try await first, try await second)
        for (beside, alone) in [(together.0, alone.0), (together.1, alone.1)] {
            let (beside, alone) = (try #require(beside.map), try #require(alone.map))
            #expect(beside.shape == alone.shape)
            let error = NPYValues.relativeError(
                of: try NPYValues.read(beside.npy), to: try NPYValues.read(alone.npy))
            #expect(error < 1e-4)
        }
        #expect(try await daemon.stop() == 0)
    }
}

/// A question that takes the daemon a while, and whether it is at it.
private final class LongQuestion: Sendable {
    private let parameters: ExplainParameters
    private let socket: String
    private let answering = Mutex(false)

    init(_ parameters: ExplainParameters, _ socket: String) {
        self.parameters = parameters
        self.socket = socket
    }

    var isAnswering: Bool { answering.withLock { $0 } }

    func answer() async throws -> ExplainResult {
        answering.withLock { $0 = true }
        defer { answering.withLock { $0 = false } }
        let client = try SocketTestClient(path: socket, patience: 600)
        let request = try RPCMethods.explain.request(id: .number(1), parameters)
        try await client.request(RPCMethods.explain.name, id: 1, params: request.params.description)
        while let line = try await client.line() {
            if case .reply(let reply) = try ServerMessage(line: Data(line.utf8)) {
                return try reply.outcome.get().decoded(as: ExplainResult.self)
            }
        }
        throw RPCError(.internal, "the daemon closed the connection")
    }
}
