import Foundation

/// Bytes that can be read from any place on: in memory, or in a file, of which no more is in memory than is asked for.
enum ByteSource: Sendable {
    case memory(Data)
    case file(SourceFile)

    var count: Int {
        switch self {
        case .memory(let data): data.count
        case .file(let file): file.size
        }
    }

    /// The bytes in `range`, which lies within the source. Those in memory are not copied.
    ///
    /// - Throws: `ONNXError.unreadable`.
    func bytes(in range: Range<Int>) throws(ONNXError) -> Data {
        switch self {
        case .memory(let data):
            return data[data.startIndex + range.lowerBound..<data.startIndex + range.upperBound]
        case .file(let file):
            var data = Data(count: range.count)
            try data.change { (target) throws(ONNXError) in try file.read(at: range.lowerBound, into: target) }
            return data
        }
    }

    /// The bytes in these ranges, one behind the other.
    ///
    /// - Throws: `ONNXError.unreadable`.
    func bytes(in ranges: [Range<Int>]) throws(ONNXError) -> Data {
        var data = Data(capacity: ranges.reduce(0) { $0 + $1.count })
        for range in ranges { data.append(try bytes(in: range)) }
        return data
    }
}

/// Bytes that are left where they are until they are read.
struct PlacedBytes: Sendable {
    private let source: ByteSource
    private let range: Range<Int>

    init(_ source: ByteSource, _ range: Range<Int>) {
        self.source = source
        self.range = range
    }

    /// All of the source.
    init(_ source: ByteSource) { self.init(source, 0..<source.count) }

    var count: Int { range.count }

    /// The bytes in `part`, which is counted from the first of them.
    ///
    /// - Throws: `ONNXError.unreadable`.
    func bytes(in part: Range<Int>) throws(ONNXError) -> Data {
        try source.bytes(in: range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound)
    }

    /// Fills `target`, which is as large.
    ///
    /// - Throws: `ONNXError.unreadable`.
    func copy(to target: UnsafeMutableRawBufferPointer) throws(ONNXError) {
        switch source {
        case .memory(let data):
            data.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[range])) }
        case .file(let file): try file.read(at: range.lowerBound, into: target)
        }
    }

    /// Calls `body` with the bytes.
    func read<Value>(
        _ body: (UnsafeRawBufferPointer) throws(ONNXError) -> Value
    ) throws(ONNXError) -> Value {
        try bytes(in: 0..<count).withUnsafeBytes { bytes in Result { () throws(ONNXError) in try body(bytes) } }.get()
    }
}

extension Data {
    /// Calls `body` with the bytes, to be written.
    fileprivate mutating func change(
        _ body: (UnsafeMutableRawBufferPointer) throws(ONNXError) -> Void
    ) throws(ONNXError) {
        try withUnsafeMutableBytes { bytes in Result { () throws(ONNXError) in try body(bytes) } }.get()
    }
}
