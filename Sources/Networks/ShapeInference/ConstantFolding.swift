import Tensors

// Values that are known before the network runs: weights that a file stores in pieces, and shape arithmetic. Each
// operator that exporters write for these has its computation here or in ConstantFolding+Numbers.swift; any other
// gives nil and is run with the network.

extension Specializer {
    /// The shape of a shape-arithmetic operator's output.
    func arithmeticShape(_ kind: ShapeArithmetic) throws(NetworkError) -> Shape {
        switch kind {
        case .extents:
            let range = try extentRange(kind, rank: try input(0).rank)
            return try shape([range.count])
        case .count: return .scalar
        case .range: return try shape([try rangeCount()])
        case .filled: return try shape(try integers(0, "shape"))
        case .selection: return try broadcast(try broadcast(try input(0), try input(1)), try input(2))
        case .comparison: return try broadcast(try input(0), try input(1))
        case .logic(.not), .cast: return try input(0)
        case .logic: return try broadcast(try input(0), try input(1))
        case .nonZero:
            guard let constant = constant(0) else {
                throw invalid("how many positions it finds depends on the values that the network reads")
            }
            return try shape([constant.shape.rank, constant.numbers.count { $0 != 0 }])
        }
    }

    /// The output's value, nil where it depends on what the network reads.
    func folded(to shape: Shape) throws(NetworkError) -> Constant? {
        switch node.operation {
        case .shapeArithmetic(.extents), .shapeArithmetic(.count): break
        default:
            for position in node.inputs.indices where node.input(position) != nil {
                if constant(position) == nil { return nil }
            }
        }
        let read = node.inputs.indices.reduce(0) { $0 + (constant($1)?.shape.count ?? 0) }
        guard isFoldable else { return nil }
        try spend(max(0, shape.count - read))
        return try computed(shape)
    }

    /// Whether ``computed(_:)`` has a case for the operator.
    private var isFoldable: Bool {
        switch node.operation {
        case .identity, .flatten, .reshape, .squeeze, .unsqueeze, .transpose, .slice, .part, .expansion, .tiling,
            .depthToSpace, .spaceToDepth, .gather, .padding, .concatenation, .activation, .arithmetic, .reduction,
            .shapeArithmetic, .accumulation, .triangle, .pick:
            true
        case .convolution, .transposedConvolution, .pooling, .maximumUnpooling, .globalPooling, .resize,
            .fullyConnected, .matrixProduct, .batchNormalization, .normalization, .localResponseNormalization,
            .softmax, .graft, .einsum, .extremum, .ranking, .scatter,
            .recurrence, .quantization, .sampling:
            false
        }
    }

    private func computed(_ shape: Shape) throws(NetworkError) -> Constant? {
        switch node.operation {
        case .identity, .flatten, .reshape, .squeeze, .unsqueeze:
            return try constant(0).map { (x) throws(NetworkError) in try regrouped(x, shape) }
        case .transpose, .slice, .part, .expansion, .tiling, .depthToSpace, .spaceToDepth, .gather, .padding:
            guard let x = constant(0), let movement = result.movements[node.output] else { return nil }
            switch x {
            case .floats(let tensor):
                return try floats(shape, moved(tensor.values, tensor.shape, movement, shape) { $0 })
            case .integers(let from, let values):
                return .integers(
                    shape: shape,
                    values: try moved(values, from, movement, shape) { Int(exactly: $0.rounded()) ?? 0 })
            }
        case .accumulation(let accumulation): return try accumulated(accumulation, shape)
        case .triangle(let triangle): return try cut(triangle, shape)
        case .pick(let indexing): return try picked(indexing, shape)
        case .concatenation(let axis): return try joined(shape, axis: axis)
        case .activation(let activation): return try applied(activation, shape)
        case .arithmetic(let kind): return try combined(kind, shape)
        case .reduction(let reduction): return try reduced(reduction, shape)
        case .shapeArithmetic(let kind): return try computed(kind, shape)
        case .convolution, .transposedConvolution, .pooling, .maximumUnpooling, .globalPooling, .resize,
            .fullyConnected, .matrixProduct, .batchNormalization, .normalization, .localResponseNormalization,
            .softmax, .graft, .einsum, .extremum, .ranking, .scatter,
            .recurrence, .quantization, .sampling:
            return nil
        }
    }

    // MARK: The same values elsewhere

    private func regrouped(_ x: Constant, _ shape: Shape) throws(NetworkError) -> Constant {
        switch x {
        case .floats(let tensor):
            do { return .floats(try tensor.reshaped(to: shape)) } catch { throw invalid("\(error)") }
        case .integers(_, let values):
            return .integers(shape: shape, values: values)
        }
    }

    private func moved<Value>(
        _ values: [Value], _ from: Shape, _ movement: Movement, _ to: Shape, _ value: (Float) -> Value
    ) throws(NetworkError) -> [Value] {
        switch movement {
        case .view(let view):
            var result: [Value] = []
            result.reserveCapacity(to.count)
            view.forEachOffset { result.append(values[$0]) }
            return result
        case .embedding(let source, let target, let filling):
            var result = [Value](repeating: value(filling), count: to.count)
            var taken: [Value] = []
            source.forEachOffset { taken.append(values[$0]) }
            var next = 0
            target.forEachOffset {
                result[$0] = taken[next]
                next += 1
            }
            return result
        case .mapping(let maps):
            guard maps.allSatisfy({ $0.weights == nil && $0.taps == 1 }) else {
                throw invalid("a constant is resampled")
            }
            var values = values
            var extents = from.dimensions
            for map in maps {
                let inner = extents[(map.axis + 1)...].reduce(1, *)
                let outer = extents[..<map.axis].reduce(1, *)
                var result: [Value] = []
                result.reserveCapacity(outer * map.count * inner)
                for block in 0..<outer {
                    for index in map.indices {
                        let start = (block * extents[map.axis] + index) * inner
                        result.append(contentsOf: values[start..<start + inner])
                    }
                }
                extents[map.axis] = map.count
                values = result
            }
            return values
        }
    }

    private func joined(_ shape: Shape, axis: Int) throws(NetworkError) -> Constant? {
        let axis = try normalized(axis: axis, rank: shape.rank)
        let parts = node.inputs.indices.compactMap { constant($0) }
        func interleaved<Value>(_ values: [[Value]]) -> [Value] {
            let lengths = parts.map { $0.shape.dimensions[axis...].reduce(1, *) }
            var result: [Value] = []
            for row in 0..<shape.dimensions[..<axis].reduce(1, *) {
                for (part, length) in zip(values, lengths) {
                    result.append(contentsOf: part[row * length..<(row + 1) * length])
                }
            }
            return result
        }
        let integers = parts.compactMap(\.integers)
        if integers.count == parts.count { return .integers(shape: shape, values: interleaved(integers)) }
        let tensors = parts.compactMap(\.tensor)
        guard tensors.count == parts.count else { throw invalid("joins integers and other numbers") }
        return try floats(shape, interleaved(tensors.map(\.values)))
    }

    func floats(_ shape: Shape, _ values: [Float]) throws(NetworkError) -> Constant {
        do { return .floats(try Tensor(shape: shape, values: values)) } catch { throw invalid("\(error)") }
    }
}

extension Constant {
    /// The values, integers widened.
    var numbers: [Float] {
        switch self {
        case .floats(let tensor): tensor.values
        case .integers(_, let values): values.map(Float.init)
        }
    }
}
