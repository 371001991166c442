/// How integers name places of a tensor. A negative one counts from the end of its axis.
public enum Indexing: Sendable, Hashable {
    /// Positions along an axis, each for all values there: [A…,d,B…] and indices [I…] make [A…,I…,B…].
    case positions(axis: Int)
    /// A position along an axis for each value: the other coordinates are the index's own.
    case elements(axis: Int)
    /// Rows of coordinates, along the indices' last axis, of the axes behind the first `batchAxes`, which both have.
    case coordinates(batchAxes: Int)
}

/// Values are put to places of a copy of the first input.
public struct Scatter: Sendable, Hashable {
    /// What becomes of the value that is there. Without a combination, the last of several that go to one place stays.
    public enum Combination: String, Sendable, Hashable { case add, multiply, maximum, minimum }

    public var indexing: Indexing
    public var combination: Combination?

    public init(indexing: Indexing, combination: Combination?) {
        self.indexing = indexing
        self.combination = combination
    }
}

/// The places that indices of one shape name in a tensor of another: blocks of `length` values that lie together.
package struct IndexedPlaces: Sendable {
    /// An index outside of its axis.
    package struct OutOfBounds: Error {
        package let index: Int
        package let extent: Int
    }

    /// Values per place.
    package let length: Int
    /// The number of places.
    package let count: Int
    private let indexing: Indexing
    private let data: [Int]
    private let indices: [Int]

    /// - Parameters:
    ///   - indexing: with axes that are not negative.
    ///   - data: the shape of the tensor.
    ///   - indices: a shape that fits it.
    package init(_ indexing: Indexing, data: [Int], indices: [Int]) {
        self.indexing = indexing
        self.data = data
        self.indices = indices
        switch indexing {
        case .positions(let axis):
            length = data[(axis + 1)...].reduce(1, *)
            count = data[..<axis].reduce(1, *) * indices.reduce(1, *)
        case .elements:
            length = 1
            count = indices.reduce(1, *)
        case .coordinates(let batchAxes):
            length = data[(batchAxes + (indices.last ?? 0))...].reduce(1, *)
            count = indices.dropLast().reduce(1, *)
        }
    }

    /// Where each place starts, in the order of the indices, behind each other for all that stands before the axis.
    ///
    /// - Parameter index: the index at a position of the row-major indices; nil where that is no integer.
    package func offsets(_ index: (Int) -> Int?) throws(OutOfBounds) -> [Int] {
        var result: [Int] = []
        result.reserveCapacity(count)
        func inside(_ position: Int, _ extent: Int) throws(OutOfBounds) -> Int {
            guard let given = index(position) else { throw OutOfBounds(index: .min, extent: extent) }
            let counted = given < 0 ? given.addingReportingOverflow(extent).partialValue : given
            guard (0..<extent).contains(counted) else { throw OutOfBounds(index: given, extent: extent) }
            return counted
        }
        switch indexing {
        case .positions(let axis):
            let positions = try (0..<indices.reduce(1, *)).map { (position) throws(OutOfBounds) in
                try inside(position, data[axis])
            }
            for outer in 0..<data[..<axis].reduce(1, *) {
                for position in positions { result.append((outer * data[axis] + position) * length) }
            }
        case .elements(let axis):
            let own = strides
            var along = own
            along[axis] = 0
            var bases: [Int] = []
            bases.reserveCapacity(count)
            StridedView(extents: indices, strides: along).forEachOffset { bases.append($0) }
            for (position, base) in bases.enumerated() {
                result.append(base + (try inside(position, data[axis])) * own[axis])
            }
        case .coordinates(let batchAxes):
            let own = strides
            let depth = indices.last ?? 0
            let batches = data[..<batchAxes].reduce(1, *)
            let perBatch = count / max(batches, 1)
            let batchLength = data[batchAxes...].reduce(1, *)
            for place in 0..<count {
                var offset = place / max(perBatch, 1) * batchLength
                for axis in 0..<depth {
                    offset += (try inside(place * depth + axis, data[batchAxes + axis])) * own[batchAxes + axis]
                }
                result.append(offset)
            }
        }
        return result
    }

    private var strides: [Int] {
        var strides = [Int](repeating: 1, count: data.count)
        for axis in stride(from: data.count - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * data[axis + 1]
        }
        return strides
    }
}
