import Foundation
import TestSupport
import Testing
import WireProtocol

/// The method parameters that the built daemon tells, takes and refuses.
@Suite(.enabled(if: RunningDaemon.isBuilt), .timeLimit(.minutes(30))) struct MethodParameterDaemonTests {
    @Test func theParametersThatTheProtocolShowsAreThoseThatTheDaemonSends() async throws {
        let text = try String(contentsOf: RunningDaemon.root.appending(path: "Protocol.md"), encoding: .utf8)
        let block = try #require(
            try ProtocolExamples(markdown: text).blocks.first { block in
                block.isOnlyShown && block.steps.contains { "\($0)".contains("whole-number") }
            })
        let line = try #require(
            block.steps.compactMap { step in
                if case .expect(let line) = step { line } else { nil }
            }.first)
        let shown = try JSONText(validating: Data(line.utf8)).decoded(as: JSONValue.self).member("result")
        let daemon = try await RunningDaemon()
        let client = try SocketTestClient(path: daemon.socket)
        try await client.request("methods", id: 1)
        let sent = try JSONText(validating: Data(try await client.result().utf8)).decoded(as: JSONValue.self)
        let methods = named(shown)
        #expect(!methods.isEmpty)
        for (name, method) in methods {
            let parameters = named(method.member("parameters"))
            #expect(!parameters.isEmpty)
            let known = named(named(sent)[name]?.member("parameters"))
            for (name, parameter) in parameters {
                #expect(JSONPattern.mismatches(parameter, try #require(known[name])) == [])
            }
        }
    }

    /// The elements of an array that have a name.
    private func named(_ value: JSONValue?) -> [String: JSONValue] {
        guard case .array(let elements)? = value else { return [:] }
        let pairs = elements.compactMap { element in element.member("name")?.stringValue.map { ($0, element) } }
        return Dictionary(pairs) { first, _ in first }
    }

    @Test func anObjectIsCutOutByTheMapThatIsAskedFor() async throws {
        let daemon = try await RunningDaemon()
        let client = try Interpretctl()
        func segment(_ method: String...) async throws -> SegmentResult {
            let output = try await client.run(
                ["segment", RunningDaemon.demoPhoto.path, "--json"] + method, socket: daemon.socket)
            return try WireCoding.decoder().decode(SegmentResult.self, from: Data(output.out.utf8))
        }
        let (usual, cam, gradient) = (
            try await segment(), try await segment("--method", "cam"), try await segment("--method", "gradient")
        )
        #expect(usual.method == "cam" && usual.mask == cam.mask && (0.01...0.98).contains(usual.area))
        #expect(gradient.method == "gradient" && gradient.mask != cam.mask)
        let unknown = try await client.run(
            "segment", RunningDaemon.demoPhoto.path, "--method", "magic", socket: daemon.socket)
        #expect(unknown.status == 1 && unknown.error.contains("magic"), "\(unknown.error)")
        #expect(try await daemon.stop() == 0)
    }

    @Test func aStrangerIsRefusedWithAndWithoutAMethod() async throws {
        let daemon = try await RunningDaemon()
        let client = try Interpretctl()
        let photo = RunningDaemon.demoPhoto.path
        let output = try await client.run(
            "explain", photo, "--method", "rise", "--clas", "dog", "--samples", "3", socket: daemon.socket)
        #expect(output.status == 1)
        #expect(
            output.error
                == "interpretctl: rise has no parameter 'clas'; it knows samples, steps, cells, keep, seed\n")
        let direct = try SocketTestClient(path: daemon.socket)
        try await direct.send(
            #"{"jsonrpc":"2.0","id":1,"method":"explain","params":{"photo":"\#(photo)","parameters":{"clas":"dog"}}}"#
                + "\n")
        let answer = try #require(try await direct.line())
        #expect(answer.contains("bad-parameter") && answer.contains("clas"))
        let fine = try await client.run(
            "explain", photo, "--window", "64", "--stride=64", "--method", "occlusion", socket: daemon.socket)
        #expect(fine.status == 0, "\(fine.error)")
    }
}
