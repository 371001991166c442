import Foundation
import Testing
import WireProtocol

@Suite struct RequestTests {
    private func request(_ line: String) throws -> Request { try Request(line: Data(line.utf8)) }

    /// The answer to a line that is no request.
    private func refusal(_ line: String) -> MalformedRequest? {
        do {
            _ = try request(line)
            return nil
        } catch {
            return error as? MalformedRequest
        }
    }

    @Test(arguments: [
        ("1", RequestID.integer(1)), ("-7", .integer(-7)), ("9007199254740993", .integer(9_007_199_254_740_993)),
        ("1.5", .number(1.5)), ("\"a\\u00e4\"", .string("aä")), ("null", .null), ("1.0", .integer(1)),
        ("1e2", .integer(100)), ("12345678901234567890", .number(12_345_678_901_234_567_168)),
        ("0.1000", .number(0.1)), (#""\/""#, .string("/")),
    ])
    func anIDReturnsByteForByte(text: String, value: RequestID) throws {
        let request = try request(#"{"jsonrpc":"2.0","id": \#(text) ,"method":"status"}"#)
        let id = try #require(request.id)
        #expect(id.value == value)
        let answer = try Reply(id: id, outcome: .success(.emptyObject)).line()
        #expect(String(decoding: answer, as: UTF8.self) == #"{"jsonrpc":"2.0","id":\#(text),"result":{}}"# + "\n")
    }

    @Test func aRequestWithoutAnIDIsANotification() throws {
        #expect(try request(#"{"jsonrpc":"2.0","method":"unwatch"}"#).id == nil)
    }

    @Test func parametersAreKeptByteForByte() throws {
        let request = try request(#"{"jsonrpc":"2.0","params": {"b" :1.50,"a":"\u0041"} ,"id":1,"method":"x"}"#)
        #expect(request.params.description == #"{"b" :1.50,"a":"\u0041"}"#)
    }

    @Test func anEscapedMemberNameIsTheSameMember() throws {
        #expect(try request(#"{"jsonrpc":"2.0","\u006dethod":"status","id":1}"#).method == "status")
    }

    @Test(arguments: [
        "", "hello", "{", "{\"a\":}", "{\"a\":1,}", "{\"a\":01}", "{\"a\":1e}", "{\"a\":tru}", "{'a':1}",
        "{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\u{1}\"}", "{\"a\":1} x", "[1", "\"", "-", "{\"a\"",
    ])
    func garbageIsAParseError(line: String) {
        #expect(refusal(line)?.error.number == -32700)
        #expect(refusal(line)?.id == .null)
    }

    @Test func bytesThatAreNotUTF8AreAParseError() {
        #expect(throws: MalformedRequest.self) { try Request(line: Data([0x22, 0xC3, 0x22])) }
    }

    @Test func nestingIsBounded() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(refusal(deep)?.error.message.contains("nested deeper than 128") == true)
    }

    @Test(arguments: [
        (#"[{"jsonrpc":"2.0","id":1,"method":"status"}]"#, RequestID.null, "batches are not served"),
        ("7", .null, "a request is an object"),
        (#"{"id":1,"method":"status"}"#, .integer(1), "jsonrpc"),
        (#"{"jsonrpc":"1.0","id":1,"method":"status"}"#, .integer(1), "jsonrpc"),
        (#"{"jsonrpc":"2.0","id":"x"}"#, .string("x"), "method"),
        (#"{"jsonrpc":"2.0","id":1,"method":3}"#, .integer(1), "method"),
        (#"{"jsonrpc":"2.0","id":{},"method":"status"}"#, .null, "'id'"),
        (#"{"jsonrpc":"2.0","id":true,"method":"status"}"#, .null, "'id'"),
        (#"{"jsonrpc":"2.0","id":1,"method":"status","params":3}"#, .integer(1), "'params'"),
    ])
    func aLineThatIsNoRequestIsRefusedUnderItsOwnID(line: String, id: RequestID, reason: String) {
        let refusal = refusal(line)
        #expect(refusal?.error.code == .invalidRequest)
        #expect(refusal?.id == id)
        #expect(refusal?.error.message.contains(reason) == true)
    }

    @Test func parametersByPositionAreRefused() {
        #expect(refusal(#"{"jsonrpc":"2.0","id":1,"method":"run","params":[1]}"#)?.error.code == .invalidParameters)
    }

    @Test func aRequestSurvivesTheRoundTrip() throws {
        let sent = try RPCMethods.photos.request(id: 4, PhotosParameters(state: .failed, limit: 3))
        var line = try sent.line()
        #expect(line.popLast() == UInt8(ascii: "\n"))
        #expect(try Request(line: line) == sent)
    }
}

@Suite struct ParametersTests {
    private func error(_ params: String) -> RPCError? {
        do {
            let request = Request(id: 1, method: "photos", params: try JSONText(validating: Data(params.utf8)))
            _ = try RPCMethods.photos.parameters(of: request)
            return nil
        } catch {
            return error as? RPCError
        }
    }

    @Test func aMisspeltMemberIsNamedTogetherWithWhatTheMethodTakes() {
        #expect(
            error(#"{"stat":"done"}"#)?.message
                == "photos: unknown parameter 'stat'; it takes doubtful, folder, label, limit, "
                + "maxProbability, minProbability, offset, order, since, state, until, verdict, words")
    }

    @Test func aMemberOfTheWrongKindIsNamedWithWhatItShouldBe() {
        #expect(error(#"{"limit":"three"}"#)?.message == "photos: 'limit' should be a whole number")
        #expect(error(#"{"limit":"three"}"#)?.number == -32602)
    }

    @Test func aWordThatIsNoStateIsRefused() {
        #expect(error(#"{"state":"lost"}"#)?.code == .invalidParameters)
    }

    @Test func aMissingMemberIsNamed() throws {
        let request = Request(id: 1, method: "cancel")
        #expect(throws: RPCError(.invalidParameters, "cancel: 'id' is missing")) {
            try RPCMethods.cancel.parameters(of: request)
        }
    }
}
