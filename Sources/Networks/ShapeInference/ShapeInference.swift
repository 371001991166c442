import Tensors

extension Specializer {
    /// The shapes of the node's outputs.
    func outputShapes() throws(NetworkError) -> [Shape] {
        if case .pooling(let pooling) = node.operation {
            let x = try input(0)
            let y = try windowed(x, pooling.window, channels: x.rank > 1 ? x[1] : 0)
            return node.outputs.map { _ in y }
        }
        if case .ranking(let ranking) = node.operation {
            let y = try ranked(ranking)
            return node.outputs.map { _ in y }
        }
        if case .recurrence(let recurrence) = node.operation { return try shapes(try recurrenceShapes(recurrence)) }
        if case .quantization(let quantization) = node.operation {
            return try shapes(try quantizedShapes(quantization))
        }
        guard node.outputs.count == 1 else { throw invalid("has \(node.outputs.count) outputs") }
        return [try outputShape()]
    }

    /// The shapes of the outputs that the node has, which may be fewer than the operator makes.
    private func shapes(_ all: [Shape]) throws(NetworkError) -> [Shape] {
        guard node.outputs.count <= all.count else { throw invalid("has \(node.outputs.count) outputs") }
        return Array(all.prefix(node.outputs.count))
    }

    private func outputShape() throws(NetworkError) -> Shape {
        switch node.operation {
        case .convolution(let convolution): return try convolved(convolution)
        case .transposedConvolution(let convolution): return try transposedConvolved(convolution)
        case .pooling(let pooling): return try windowed(try input(0), pooling.window, channels: 0)
        case .maximumUnpooling(let window): return try unpooled(window)
        case .globalPooling:
            let x = try input(0)
            guard x.rank >= 3 else { throw invalid("needs [N,C,…], got \(x)") }
            return try shape([x[0], x[1]] + Array(repeating: 1, count: x.rank - 2))
        case .resize(let resize): return try resized(resize)
        case .fullyConnected: return try connected()
        case .matrixProduct: return try multiplied()
        case .batchNormalization:
            let x = try input(0)
            guard x.rank >= 2 else { throw invalid("needs [N,C,…], got \(x)") }
            for position in 1...4 where try input(position).dimensions != [x[1]] {
                throw invalid("parameter \(position) has shape \(try input(position)), needs [\(x[1])]")
            }
            return x
        case .normalization(let normalization): return try normalized(normalization)
        case .localResponseNormalization:
            let x = try input(0)
            guard x.rank >= 2 else { throw invalid("needs [N,C,…], got \(x)") }
            return x
        case .softmax(let softmax):
            let x = try input(0)
            _ = try normalized(axis: softmax.axis, rank: x.rank)
            return x
        case .recurrence(let recurrence): return try recurrenceShapes(recurrence)[0]
        case .quantization(let quantization): return try quantizedShapes(quantization)[0]
        case .sampling(let sampling): return try sampled(sampling)
        case .activation, .identity: return try input(0)
        case .arithmetic(let kind):
            let result = try broadcast(try input(0), try input(1))
            let x = try input(0)
            guard kind != .parametricRelu || result == x else {
                throw invalid("slope \(try input(1)) does not fit input \(x)")
            }
            return result
        case .reduction(let reduction): return try reduced(reduction)
        case .einsum(let einsum): return try summedProducts(einsum)
        case .extremum(let extremum): return try located(extremum)
        case .ranking(let ranking): return try ranked(ranking)
        case .accumulation:
            let x = try input(0)
            _ = try accumulatedAxis(rank: x.rank)
            return x
        case .triangle:
            let x = try input(0)
            guard x.rank >= 2 else { throw invalid("needs matrices, got \(x)") }
            _ = try diagonal()
            return x
        case .pick(let indexing): return try picked(indexing)
        case .scatter(let scatter): return try scattered(scatter)
        case .concatenation(let axis): return try concatenated(axis: axis)
        case .flatten(let axis): return try flattened(try input(0), axis)
        case .reshape: return try reshaped(try input(0))
        case .squeeze(let axes): return try squeezed(try input(0), axes)
        case .unsqueeze(let axes): return try unsqueezed(try input(0), axes)
        case .transpose(let order): return try transposed(try input(0), order)
        case .slice(let axes): return try sliced(try input(0), axes)
        case .part(let part): return try cut(try input(0), part)
        case .padding(let padding): return try padded(try input(0), padding)
        case .expansion: return try expanded(try input(0))
        case .tiling: return try tiled(try input(0))
        case .depthToSpace(let operation): return try depthToSpace(try input(0), operation)
        case .spaceToDepth(let block): return try spaceToDepth(try input(0), block)
        case .gather(let axis): return try gathered(try input(0), axis)
        case .graft(let graft): return try grafted(graft)
        case .shapeArithmetic(let kind): return try arithmeticShape(kind)
        }
    }

    /// The shape that both have when they are broadcast by NumPy's rule.
    func broadcast(_ a: Shape, _ b: Shape) throws(NetworkError) -> Shape {
        try shape(try broadcast(a.dimensions, b.dimensions))
    }

    func broadcast(_ a: [Int], _ b: [Int]) throws(NetworkError) -> [Int] {
        let rank = max(a.count, b.count)
        func padded(_ extents: [Int]) -> [Int] { Array(repeating: 1, count: rank - extents.count) + extents }
        var extents: [Int] = []
        for (x, y) in zip(padded(a), padded(b)) {
            guard x == y || x == 1 || y == 1 else { throw invalid("shapes \(a) and \(b) cannot be broadcast") }
            extents.append(x == 1 ? y : x)
        }
        return extents
    }

    private func grafted(_ graft: Graft) throws(NetworkError) -> Shape {
        let clean = try input(1)
        guard clean.rank == 4, try input(0).rank == 4 else { throw invalid("needs planes [N,C,H,W], got \(clean)") }
        switch graft.result {
        case .window: return try shape([graft.items, clean[1], graft.rows.extent, graft.columns.extent])
        case .mean: return try shape([graft.items, clean[1], 1, 1])
        }
    }

    // MARK: Matrices

    private func connected() throws(NetworkError) -> Shape {
        let x = try input(0)
        let weights = try input(1)
        guard let last = x.dimensions.last, weights.rank == 2, last == weights[1] else {
            throw invalid("input \(x) does not fit weights \(weights)")
        }
        if let bias = try optionalInput(2), bias.dimensions != [weights[0]] {
            throw invalid("bias \(bias) does not fit weights \(weights)")
        }
        return try shape(x.dimensions.dropLast() + [weights[0]])
    }

    private func multiplied() throws(NetworkError) -> Shape {
        let a = try input(0)
        let b = try input(1)
        guard a.rank > 0, b.rank > 0 else { throw invalid("\(a) and \(b) are not matrices") }
        let rows = a.rank == 1 ? [1] + a.dimensions : a.dimensions
        let columns = b.rank == 1 ? b.dimensions + [1] : b.dimensions
        guard rows[rows.count - 1] == columns[columns.count - 2] else {
            throw invalid("\(a) cannot be multiplied with \(b)")
        }
        var result = try broadcast(Array(rows.dropLast(2)), Array(columns.dropLast(2)))
        if a.rank > 1 { result.append(rows[rows.count - 2]) }
        if b.rank > 1 { result.append(columns[columns.count - 1]) }
        return try shape(result)
    }

    // MARK: Values

    private func normalized(_ normalization: Normalization) throws(NetworkError) -> Shape {
        let x = try input(0)
        let parameters: [Int]
        switch normalization.kind {
        case .layer(let axis):
            parameters = Array(x.dimensions[(try normalized(axis: axis, rank: x.rank))...])
        case .instance:
            guard x.rank >= 3 else { throw invalid("needs [N,C,…], got \(x)") }
            parameters = [x[1]]
        case .group(let count):
            guard x.rank >= 2, count > 0, x[1] % count == 0 else {
                throw invalid("the channels of \(x) do not fall into \(count) groups")
            }
            parameters = [x[1]]
        }
        for position in 1...2 {
            if let given = try optionalInput(position), try broadcast(given.dimensions, parameters) != parameters {
                throw invalid("parameter \(position) has shape \(given), needs \(parameters)")
            }
        }
        return x
    }

    private func reduced(_ reduction: Reduction) throws(NetworkError) -> Shape {
        let x = try input(0)
        let axes = try normalized(axes: reduction.axes ?? Array(0..<x.rank), rank: x.rank)
        var extents: [Int] = []
        for (axis, extent) in x.dimensions.enumerated() {
            if !axes.contains(axis) { extents.append(extent) } else if reduction.keepsAxes { extents.append(1) }
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
}
