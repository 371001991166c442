import Foundation
import TestSupport
import Testing
import WireProtocol

/// `audit`, `neighbours`, `concept` and `compare` of the built client.
@Suite(.enabled(if: Interpretctl.isBuilt), .timeLimit(.minutes(30))) struct AuditingCommandTests {
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

    @Test func neighboursAndSharesAreTables() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let photo = client.folder.path + "/cat.jpg"
            try FakeDaemon.overlay.write(to: URL(filePath: photo))
            let sheet = client.folder.path + "/sheet.jpg"
            let output = try await client.run(
                "neighbours", photo, "--labelled", "/srv/labelled", "--output", sheet, socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(output.out.contains("petshop calls it cat, 91.8 %") && output.out.contains("kitten.jpg"))
            #expect(output.out.contains("away from it    -0.5000  dog"), "\(output.out)")
            #expect(output.out.contains("it calls 39 of 40 as the network's own layer does"))
            #expect(try Data(contentsOf: URL(filePath: sheet)) == FakeDaemon.overlay)
        }
    }

    @Test func mapsAndPairsAreTables() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let photo = client.folder.path + "/cat.jpg"
            try FakeDaemon.overlay.write(to: URL(filePath: photo))
            let output = try await client.run(
                "compare", photo, "--method", "cam", "--method", "rise", socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(
                output.out.contains("2  petshop  rise") && output.out.contains("1, 2              0.25            –"),
                "\(output.out)")
        }
    }

    @Test func aConceptsTestIsSaidInWords() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run(
                "concept", "--photos", "stripes", "--against", "random", "--class", "cat", "--layer", "L",
                socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(output.out.contains("cat in L: 50 photos of the class, 2 runs with 20 photos each"))
            #expect(output.out.contains("the concept") && output.out.contains("88.0 %"))
            #expect(output.out.contains("the difference may be chance (p = 0.06, two-sided t-test)"))
        }
    }

    @Test(arguments: [
        ["--since", "someday"], ["--members"],
    ]) func anAuditThatCannotBeIsRefused(arguments: [String]) async throws {
        let output = try await client.run(["audit"] + arguments)
        #expect(output.status == 2 && output.error.contains("audit --help"))
    }

    @Test(arguments: [
        ["compare", "a.jpg", "--method", "cam"], ["neighbours", "a.jpg", "-k", "0"],
        ["neighbours", "a.jpg", "--penalty", "1"], ["concept", "--photos", "a", "--against", "b", "--layer", "L"],
        ["concept", "--photos", "a", "--against", "b", "--layer", "L", "--class", "cat", "--runs", "1"],
    ]) func whatIsMissingIsSaid(arguments: [String]) async throws {
        let output = try await client.run(arguments)
        #expect(output.status == 2 && output.error.contains("--help"))
    }
}
