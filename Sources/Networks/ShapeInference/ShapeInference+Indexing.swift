import Tensors

extension Specializer {
    // MARK: Places

    /// With an axis that counts from the beginning.
    func normalized(_ indexing: Indexing, rank: Int) throws(NetworkError) -> Indexing {
        switch indexing {
        case .positions(let axis): return .positions(axis: try normalized(axis: axis, rank: rank))
        case .elements(let axis): return .elements(axis: try normalized(axis: axis, rank: rank))
        case .coordinates: return indexing
        }
    }

    /// The shape of the values at the places that the indices name.
    func picked(_ indexing: Indexing) throws(NetworkError) -> Shape {
        let x = try input(0)
        let indices = try input(1)
        switch try normalized(indexing, rank: x.rank) {
        case .positions(let axis):
            return try shape(x.dimensions.prefix(axis) + indices.dimensions + x.dimensions.dropFirst(axis + 1))
        case .elements(let axis):
            guard indices.rank == x.rank, x.dimensions.indices.allSatisfy({ $0 == axis || indices[$0] <= x[$0] })
            else { throw invalid("indices \(indices) do not fit \(x) along axis \(axis)") }
            return indices
        case .coordinates(let batchAxes):
            guard batchAxes >= 0, batchAxes < min(x.rank, indices.rank), let depth = indices.dimensions.last,
                depth >= 1, depth <= x.rank - batchAxes,
                x.dimensions.prefix(batchAxes) == indices.dimensions.prefix(batchAxes)
            else { throw invalid("indices \(indices) do not fit \(x) with \(batchAxes) axes of batches") }
            return try shape(indices.dimensions.dropLast() + x.dimensions.dropFirst(batchAxes + depth))
        }
    }

    func scattered(_ scatter: Scatter) throws(NetworkError) -> Shape {
        let values = try picked(scatter.indexing)
        guard try input(2) == values else { throw invalid("values \(try input(2)) where \(values) are put") }
        return try input(0)
    }

    func picked(_ indexing: Indexing, _ shape: Shape) throws(NetworkError) -> Constant? {
        guard let x = constant(0), let indices = constant(1), let positions = indices.integers else { return nil }
        let places = IndexedPlaces(
            try normalized(indexing, rank: x.shape.rank), data: x.shape.dimensions, indices: indices.shape.dimensions)
        let offsets: [Int]
        do {
            offsets = try places.offsets { positions[$0] }
        } catch {
            throw invalid("index \(error.index) is outside of \(x.shape)")
        }
        func taken<Value>(_ values: [Value]) -> [Value] {
            offsets.flatMap { values[$0..<$0 + places.length] }
        }
        switch x {
        case .floats(let tensor): return try floats(shape, taken(tensor.values))
        case .integers(_, let values): return .integers(shape: shape, values: taken(values))
        }
    }

    // MARK: Along an axis

    func located(_ extremum: Extremum) throws(NetworkError) -> Shape {
        let x = try input(0)
        let axis = try normalized(axis: extremum.axis, rank: x.rank)
        guard x[axis] > 0 else { throw invalid("an empty axis has no \(extremum.kind.rawValue)") }
        var extents = x.dimensions
        if extremum.keepsAxis { extents[axis] = 1 } else { extents.remove(at: axis) }
        return try shape(extents)
    }

    func ranked(_ ranking: Ranking) throws(NetworkError) -> Shape {
        let x = try input(0)
        let axis = try normalized(axis: ranking.axis, rank: x.rank)
        guard let count = try integers(1, "number of values").first, (0...x[axis]).contains(count) else {
            throw invalid("\(try integers(1, "number of values")) of the \(x[axis]) values along axis \(axis)")
        }
        var extents = x.dimensions
        extents[axis] = count
        return try shape(extents)
    }

    func accumulatedAxis(rank: Int) throws(NetworkError) -> Int {
        guard let axis = try integers(1, "axis").first else { throw invalid("has no axis") }
        return try normalized(axis: axis, rank: rank)
    }

    func accumulated(_ accumulation: Accumulation, _ shape: Shape) throws(NetworkError) -> Constant? {
        guard let x = constant(0) else { return nil }
        let axis = try accumulatedAxis(rank: shape.rank)
        let extent = shape[axis]
        let inner = shape.strides[axis]
        func summed<Value>(_ values: [Value], _ zero: Value, _ add: (Value, Value) -> Value?) -> [Value]? {
            var result = values
            for start in 0..<shape.count where start / inner % extent == 0 {
                var sum = zero
                for step in 0..<extent {
                    let index = start + (accumulation.isReversed ? extent - 1 - step : step) * inner
                    guard let next = add(sum, values[index]) else { return nil }
                    result[index] = accumulation.isExclusive ? sum : next
                    sum = next
                }
            }
            return result
        }
        switch x {
        case .floats(let tensor):
            return try summed(tensor.values, 0) { $0 + $1 }.map { (sums) throws(NetworkError) in
                try floats(shape, sums)
            }
        case .integers(_, let values):
            let sums = summed(values, 0) { a, b in
                let (sum, overflow) = a.addingReportingOverflow(b)
                return overflow ? nil : sum
            }
            guard let sums else { throw invalid("its sums are too large") }
            return .integers(shape: shape, values: sums)
        }
    }

    // MARK: Triangles

    /// How far to the right of the main diagonal the triangle's is.
    func diagonal() throws(NetworkError) -> Int {
        let given = try optionalIntegers(1, "diagonal") ?? [0]
        guard given.count == 1, given[0].magnitude <= UInt(Shape.largestCount) else {
            throw invalid("diagonal \(given)")
        }
        return given[0]
    }

    func cut(_ triangle: Triangle, _ shape: Shape) throws(NetworkError) -> Constant? {
        guard let x = constant(0) else { return nil }
        let diagonal = try diagonal()
        let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
        func kept(_ index: Int) -> Bool {
            triangle.keeps(row: index / columns % rows, column: index % columns, diagonal: diagonal)
        }
        switch x {
        case .floats(let tensor):
            return try floats(shape, tensor.values.enumerated().map { kept($0.offset) ? $0.element : 0 })
        case .integers(_, let values):
            return .integers(shape: shape, values: values.enumerated().map { kept($0.offset) ? $0.element : 0 })
        }
    }

    // MARK: Sums of products

    func summedProducts(_ einsum: Einsum) throws(NetworkError) -> Shape {
        var shapes: [[Int]] = []
        for position in node.inputs.indices { shapes.append(try input(position).dimensions) }
        guard let resolved = einsum.resolved(for: shapes) else {
            throw invalid("operands \(shapes) do not fit its equation")
        }
        // The loop over all labels must not be longer than anybody can wait for.
        var work = 1.0
        for extent in resolved.extents.values { work *= Double(extent) }
        guard work < 1e13 else { throw invalid("operands \(shapes) make too many products") }
        return try shape(resolved.result.map { resolved.extents[$0] ?? 1 })
    }
}
