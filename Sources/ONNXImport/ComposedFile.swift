public import Foundation
import Glibc
import Tensors

/// The contents of a file that is not written yet, put together from bytes in memory and ranges of other files. The
/// latter are read when they are asked for, so that a network of any size takes next to no memory.
public struct ComposedFile: Sendable {
    private enum Piece {
        case bytes(Data)
        case range(SourceFile, offset: Int, count: Int)

        var count: Int {
            switch self {
            case .bytes(let data): data.count
            case .range(_, _, let count): count
            }
        }
    }

    /// In bytes.
    public private(set) var size = 0
    private var pieces: [Piece] = []
    /// Where each piece begins.
    private var starts: [Int] = []

    init() {}

    public init(_ data: Data) { append(data) }

    mutating func append(_ data: some DataProtocol) { append(.bytes(Data(data))) }

    mutating func append(_ range: Range<Int>, of file: SourceFile) {
        append(.range(file, offset: range.lowerBound, count: range.count))
    }

    mutating func append(_ other: ComposedFile) {
        for piece in other.pieces { append(piece) }
    }

    private mutating func append(_ piece: Piece) {
        guard piece.count > 0 else { return }
        starts.append(size)
        pieces.append(piece)
        size += piece.count
    }

    /// The bytes in `range`, which lies within the file.
    ///
    /// - Throws: `ONNXError.unreadable` where one of the other files cannot be read or has become shorter.
    public func bytes(in range: Range<Int>) throws(ONNXError) -> Data {
        precondition(range.lowerBound >= 0 && range.upperBound <= size, "outside of the file")
        var result = Data(capacity: range.count)
        var index = (starts.partitioningIndex { $0 > range.lowerBound }) - 1
        while result.count < range.count {
            let piece = pieces[index]
            let from = range.lowerBound + result.count - starts[index]
            let count = min(piece.count - from, range.count - result.count)
            switch piece {
            case .bytes(let data): result.append(data[data.startIndex + from..<data.startIndex + from + count])
            case .range(let file, let offset, _): try file.read(count, at: offset + from, into: &result)
            }
            index += 1
        }
        return result
    }
}

extension [Int] {
    /// The first index from which on `isBehind` holds, in an array that it splits in two.
    fileprivate func partitioningIndex(_ isBehind: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// A file held open: it stays the same one even where another takes its name.
final class SourceFile: Sendable {
    let size: Int
    private let path: String
    private let descriptor: CInt

    /// - Throws: `ONNXError.unreadable`.
    init(_ url: URL) throws(ONNXError) {
        path = url.path
        // Non-blocking: opening a FIFO must not wait for a writer.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable("\(path): \(String(cString: strerror(errno)))") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .unreadable("\(path): it is no regular file")
        }
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Appends `count` bytes from `offset` on to `data`. Not through a mapping: where somebody cuts the file short, a
    /// mapping ends the process.
    func read(_ count: Int, at offset: Int, into data: inout Data) throws(ONNXError) {
        let start = data.count
        data.count += count
        let failure = data.withUnsafeMutableBytes { bytes -> String? in
            var done = 0
            while done < count {
                let read = pread(descriptor, bytes.baseAddress! + start + done, count - done, off_t(offset + done))
                if read == 0 { return "it has become shorter" }
                if read > 0 { done += read } else if errno != EINTR { return String(cString: strerror(errno)) }
            }
            return nil
        }
        if let failure { throw .unreadable("\(path): \(failure)") }
    }

    /// Calls `body` with the whole file, which the system reads as it is looked at.
    func withMapping<Value>(
        _ body: (UnsafeRawBufferPointer) throws(ONNXError) -> Value
    ) throws(ONNXError) -> Value {
        guard let mapping = FileMapping(descriptor, count: size) else {
            throw .unreadable("\(path): \(String(cString: strerror(errno)))")
        }
        defer { extendLifetime(mapping) }
        return try body(mapping.bytes)
    }
}
