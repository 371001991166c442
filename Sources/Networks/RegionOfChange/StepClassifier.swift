import Tensors

/// What each operator does to a region.
struct StepClassifier {
    let graph: Graph
    let specialization: Specialization

    func step(of node: Node) -> RegionOfChange.Step {
        guard node.outputs.count == 1, let x = node.input(0) else { return .everything }
        let changing = node.inputs.compactMap { $0 }.filter { !isConstant($0) }
        guard !changing.isEmpty, changing.allSatisfy({ extents($0).count == 4 }) else { return .everything }
        let step = step(of: node, x, changing)
        return step == .mean || extents(node.output).count == 4 ? step : .everything
    }

    /// - Parameters:
    ///   - x: the first input.
    ///   - changing: the inputs that depend on the image, all of them [N,C,H,W].
    private func step(of node: Node, _ x: ValueID, _ changing: [ValueID]) -> RegionOfChange.Step {
        switch node.operation {
        case .convolution(let convolution):
            return changing == [x]
                ? .window(convolution.window, begin: begin(convolution.window, x), outside: 0) : .everything
        case .pooling(let pooling): return step(of: pooling, from: x, to: node.output)
        case .activation, .identity, .localResponseNormalization: return .same
        case .batchNormalization: return changing == [x] ? .same : .everything
        case .part(let part): return isChannels(part.axis) ? .same : .everything
        case .softmax(let softmax): return !softmax.flattensTail && isChannels(softmax.axis) ? .same : .everything
        case .arithmetic: return combinesPositions(node, changing) ? .same : .everything
        case .concatenation(let axis):
            return isChannels(axis) && changing.count == node.inputs.count ? .same : .everything
        case .padding(let padding): return step(of: padding, node, from: x)
        case .globalPooling(.average): return .mean
        case .reduction(let reduction): return reduction.averagesPlanes(ofRank: 4) ? .mean : .everything
        case .quantization(let quantization): return quantization.keepsPlanes ? .same : .everything
        // These mix positions.
        case .globalPooling(.maximum), .fullyConnected, .matrixProduct, .normalization, .einsum, .extremum, .ranking,
            .accumulation,
            .recurrence, .sampling:
            return .everything
        // These move values in ways that are not followed.
        case .transposedConvolution, .maximumUnpooling, .resize, .flatten, .reshape, .squeeze, .unsqueeze, .transpose,
            .slice, .expansion, .tiling, .depthToSpace, .spaceToDepth, .gather, .pick, .scatter, .triangle:
            return .everything
        // A patch graph is not asked what changes in it, and shapes change with no image.
        case .graft, .shapeArithmetic: return .everything
        }
    }

    /// Whether this is the axis C of [N,C,H,W].
    private func isChannels(_ axis: Int) -> Bool { axis == 1 || axis == -3 }

    private func isConstant(_ value: ValueID) -> Bool {
        graph.constants[value] != nil || specialization.constants[value] != nil
    }

    private func extents(_ value: ValueID) -> [Int] {
        (specialization.shapes[value] ?? graph.constants[value]?.shape)?.dimensions ?? []
    }

    private func begin(_ window: Window, _ x: ValueID) -> [Int] {
        window.padding(for: Array(extents(x).dropFirst(2))).begin
    }

    private func step(of pooling: Pooling, from x: ValueID, to y: ValueID) -> RegionOfChange.Step {
        let begin = begin(pooling.window, x)
        let (inside, outputs) = (Array(extents(x).dropFirst(2)), Array(extents(y).dropFirst(2)))
        let staysInside = begin.indices.allSatisfy { axis in
            let last = (outputs[axis] - 1) * pooling.window.stride[axis] - begin[axis]
            return begin[axis] == 0 && last + pooling.window.span(axis) <= inside[axis]
        }
        switch pooling.kind {
        case .maximum: return .window(pooling.window, begin: begin, outside: -.infinity)
        // Padding counts as zeros, unless the last window was rounded up into what counts as nothing.
        case .averageIncludingPadding:
            return pooling.window.roundsUp && !staysInside
                ? .everything : .window(pooling.window, begin: begin, outside: 0)
        // What a mean is divided by would depend on the place.
        case .averageExcludingPadding:
            return staysInside ? .window(pooling.window, begin: begin, outside: 0) : .everything
        }
    }

    /// Whether every result is made of the values at its own position.
    private func combinesPositions(_ node: Node, _ changing: [ValueID]) -> Bool {
        let plane = Array(extents(node.output).dropFirst(2))
        return node.inputs.compactMap { $0 }.allSatisfy { input in
            let own = extents(input)
            return changing.contains(input)
                ? Array(own.dropFirst(2)) == plane : own.suffix(2).allSatisfy { $0 == 1 }
        }
    }

    private func step(of padding: Padding, _ node: Node, from x: ValueID) -> RegionOfChange.Step {
        guard padding.mode == .constant, let counts = node.input(1).flatMap(integers) else { return .everything }
        let axes = (padding.axes ?? [0, 1, 2, 3]).map { $0 < 0 ? $0 + 4 : $0 }
        guard counts.count == 2 * axes.count, counts.allSatisfy({ $0 >= 0 }) else { return .everything }
        var begin = [0, 0]
        for (position, axis) in axes.enumerated() {
            if axis >= 2 {
                begin[axis - 2] = counts[position]
            } else if counts[position] != 0 || counts[position + axes.count] != 0 {
                return .everything
            }
        }
        return .shifted(by: begin)
    }

    private func integers(_ value: ValueID) -> [Int]? {
        (graph.constants[value] ?? specialization.constants[value])?.integers
    }
}
