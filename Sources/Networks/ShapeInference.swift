public import Tensors

extension Graph {
    /// The shape of every value for these input shapes.
    ///
    /// - Throws: `NetworkError` naming the node whose inputs do not fit.
    public func shapes(for inputShapes: [ValueID: Shape]) throws(NetworkError) -> [ValueID: Shape] {
        var shapes: [ValueID: Shape] = constants.mapValues(\.shape)
        for input in inputs {
            guard let shape = inputShapes[input.value] else { throw .missingInput(name: name(of: input.value)) }
            let fits =
                shape.rank == input.extents.count
                && zip(shape.dimensions, input.extents).allSatisfy { $1 == nil || $0 == $1 }
            guard fits, shape.count > 0 else {
                let expected = input.extents.map { $0.map(String.init) ?? "any" }.joined(separator: ",")
                throw .wrongInput(name: name(of: input.value), expected: "[\(expected)]", got: shape)
            }
            shapes[input.value] = shape
        }
        for node in nodes {
            let inference = NodeShapes(node: node, graph: self, shapes: shapes)
            shapes[node.output] = try inference.outputShape()
        }
        return shapes
    }
}

/// Shape inference of one node.
private struct NodeShapes {
    let node: Node
    let graph: Graph
    let shapes: [ValueID: Shape]

    func outputShape() throws(NetworkError) -> Shape {
        let x = try input(0)
        switch node.operation {
        case .convolution(let convolution): return try convolved(x, convolution)
        case .pooling(let pooling):
            return try windowed(x, pooling.window, channels: x.rank > 1 ? x[1] : 0)
        case .globalPooling:
            guard x.rank >= 3 else { throw invalid("needs [N,C,…], got \(x)") }
            return try shape([x[0], x[1]] + Array(repeating: 1, count: x.rank - 2))
        case .fullyConnected:
            let weights = try input(1)
            guard x.rank == 2, weights.rank == 2, x[1] == weights[1] else {
                throw invalid("input \(x) does not fit weights \(weights)")
            }
            if let bias = try optionalInput(2), bias.dimensions != [weights[0]] {
                throw invalid("bias \(bias) does not fit weights \(weights)")
            }
            return try shape([x[0], weights[0]])
        case .batchNormalization:
            guard x.rank >= 2 else { throw invalid("needs [N,C,…], got \(x)") }
            for position in 1...4 where try input(position).dimensions != [x[1]] {
                throw invalid("parameter \(position) has shape \(try input(position)), needs [\(x[1])]")
            }
            return x
        case .activation, .identity: return x
        case .arithmetic: return try broadcast(x, try input(1))
        case .softmax(let softmax):
            _ = try normalized(axis: softmax.axis, rank: x.rank)
            return x
        case .concatenation(let axis): return try concatenated(axis: axis)
        case .flatten(let axis):
            let axis = axis == x.rank ? axis : try normalized(axis: axis, rank: max(x.rank, 1))
            return try shape([
                x.dimensions[..<axis].reduce(1, *), x.dimensions[axis...].reduce(1, *),
            ])
        case .reshape: return try reshaped(x)
        }
    }

    private func convolved(_ x: Shape, _ convolution: Convolution) throws(NetworkError) -> Shape {
        let weights = try input(1)
        guard weights.rank == x.rank, x.rank >= 3,
            convolution.groups > 0, weights[0] % convolution.groups == 0,
            weights[1].multipliedReportingOverflow(by: convolution.groups) == (x[1], false)
        else { throw invalid("input \(x) does not fit weights \(weights) in \(convolution.groups) group(s)") }
        guard Array(weights.dimensions.dropFirst(2)) == convolution.window.kernel else {
            throw invalid("kernel_shape \(convolution.window.kernel) does not fit weights \(weights)")
        }
        if let bias = try optionalInput(2), bias.dimensions != [weights[0]] {
            throw invalid("bias \(bias) does not fit weights \(weights)")
        }
        return try windowed(x, convolution.window, channels: weights[0])
    }

    private func windowed(_ x: Shape, _ window: Window, channels: Int) throws(NetworkError) -> Shape {
        guard x.rank == window.kernel.count + 2 else {
            throw invalid("a \(window.kernel.count)-D window does not fit input \(x)")
        }
        guard let extents = window.outputExtents(for: Array(x.dimensions.dropFirst(2))) else {
            throw invalid("input \(x) is smaller than the \(window.kernel) window; use a larger picture")
        }
        return try shape([x[0], channels] + extents)
    }

    private func broadcast(_ a: Shape, _ b: Shape) throws(NetworkError) -> Shape {
        let rank = max(a.rank, b.rank)
        func padded(_ shape: Shape) -> [Int] { Array(repeating: 1, count: rank - shape.rank) + shape.dimensions }
        var extents: [Int] = []
        for (x, y) in zip(padded(a), padded(b)) {
            guard x == y || x == 1 || y == 1 else { throw invalid("shapes \(a) and \(b) cannot be broadcast") }
            extents.append(x == 1 ? y : x)
        }
        return try shape(extents)
    }

    private func concatenated(axis: Int) throws(NetworkError) -> Shape {
        let first = try input(0)
        let axis = try normalized(axis: axis, rank: first.rank)
        var extents = first.dimensions
        for position in node.inputs.indices.dropFirst() {
            let next = try input(position)
            guard next.rank == first.rank,
                zip(next.dimensions, extents).enumerated().allSatisfy({ $0 == axis || $1.0 == $1.1 })
            else { throw invalid("shapes \(first) and \(next) cannot be joined along axis \(axis)") }
            extents[axis] += next[axis]
        }
        return try shape(extents)
    }

    private func reshaped(_ x: Shape) throws(NetworkError) -> Shape {
        guard let target = node.input(1).flatMap({ graph.constants[$0]?.integers }) else {
            throw .notConstant(node: node.name, operation: node.operation.name, input: "shape")
        }
        var extents: [Int] = []
        for (axis, extent) in target.enumerated() {
            if extent == 0 {
                guard axis < x.rank else { throw invalid("shape \(target) copies axis \(axis) that \(x) has not") }
                extents.append(x[axis])
            } else {
                extents.append(extent)
            }
        }
        if let inferred = extents.firstIndex(of: -1) {
            extents[inferred] = 1
            let others = try shape(extents).count
            guard others > 0, x.count % others == 0 else { throw invalid("\(x) cannot be reshaped to \(target)") }
            extents[inferred] = x.count / others
        }
        let result = try shape(extents)
        guard result.count == x.count else { throw invalid("\(x) cannot be reshaped to \(target)") }
        return result
    }

    private func input(_ position: Int) throws(NetworkError) -> Shape {
        guard let shape = try optionalInput(position) else { throw invalid("input \(position) is missing") }
        return shape
    }

    private func optionalInput(_ position: Int) throws(NetworkError) -> Shape? {
        guard let value = node.input(position) else { return nil }
        guard let shape = shapes[value] else { throw invalid("input '\(graph.name(of: value))' is made by no node") }
        return shape
    }

    private func normalized(axis: Int, rank: Int) throws(NetworkError) -> Int {
        let normalized = axis < 0 ? axis + rank : axis
        guard (0..<rank).contains(normalized) else { throw invalid("axis \(axis) is outside of rank \(rank)") }
        return normalized
    }

    private func shape(_ extents: [Int]) throws(NetworkError) -> Shape {
        do { return try Shape(extents) } catch { throw invalid("its output would be too large: \(error)") }
    }

    private func invalid(_ reason: String) -> NetworkError {
        .invalidNode(name: node.name, operation: node.operation.name, reason: reason)
    }
}
