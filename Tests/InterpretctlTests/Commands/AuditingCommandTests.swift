import Foundation
import TestSupport
import Testing
import WireProtocol

/// `audit` of the built client.
@Suite(.enabled(if: Interpretctl.isBuilt), .timeLimit(.minutes(2))) struct AuditingCommandTests {
    private let client: Interpretctl

    init() throws {
        client = try Interpretctl()
    }

    @Test func waysAreATableAndTheSheetIsWritten() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let sheet = client.folder.path + "/sheet.jpg"
            let output = try await client.run("audit", "--output", sheet, socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(output.out.contains("1  cat         1  100.0 %  nothing that was looked for"), "\(output.out)")
            #expect(output.out.contains("1 photo of petshop") && output.out.contains("as in /srv/inbox/cat.jpg"))
            #expect(try Data(contentsOf: URL(filePath: sheet)) == FakeDaemon.overlay)
            let json = try await client.run("audit", "--members", "--json", socket: server.path)
            let result = try WireCoding.decoder().decode(AuditResult.self, from: Data(json.out.utf8))
            #expect(result.ways.first?.members?.map(\.photo) == ["/srv/inbox/cat.jpg"])
        }
    }

    @Test func withoutPhotosItSaysWhatToDo() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run("audit", "--since", "2999-01-01", socket: server.path)
            #expect(output.status == 0 && output.out.contains("put photos into the inbox"))
        }
    }

    @Test(arguments: [["--since", "yesterday"], ["--members"]]) func whatIsNoUseIsRefused(arguments: [String])
        async throws
    {
        let output = try await client.run(["audit"] + arguments)
        #expect(output.status == 2 && output.error.contains("audit --help"))
    }
}
