import Foundation
import TestSupport
import Testing
import WireProtocol

/// `explain --animal`: what goes over the wire, and what does not.
@Suite(.enabled(if: Interpretctl.isBuilt), .timeLimit(.minutes(30))) struct AnimalOptionTests {
    private let client: Interpretctl

    init() throws {
        client = try Interpretctl()
        try write(Data([0xFF, 0xD8]), to: "cat.jpg")
    }

    private func write(_ data: Data, to name: String) throws {
        try data.write(to: URL(fileURLWithPath: client.folder.path + "/" + name))
    }

    /// Asks with these arguments, and looks at the animal that comes back.
    private func expect(
        _ arguments: [String], _ check: @Sendable (Sidecar.Verdict.Animal?) -> Bool
    ) async throws {
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run(["explain", "cat.jpg", "--json"] + arguments, socket: server.path)
            #expect(output.status == 0, "\(output.error)")
            let result = try JSONText(validating: Data(output.out.utf8)).decoded(as: ExplainResult.self)
            #expect(check(result.sidecar.verdict?.animal), "\(arguments)")
        }
    }

    @Test func aBoxIsSentInPixels() async throws {
        try await expect(["--animal", "86,40,210.5,190"]) { animal in
            animal?.source == "person" && animal?.bbox == BoundingBox(x: 86, y: 40, width: 210.5, height: 190)
        }
        try await expect([]) { $0?.source == "network" }
    }

    @Test func masksAreSentAsTheyAre() async throws {
        try write(Data(#"{"size":[300,451],"counts":[0,135300]}"#.utf8), to: "mask.json")
        try write(Data([0xFF, 0xD8, 1]), to: "mask.jpg")
        for file in ["mask.json", "mask.jpg"] { try await expect(["--animal", file]) { $0?.source == "person" } }
    }

    @Test(arguments: [
        ("1,2,3", "x,y,width,height"), ("1,2,3,four", "x,y,width,height"), ("1,2,3,4,5", "x,y,width,height"),
        ("nan,2,3,4", "x,y,width,height"), ("nowhere.jpg", "no such file"), ("broken.json", "counts"),
    ])
    func whatIsNoAnimalIsSaidBeforeAnybodyIsAsked(text: String, words: String) async throws {
        try write(Data("{}".utf8), to: "broken.json")
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            let output = try await client.run(["explain", "cat.jpg", "--animal", text], socket: server.path)
            #expect(output.status == 1 && output.error.contains(words), "\(output.error)")
            #expect(output.error.split(separator: "\n").count == 1)
        }
    }
}
