import Foundation
import Socket
import TestSupport
import Testing
import WireProtocol

/// `lesson`, `project` and `visualize` of the built client.
@Suite(.enabled(if: Interpretctl.isBuilt), .timeLimit(.minutes(30))) struct LookingInsideCommandTests {
    private let client: Interpretctl

    init() throws {
        client = try Interpretctl()
    }

    private func read(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: client.folder.path + "/" + name))
    }

    @Test func theLessonNeedsNoDaemon() async throws {
        let output = try await client.run("lesson", "deconvolution")
        #expect(output.status == 0 && output.error == "")
        #expect(output.out.contains("(12 − 4)/2 + 1 = 5"))
        let json = try await client.run("lesson", "deconvolution", "--filter=-1,0,0,0,1", "--stride", "3", "--json")
        #expect(json.out.contains(#""edgeFilter":[-1,0,0,0,1]"#))
    }

    @Test func aFilterThatDoesNotFitIsNamed() async throws {
        let output = try await client.run("lesson", "deconvolution", "--length", "1", "--padding", "0")
        #expect(output.status == 1)
        #expect(output.error.contains("does not fit"))
    }

    @Test(arguments: [
        ["lesson", "history"], ["lesson", "deconvolution", "--filter", "a"], ["project", "a.jpg"],
        ["project", "a.jpg", "--layer", "x", "--rule", "guided"], ["visualize"],
        ["visualize", "--class", "cat", "--all-classes"], ["visualize", "--layer", "x"],
        ["visualize", "--layer", "x", "--units", "3..1"], ["visualize", "--layer", "x", "--unit", "1", "--units", "2"],
        ["visualize", "--class", "cat", "--size", "big"], ["visualize", "--class", "cat", "--plain", "--regularized"],
        ["visualize", "--layer", "x", "--unit", "1", "--position", "3"],
        ["visualize", "--class", "cat", "--optimizer", "newton"],
    ])
    func wrongUsageIsExitCode2(arguments: [String]) async throws {
        let output = try await client.run(arguments)
        #expect(output.status == 2, "\(arguments)")
        #expect(output.error.split(separator: "\n").count == 1)
    }

    @Test(arguments: ["lesson", "project", "visualize"])
    func everyHelpHasExamples(command: String) async throws {
        let output = try await client.run(command, "--help")
        #expect(output.status == 0)
        #expect(output.out.contains("Examples:\n  interpretctl \(command)"))
    }

    @Test func projectWritesTheSheetAndEachUnitAndSaysThatTheRuleFails() async throws {
        try Data([0xFF, 0xD8]).write(to: URL(fileURLWithPath: client.folder.path + "/mine.jpg"))
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run(
                "project", "mine.jpg", "--layer", "/features/features.9/Relu", "--count", "2", "--out", "sheet.jpg",
                "--raw", "unit.npy", socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(output.out.contains("FAILS the randomization check of Adebayo et al. 2018"))
            #expect(try read("sheet.jpg") == FakeDaemon.sheet)
            #expect(try read("unit.1.npy") == FakeDaemon.npy(shape: [1, 1, 2], values: [0.5, 1]))
        }
    }

    @Test func visualizeWritesTheSheetAndTheTensor() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run(
                "visualize", "--class", "cat", "--out", "cat.jpg", "--raw", "cat.npy", socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            #expect(output.out.contains("cat") && output.out.contains("99.8 %"))
            #expect(try read("cat.jpg") == FakeDaemon.sheet)
            #expect(try read("cat.npy").prefix(6) == Data([0x93] + Array("NUMPY".utf8)))
        }
    }

    @Test func unitsAreARangeOrAList() async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            for (list, count) in [("0..15", 16), ("7", 1), ("1,5,9", 3)] {
                let output = try await client.run(
                    "visualize", "--layer", "x", "--units", list, "--json", socket: server.path)
                let result = try JSONDecoder().decode(VisualizeResult.self, from: Data(output.out.utf8))
                #expect(result.targets.count == count)
            }
        }
    }
}
