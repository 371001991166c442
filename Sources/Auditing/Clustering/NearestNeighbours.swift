/// For each point the nearest others by Euclidean distance, found by comparing all pairs: exact, n²/2 distances.
public struct NearestNeighbours: Sendable {
    /// How many of each point.
    public let count: Int
    /// [points, count], nearest first; of equally near ones the first in order.
    public let indices: [Int]
    /// [points, count]: the squares of the distances.
    public let squares: [Float]

    /// Rows that are compared with all others at once, so that these are read from memory less often.
    private static let blockRows = 8

    /// - Parameters:
    ///   - count: of each point; at most as many as there are others.
    ///   - onProgress: called now and then with the share of the pairs that are compared, 0…1; what it throws ends the
    ///     search.
    public init(
        of points: Points, count wanted: Int, onProgress: (Double) throws -> Void
    ) rethrows {
        let number = points.count
        let count = max(min(wanted, number - 1), 0)
        self.count = count
        var lists = [NearestList](repeating: NearestList(count: count), count: number)
        for first in stride(from: 0, to: count > 0 ? number : 0, by: Self.blockRows) {
            let block = first..<min(first + Self.blockRows, number)
            points.values.withUnsafeBufferPointer { values in
                for other in first + 1..<max(number, first + 1) {
                    for row in block where row < other {
                        let square = squaredDistance(values, row, other, points.dimensions)
                        lists[row].take(other, square)
                        lists[other].take(row, square)
                    }
                }
            }
            let left = Double(number - block.upperBound) / Double(number)
            try onProgress(1 - left * left)
        }
        indices = lists.flatMap(\.indices)
        squares = lists.flatMap(\.squares)
    }

    /// The nearest of point `index`, nearest first.
    public func neighbours(of index: Int) -> ArraySlice<Int> { indices[index * count..<(index + 1) * count] }
}

/// The nearest that were seen so far, sorted.
private struct NearestList {
    let count: Int
    var indices: [Int] = []
    var squares: [Float] = []

    init(count: Int) { self.count = count }

    mutating func take(_ index: Int, _ square: Float) {
        if indices.count == count {
            guard let last = squares.last, square < last || (square == last && index < indices[count - 1]) else {
                return
            }
            indices.removeLast()
            squares.removeLast()
        }
        var place = indices.count
        while place > 0, square < squares[place - 1] || (square == squares[place - 1] && index < indices[place - 1]) {
            place -= 1
        }
        indices.insert(index, at: place)
        squares.insert(square, at: place)
    }
}

private func squaredDistance(_ values: UnsafeBufferPointer<Float>, _ a: Int, _ b: Int, _ dimensions: Int) -> Float {
    guard let base = values.baseAddress else { return 0 }
    let (p, q) = (UnsafeRawPointer(base + a * dimensions), UnsafeRawPointer(base + b * dimensions))
    var sums = SIMD8<Float>.zero
    var index = 0
    while index + 8 <= dimensions {
        let difference =
            p.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self)
            - q.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self)
        sums += difference * difference
        index += 8
    }
    var sum = sums.sum()
    while index < dimensions {
        let difference = values[a * dimensions + index] - values[b * dimensions + index]
        sum += difference * difference
        index += 1
    }
    return sum
}
