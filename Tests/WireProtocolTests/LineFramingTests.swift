import Foundation
import Testing
import WireProtocol

@Suite struct LineFramingTests {
    /// All lines that are complete after these chunks.
    private func lines(of chunks: [[UInt8]], limit: Int = 64) throws -> [String] {
        var framing = LineFraming(limit: limit)
        var lines: [String] = []
        for chunk in chunks {
            framing.append(chunk)
            while let line = try framing.nextLine() { lines.append(String(decoding: line, as: UTF8.self)) }
        }
        return lines
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func oneChunkMayHoldManyLines() throws {
        #expect(try lines(of: [bytes("a\nbc\n\nd")]) == ["a", "bc", ""])
    }

    @Test func aLineMayArriveByteByByte() throws {
        let text = "{\"a\":1}\n{\"b\":2}\n"
        #expect(try lines(of: bytes(text).map { [$0] }) == ["{\"a\":1}", "{\"b\":2}"])
    }

    @Test func aCharacterSplitOverTwoChunksIsWholeAgain() throws {
        let text = bytes("für 😺\n")
        for cut in 0...text.count {
            #expect(try lines(of: [Array(text[..<cut]), Array(text[cut...])]) == ["für 😺"])
        }
    }

    @Test func aCarriageReturnBeforeTheLineFeedIsNoPartOfTheLine() throws {
        #expect(try lines(of: [bytes("a\r\n\r"), bytes("\nb\rc\n")]) == ["a", "", "b\rc"])
    }

    @Test(arguments: ["\n", "\r\n"])
    func aLineOfExactlyTheLimitIsTaken(end: String) throws {
        #expect(try lines(of: [bytes("12345678"), bytes(end)], limit: 8) == ["12345678"])
    }

    @Test func aLongerLineIsRefusedWithItsEnd() {
        #expect(throws: LineFramingError.lineTooLong(limit: 8)) { try lines(of: [bytes("123456789\n")], limit: 8) }
    }

    @Test func aLongerLineIsRefusedBeforeItsEndIsSeen() {
        #expect(throws: LineFramingError.lineTooLong(limit: 8)) { try lines(of: [bytes("1234567890")], limit: 8) }
    }

    @Test func linesBeforeALongOneAreStillDelivered() throws {
        var framing = LineFraming(limit: 4)
        framing.append(bytes("ok\n1234567"))
        #expect(try framing.nextLine() == Data("ok".utf8))
        #expect(throws: LineFramingError.self) { try framing.nextLine() }
        framing.append(bytes("\nlate\n"))
        #expect(throws: LineFramingError.self) { try framing.nextLine() }
    }
}
