import Foundation

/// Walks over the fields of a protobuf message and says where each lies, without reading what it holds: a network's
/// weights are most of its file, and whoever only moves them need not read them.
///
/// https://protobuf.dev/programming-guides/encoding/
struct MessageFields {
    struct Field {
        let number: Int
        /// The whole field, its key included.
        let range: Range<Int>
        /// What a field with a length holds; nil for plain numbers.
        let content: Range<Int>?
        /// The value of a varint, 0 otherwise.
        let integer: UInt64
    }

    /// Of a file so many bytes are read at once.
    private static let readAhead = 1 << 12

    private let source: ByteSource
    private var position: Int
    private let end: Int
    /// What was read ahead, and where in the source it begins.
    private var window = Data()
    private var windowStart = 0

    /// - Parameter range: where the message lies in `source`.
    init(_ source: ByteSource, _ range: Range<Int>) {
        self.source = source
        position = range.lowerBound
        end = range.upperBound
    }

    /// - Returns: nil at the end of the message.
    /// - Throws: `ONNXError.malformed`.
    mutating func next() throws(ONNXError) -> Field? {
        guard position < end else { return nil }
        let start = position
        let key = try varint()
        guard let number = Int(exactly: key >> 3), number > 0 else { throw broken }
        switch key & 7 {
        case 0:
            let integer = try varint()
            return Field(number: number, range: start..<position, content: nil, integer: integer)
        case 1: return try fixed(8, number, from: start)
        case 5: return try fixed(4, number, from: start)
        case 2:
            guard let length = Int(exactly: try varint()), length <= end - position else { throw broken }
            let content = position..<position + length
            position += length
            return Field(number: number, range: start..<position, content: content, integer: 0)
        // Groups, which ONNX never had.
        default: throw broken
        }
    }

    private mutating func fixed(_ width: Int, _ number: Int, from start: Int) throws(ONNXError) -> Field {
        guard width <= end - position else { throw broken }
        position += width
        return Field(number: number, range: start..<position, content: nil, integer: 0)
    }

    private mutating func varint() throws(ONNXError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard position < end else { throw broken }
            let byte = try nextByte()
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw broken
    }

    private mutating func nextByte() throws(ONNXError) -> UInt8 {
        if !(windowStart..<windowStart + window.count).contains(position) {
            windowStart = position
            window = try source.bytes(in: position..<min(position + Self.readAhead, end))
        }
        defer { position += 1 }
        return window[window.startIndex + position - windowStart]
    }

    private var broken: ONNXError { .malformed("a field at byte \(position) is cut off or of an unknown kind") }

    /// The key of a field with a length, and that length.
    static func header(_ number: Int, length: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for value in [UInt64(number << 3 | 2), UInt64(length)] {
            var rest = value
            while rest > 0x7f {
                bytes.append(UInt8(rest & 0x7f | 0x80))
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        return bytes
    }
}

extension [Range<Int>] {
    /// Appends a range that lies behind the others; to the last of them where it lies next to it.
    mutating func extend(by range: Range<Int>) {
        if let last, last.upperBound == range.lowerBound {
            self[endIndex - 1] = last.lowerBound..<range.upperBound
        } else {
            append(range)
        }
    }
}
