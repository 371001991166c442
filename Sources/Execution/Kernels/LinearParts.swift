import CDNN
import Networks
import Tensors

// Convolutions and fully-connected layers as linear maps of their input, with the positive or the negative weights
// alone, as relevance propagation needs them.

extension PlanBuilder {
    /// W∗x + b with a part of the weights and of the bias; without bias where `bias` is nil. Nothing is fused.
    func applied(
        _ node: Node, to x: PlannedTensor, weights part: WeightStore.Part, bias biasPart: WeightStore.Part?
    ) throws(ExecutionError) -> PlannedTensor {
        let linear = try linear(node, inputExtents: x.extents)
        let biasID = biasPart == nil ? nil : node.input(2)
        let channels = linear.channels
        let x = try reshaped(x, to: linear.inputExtents, isNeeded: linear.window == nil, for: node)
        let primitive = try check(node) { () throws(KernelStatus) in
            let filter = try Layout.any(linear.weightExtents)
            let bias = try biasID == nil ? nil : Layout.plain([channels])
            guard var window = linear.window else {
                let source = try Layout.plain(x.extents)
                let destination = try Layout.plain(linear.outputExtents)
                return try Primitive {
                    cdnn_inner_product_forward(
                        $0, engine.handle, source.handle, filter.handle, bias?.handle, destination.handle, 0, nil)
                }
            }
            let source = try Layout.any(x.extents)
            let destination = try Layout.any(linear.outputExtents)
            return try Primitive {
                cdnn_convolution_forward(
                    $0, engine.handle, CDNN_CONVOLUTION_DIRECT, &window, source.handle, filter.handle, bias?.handle,
                    destination.handle, 0, nil)
            }
        }
        let source = try converted(x, to: try layout(primitive, CDNN_ARG_SRC, node), for: node)
        let filter = try weights(
            try inputID(node, 1), as: linear.weightExtents, in: try layout(primitive, CDNN_ARG_WEIGHTS, node),
            part: part, for: node)
        let y = allocate(linear.outputExtents, try layout(primitive, CDNN_ARG_DST, node))
        var arguments = [(CDNN_ARG_SRC, source), (CDNN_ARG_WEIGHTS, filter), (CDNN_ARG_DST, y)]
        if let biasID, let biasPart {
            let layout = try plainLayout([channels], for: node)
            arguments.append(
                (CDNN_ARG_BIAS, try weights(biasID, as: [channels], in: layout, part: biasPart, for: node)))
        }
        try emit(node, primitive, arguments)
        return try reshaped(
            y, to: shape(of: node.output).dimensions, isNeeded: linear.window == nil, for: node)
    }

    /// Wᵀ applied to a signal at the node's output, with a part of the weights.
    func transposed(
        _ node: Node, to signal: PlannedTensor, inputExtents: [Int], weights part: WeightStore.Part
    ) throws(ExecutionError) -> PlannedTensor {
        let linear = try linear(node, inputExtents: inputExtents)
        let signal = try reshaped(signal, to: linear.outputExtents, isNeeded: linear.window == nil, for: node)
        let primitive = try check(node) { () throws(KernelStatus) in
            let filter = try Layout.any(linear.weightExtents)
            guard var window = linear.window else {
                let sourceGradient = try Layout.plain(linear.inputExtents)
                let destinationGradient = try Layout.plain(linear.outputExtents)
                return try Primitive {
                    cdnn_inner_product_backward(
                        $0, engine.handle, sourceGradient.handle, filter.handle, destinationGradient.handle)
                }
            }
            let sourceGradient = try Layout.any(inputExtents)
            let destinationGradient = try Layout.any(linear.outputExtents)
            return try Primitive {
                cdnn_convolution_backward(
                    $0, engine.handle, CDNN_CONVOLUTION_DIRECT, &window, sourceGradient.handle, filter.handle,
                    destinationGradient.handle)
            }
        }
        let incoming = try converted(signal, to: try layout(primitive, CDNN_ARG_DIFF_DST, node), for: node)
        let filter = try weights(
            try inputID(node, 1), as: linear.weightExtents, in: try layout(primitive, CDNN_ARG_WEIGHTS, node),
            part: part, for: node)
        let passed = allocate(linear.inputExtents, try layout(primitive, CDNN_ARG_DIFF_SRC, node))
        try emit(
            node, primitive,
            [(CDNN_ARG_DIFF_DST, incoming), (CDNN_ARG_WEIGHTS, filter), (CDNN_ARG_DIFF_SRC, passed)])
        return try reshaped(passed, to: inputExtents, isNeeded: linear.window == nil, for: node)
    }

    private func reshaped(
        _ tensor: PlannedTensor, to extents: [Int], isNeeded: Bool, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        isNeeded ? try reshaped(tensor, to: extents, for: node) : tensor
    }

    private struct Linear {
        let weightExtents: [Int]
        /// The extents as the kernel sees them: a fully-connected layer's are [rows, values].
        let inputExtents: [Int]
        let outputExtents: [Int]
        /// The convolution's window; nil for a fully-connected layer.
        let window: cdnn_window?

        /// Number of bias values.
        var channels: Int { outputExtents[1] }
    }

    private func linear(_ node: Node, inputExtents: [Int]) throws(ExecutionError) -> Linear {
        let weightExtents = shape(of: try inputID(node, 1)).dimensions
        let outputExtents = shape(of: node.output).dimensions
        guard case .convolution(let convolution) = node.operation else {
            let rows = inputExtents.reduce(1, *) / max(weightExtents[1], 1)
            return Linear(
                weightExtents: weightExtents, inputExtents: [rows, weightExtents[1]],
                outputExtents: [rows, weightExtents[0]], window: nil)
        }
        let groups = convolution.groups
        return Linear(
            // oneDNN separates the groups: [O, I/G, k…] → [G, O/G, I/G, k…].
            weightExtents: groups == 1
                ? weightExtents : [groups, weightExtents[0] / groups] + weightExtents.dropFirst(),
            inputExtents: inputExtents, outputExtents: outputExtents,
            window: cdnn_window(
                convolution.window, input: Array(inputExtents.dropFirst(2)), output: Array(outputExtents.dropFirst(2)))
        )
    }
}
