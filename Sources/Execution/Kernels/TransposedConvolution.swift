import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// The vector-Jacobian product of a convolution run forward, so its own is that convolution.
    func emitTransposedConvolution(_ node: Node, _ convolution: TransposedConvolution) throws(ExecutionError) {
        let x = try input(node, 0)
        let outputExtents = shape(of: node.output).dimensions
        let weightID = try inputID(node, 1)
        let declared = shape(of: weightID).dimensions
        let groups = convolution.groups
        // The convolution's weights are [O, I/G, k…], O being the channels of x.
        let weightExtents = groups == 1 ? declared : [groups, declared[0] / groups] + declared.dropFirst()
        guard let output = convolution.output(for: Array(x.extents.dropFirst(2))) else {
            throw .unsupported(node: node.name, operation: node.operation.name, reason: "it has no output")
        }
        var explicit = convolution.window
        explicit.padding = .explicit(begin: output.begin, end: output.begin.map { _ in 0 })
        var window = cdnn_window(
            explicit, input: Array(outputExtents.dropFirst(2)), output: Array(x.extents.dropFirst(2)))

        let primitive = try check(node) { () throws(KernelStatus) in
            let result = try Layout.any(outputExtents)
            let filter = try Layout.any(weightExtents)
            let source = try Layout.any(x.extents)
            return try Primitive {
                cdnn_convolution_backward(
                    $0, engine.handle, CDNN_CONVOLUTION_DIRECT, &window, result.handle, filter.handle, source.handle)
            }
        }
        let source = try converted(x, to: try layout(primitive, CDNN_ARG_DIFF_DST, node), for: node)
        let filter = try weights(
            weightID, as: weightExtents, in: try layout(primitive, CDNN_ARG_WEIGHTS, node), for: node)
        let y = allocate(outputExtents, try layout(primitive, CDNN_ARG_DIFF_SRC, node))
        try emit(
            node, primitive, [(CDNN_ARG_DIFF_DST, source), (CDNN_ARG_WEIGHTS, filter), (CDNN_ARG_DIFF_SRC, y)])
        set(node.output, try biased(y, node))

        record(node) { [window] (builder, signal, _) throws(ExecutionError) in
            [
                (
                    try builder.inputID(node, 0),
                    try builder.convolved(
                        signal, weightID, as: weightExtents, window, to: x.extents, for: node)
                )
            ]
        }
    }

    /// The tensor plus one value per channel, in any layout.
    private func biased(_ y: PlannedTensor, _ node: Node) throws(ExecutionError) -> PlannedTensor {
        guard let biasID = node.input(2) else { return y }
        let channels = y.extents[1]
        let extents = [1, channels] + y.extents.dropFirst(2).map { _ in 1 }
        let bias = try weights(biasID, as: extents, in: try plainLayout(extents, for: node), for: node)
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive {
                cdnn_binary($0, engine.handle, CDNN_BINARY_ADD, y.layout.handle, bias.layout.handle, y.layout.handle)
            }
        }
        let result = allocate(y.extents, y.layout)
        try emit(node, primitive, [(CDNN_ARG_SRC, y), (CDNN_ARG_SRC_1, bias), (CDNN_ARG_DST, result)])
        return result
    }

    private func convolved(
        _ x: PlannedTensor, _ weightID: ValueID, as weightExtents: [Int], _ window: cdnn_window, to extents: [Int],
        for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        var window = window
        let primitive = try check(node) { () throws(KernelStatus) in
            let source = try Layout.any(x.extents)
            let filter = try Layout.any(weightExtents)
            let destination = try Layout.any(extents)
            return try Primitive {
                cdnn_convolution_forward(
                    $0, engine.handle, CDNN_CONVOLUTION_DIRECT, &window, source.handle, filter.handle, nil,
                    destination.handle, 0, nil)
            }
        }
        let source = try converted(x, to: try layout(primitive, CDNN_ARG_SRC, node), for: node)
        let filter = try weights(
            weightID, as: weightExtents, in: try layout(primitive, CDNN_ARG_WEIGHTS, node), for: node)
        let y = allocate(extents, try layout(primitive, CDNN_ARG_DST, node))
        try emit(node, primitive, [(CDNN_ARG_SRC, source), (CDNN_ARG_WEIGHTS, filter), (CDNN_ARG_DST, y)])
        return y
    }
}
