import Foundation

/// Where a text stops being JSON, and why.
public struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    /// Bytes before the place.
    public let offset: Int
    public let reason: String

    public var description: String { "not JSON at byte \(offset): \(reason)" }
}

/// One pass over a JSON text (RFC 8259) that checks its grammar and notes where the members of the outermost object
/// lie, so that `params` and `result`, which may be megabytes of base64, are decoded once and passed on unchanged.
///
/// The scanner lives inside one `withUnsafeBytes` and leaves an `Outline`; every read is checked against the end.
struct JSONScanner {
    /// What a text is made of, as offsets into it.
    struct Outline {
        struct Member {
            let name: Range<Int>
            let value: Range<Int>
        }

        /// Members of the outermost object, in order.
        var members: [Member] = []
        /// Whether there are line ends; they can only be white space between tokens.
        var hasLineEnds = false
    }

    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

    private var outline = Outline()
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// Reads one value and whatever white space surrounds it, to the end of the text.
    static func outline(of bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) -> Outline {
        var scanner = JSONScanner(bytes: bytes)
        scanner.skipSpace()
        try scanner.scanValue(depth: 0)
        scanner.skipSpace()
        guard scanner.position == bytes.count else { throw scanner.failure("something follows the value") }
        return scanner.outline
    }

    private init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    private mutating func scanValue(depth: Int) throws(JSONSyntaxError) {
        guard depth < WireLimits.nestingDepth else {
            throw failure("nested deeper than \(WireLimits.nestingDepth) levels")
        }
        switch peek() {
        case UInt8(ascii: "{"): try scanObject(depth: depth)
        case UInt8(ascii: "["): try scanArray(depth: depth)
        case UInt8(ascii: "\""): try scanString()
        case UInt8(ascii: "t"): try scanWord("true")
        case UInt8(ascii: "f"): try scanWord("false")
        case UInt8(ascii: "n"): try scanWord("null")
        case UInt8(ascii: "-")?: try scanNumber()
        case let digit? where JSONScanner.digits.contains(digit): try scanNumber()
        case nil: throw failure("the text ends where a value should stand")
        default: throw failure("no value begins like this")
        }
    }

    private mutating func scanObject(depth: Int) throws(JSONSyntaxError) {
        position += 1
        skipSpace()
        if accept(UInt8(ascii: "}")) { return }
        repeat {
            skipSpace()
            let nameStart = position
            guard peek() == UInt8(ascii: "\"") else { throw failure("a member's name in quotes is missing") }
            try scanString()
            let name = nameStart..<position
            skipSpace()
            guard accept(UInt8(ascii: ":")) else { throw failure("':' is missing after a member's name") }
            skipSpace()
            let valueStart = position
            try scanValue(depth: depth + 1)
            if depth == 0 { outline.members.append(.init(name: name, value: valueStart..<position)) }
            skipSpace()
        } while accept(UInt8(ascii: ","))
        guard accept(UInt8(ascii: "}")) else { throw failure("'}' or ',' is missing") }
    }

    private mutating func scanArray(depth: Int) throws(JSONSyntaxError) {
        position += 1
        skipSpace()
        if accept(UInt8(ascii: "]")) { return }
        repeat {
            skipSpace()
            try scanValue(depth: depth + 1)
            skipSpace()
        } while accept(UInt8(ascii: ","))
        guard accept(UInt8(ascii: "]")) else { throw failure("']' or ',' is missing") }
    }

    private mutating func scanString() throws(JSONSyntaxError) {
        position += 1
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"):
                position += 1
                try scanEscape()
            case 0..<0x20:
                throw failure("a control character in a string must be escaped")
            default:
                position += 1
            }
        }
        throw failure("the text ends inside a string")
    }

    private mutating func scanEscape() throws(JSONSyntaxError) {
        switch peek() {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard let digit = peek(), Character(Unicode.Scalar(digit)).isHexDigit else {
                    throw failure("\\u needs four hexadecimal digits")
                }
                position += 1
            }
        default:
            throw failure("unknown escape")
        }
    }

    private mutating func scanNumber() throws(JSONSyntaxError) {
        _ = accept(UInt8(ascii: "-"))
        if !accept(UInt8(ascii: "0")) { try scanDigits() }
        if accept(UInt8(ascii: ".")) { try scanDigits() }
        if accept(UInt8(ascii: "e")) || accept(UInt8(ascii: "E")) {
            if !accept(UInt8(ascii: "+")) { _ = accept(UInt8(ascii: "-")) }
            try scanDigits()
        }
    }

    private mutating func scanDigits() throws(JSONSyntaxError) {
        let start = position
        while let byte = peek(), JSONScanner.digits.contains(byte) { position += 1 }
        guard position > start else { throw failure("a digit is missing") }
    }

    private mutating func scanWord(_ word: StaticString) throws(JSONSyntaxError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard accept(word.utf8Start[index]) else { throw failure("no value begins like this") }
        }
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
            if byte == 0x0A || byte == 0x0D { outline.hasLineEnds = true }
            position += 1
        }
    }

    private func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    private func failure(_ reason: String) -> JSONSyntaxError {
        JSONSyntaxError(offset: position, reason: reason)
    }
}
