import Digests
import Foundation
import TestSupport
import Testing
import WireProtocol

/// Protocol.md against the code, so that neither changes alone.
@Suite(.timeLimit(.minutes(30))) struct ProtocolDocumentTests {
    private let text: String
    private let document: ProtocolExamples

    init() throws {
        text = try String(contentsOf: RunningDaemon.root.appending(path: "Protocol.md"), encoding: .utf8)
        document = try ProtocolExamples(markdown: text)
    }

    @Test func everyExampleHappensAsWritten() async throws {
        #expect(document.blocks.count > 15)
        try await SocketTestServer.with(FakeDaemon().handler) { server in
            for block in document.blocks where !block.isOnlyShown {
                let npy = FakeDaemon.npy(shape: [1], values: [0]).base64EncodedString()
                let mismatches = try await block.replay(over: server.client, replacing: ["‹cat.input.npy›": npy])
                #expect(mismatches == [], "\(block)")
            }
        }
    }

    @Test func examplesThatAreOnlyShownAreMessagesOfTheProtocol() throws {
        for block in document.blocks where block.isOnlyShown {
            var sent: [String: Data] = [:]
            for step in block.steps {
                switch step {
                case .send(let line):
                    _ = try Request(line: Data(line.utf8))
                case .expect(let line):
                    switch try ServerMessage(line: Data(line.utf8)) {
                    case .notification(let notification) where notification.method == "event":
                        #expect(try notification.params.decoded(as: Event.self).path != nil)
                    case .notification(let notification) where notification.method == "file":
                        let part = try notification.params.decoded(as: FilePart.self)
                        sent[part.name, default: Data()] += part.data
                        #expect(part.offset + part.data.count == sent[part.name]?.count)
                    case .notification(let notification):
                        #expect(notification.method == "progress")
                        #expect(try notification.params.decoded(as: ProgressNotification.self).fraction <= 1)
                    case .reply(let reply):
                        switch reply.outcome {
                        case .failure(let error): #expect(error.code?.number == error.number)
                        case .success(let result) where !sent.isEmpty:
                            let files = try result.decoded(as: ConvertResult.self).files
                            #expect(Set(files.map(\.name)) == Set(sent.keys))
                            for file in files {
                                let content = try #require(sent[file.name])
                                #expect(file.size == content.count && file.sha256 == SHA256.hexDigest(of: content))
                            }
                        case .success: break
                        }
                    }
                }
            }
        }
    }

    @Test func everyMethodHasItsSection() {
        for method in RPCMethods.all { #expect(text.contains("\n### `\(method.name)`\n"), "\(method.name)") }
    }

    @Test func everyErrorCodeIsInTheTable() {
        for code in ErrorCode.allCases {
            #expect(text.contains("| `\(code.rawValue)` | \(code.number) |"), "\(code.rawValue)")
        }
    }

    @Test func everyParameterOfExplainIsMentioned() {
        for name in ExplainParameters.memberNames { #expect(text.contains("| `\(name)` |"), "\(name)") }
    }
}

/// The comparison itself: one that accepts everything would make the replay worthless.
@Suite struct JSONPatternTests {
    @Test(arguments: [
        (#""…""#, #"{"a":1}"#, true), (#""a…c""#, #""abbc""#, true), (#""a…c""#, #""ab""#, false),
        (#""…b…""#, #""abc""#, true), (#""…x…""#, #""abc""#, false), (#""aa…aa""#, #""aaa""#, false),
        ("0.92", "0.9181593", true), ("0.92", "0.93", false), ("1", "1", true), ("1", "1.2", false),
        (#"{"a":1}"#, #"{"a":1,"b":2}"#, false), (#"{"a":1,"…":"…"}"#, #"{"a":1,"b":2}"#, true),
        (#"{"a":1,"…":"…"}"#, #"{"b":2}"#, false), (#"["…"]"#, "[]", true), (#"[1,"…"]"#, "[1,2,3]", true),
        (#"[1,"…"]"#, "[2]", false), ("[1]", "[1,2]", false), (#"["…","…","…"]"#, "[1,2]", true),
        ("null", "0", false), (#"{"a":"x"}"#, #"{"a":null}"#, false),
    ])
    func aPatternFitsWhatItSays(pattern: String, text: String, fits: Bool) throws {
        func value(_ text: String) throws -> JSONValue {
            try JSONText(validating: Data(text.utf8)).decoded(as: JSONValue.self)
        }
        #expect(try JSONPattern.mismatches(value(pattern), value(text)).isEmpty == fits)
    }

    @Test func aBlockWithAStrayLineIsRefused() {
        #expect(throws: ProtocolExamples.Failure.self) { try ProtocolExamples(markdown: "```jsonrpc\nhello\n```") }
        #expect(throws: ProtocolExamples.Failure.self) { try ProtocolExamples(markdown: "```jsonrpc\n→ {}\n") }
        #expect(throws: ProtocolExamples.Failure.self) { try ProtocolExamples(markdown: "```jsonrpc maybe\n→ {}\n```") }
    }
}
