public import Foundation

/// The contents of a file that is not written yet, put together from bytes in memory and ranges of other files. The
/// latter are read when they are asked for, so that a network of any size takes next to no memory.
public struct ComposedFile: Sendable {
    /// In bytes.
    public private(set) var size = 0
    private var pieces: [PlacedBytes] = []
    /// Where each piece begins.
    private var starts: [Int] = []

    init() {}

    public init(_ data: Data) { append(data) }

    mutating func append(_ data: some DataProtocol) { append(PlacedBytes(.memory(Data(data)))) }

    mutating func append(_ other: ComposedFile) {
        for piece in other.pieces { append(piece) }
    }

    mutating func append(_ piece: PlacedBytes) {
        guard piece.count > 0 else { return }
        starts.append(size)
        pieces.append(piece)
        size += piece.count
    }

    /// The bytes in `range`, which lies within the file.
    ///
    /// - Throws: `ONNXError.unreadable` where one of the other files cannot be read or has changed.
    public func bytes(in range: Range<Int>) throws(ONNXError) -> Data {
        precondition(range.lowerBound >= 0 && range.upperBound <= size, "outside of the file")
        var result = Data(capacity: range.count)
        var index = (starts.partitioningIndex { $0 > range.lowerBound }) - 1
        while result.count < range.count {
            let piece = pieces[index]
            let from = range.lowerBound + result.count - starts[index]
            result.append(try piece.bytes(in: from..<min(from + range.count - result.count, piece.count)))
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
