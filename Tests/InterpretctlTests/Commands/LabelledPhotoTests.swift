import Foundation
import TestSupport
import Testing
import WireProtocol

/// Photos that people have answered about, as labelled photos of `evaluate`, `calibrate` and `convert`.
@Suite(.enabled(if: Interpretctl.isBuilt), .serialized, .timeLimit(.minutes(30))) struct LabelledPhotoTests {
    private let client: Interpretctl

    init() throws {
        client = try Interpretctl()
    }

    @Test(arguments: [
        ["evaluate"], ["evaluate", "--corrections", "--photos", "pets"],
        ["evaluate", "--corrections", "--truth", "a.json"],
        ["calibrate", "petshop"], ["convert", "petshop", "--output", "mine"],
    ])
    func photosOrCorrectionsAreNeeded(arguments: [String]) async throws {
        let output = try await client.run(arguments)
        #expect(output.status == 2 && output.error.contains("--corrections"), "\(output.error)")
    }

    @Test func whatPeopleHaveAnsweredIsEvaluated() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let evaluated = try await client.run("evaluate", "--corrections", "--json", socket: server.path)
            #expect(evaluated.status == 0, "\(evaluated.error)")
            let figures = try WireCoding.decoder().decode(EvaluateResult.self, from: Data(evaluated.out.utf8))
            #expect(figures.photos == 1)
            let converted = try await client.run(
                "convert", "petshop", "--corrections", "--output", "mine", socket: server.path)
            #expect(converted.status == 0 && converted.out.contains("wrote mine"), "\(converted.error)")
        }
    }

    @Test func aReportShowsWhatIsInPhotosAndNeedsTheRightToExplain() {
        #expect(RPCMethods.right(of: "report") == .explain)
    }
}
