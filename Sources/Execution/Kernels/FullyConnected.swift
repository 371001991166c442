import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// Weights that are worth having once only: 16 MiB.
    private static let largeWeightCount = 4 << 20
    /// Weights that come from memory in every pass, and are not that large.
    private static let convolvedWeightCounts = (1 << 18)..<largeWeightCount

    /// y = x·Wᵀ + b, an activation behind it computed with it; back: x̄ = ȳ·W. All axes of x but the last count as rows.
    func emitFullyConnected(_ node: Node) throws(ExecutionError) {
        let original = try input(node, 0)
        let weightExtents = shape(of: try inputID(node, 1)).dimensions
        let finalExtents = shape(of: node.output).dimensions
        let rows = original.extents.dropLast().reduce(1, *)
        let outputExtents = [rows, weightExtents[0]]
        let x = try reshaped(original, to: [rows, weightExtents[1]], for: node)
        if let product = try eightBitProduct(node, rows: rows) {
            let y = try allocatePlain(outputExtents, for: node)
            let relu = takeFollowingReLU(node)
            try emit(node, product, x: x, rectifies: relu != nil, y: y)
            return set((relu?.node ?? node).output, try reshaped(y, to: finalExtents, for: node))
        }
        let activation = takeFollowingActivation(node)
        let weightCount = weightExtents.reduce(1, *)
        let y =
            rows == 1 && PlanBuilder.convolvedWeightCounts.contains(weightCount) && arrangement != .library
            ? try convolved(x, weightExtents, activation, for: node)
            : try product(x, weightExtents, activation, for: node)
        let result = try reshaped(y, to: finalExtents, for: node)
        if activation == nil { set(node.output, result) }

        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.reshaped(signal, to: outputExtents, for: node)
            let passed = try builder.allocatePlain(x.extents, for: node)
            let primitive = try builder.check(node) { () throws(KernelStatus) in
                // Row-major weights are read in order here, and are not copied. The order that oneDNN 2.6 likes better
                // takes it longer.
                let filter = try Layout.plain(weightExtents)
                return try Primitive {
                    cdnn_inner_product_backward(
                        $0, builder.engine.handle, passed.layout.handle, filter.handle, incoming.layout.handle)
                }
            }
            let filter = try builder.weights(
                try builder.inputID(node, 1), as: weightExtents,
                in: try builder.layout(primitive, CDNN_ARG_WEIGHTS, node), for: node)
            try builder.emit(
                node, primitive,
                [(CDNN_ARG_DIFF_DST, incoming), (CDNN_ARG_WEIGHTS, filter), (CDNN_ARG_DIFF_SRC, passed)])
            return [
                (try builder.inputID(node, 0), try builder.reshaped(passed, to: original.extents, for: node))
            ]
        }
        if let activation {
            set(activation.node.output, result)
            recordFromResult(activation, output: result)
        }
    }

    /// x·Wᵀ + b of rows [N,I].
    private func product(
        _ x: PlannedTensor, _ weightExtents: [Int], _ activation: EltwiseActivation?, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let extents = [x.extents[0], weightExtents[0]]
        // For one row the time is that of reading the weights, in whatever order; as they are they need no copy.
        let takesWeightsAsTheyAre =
            extents[0] == 1 && weightExtents.reduce(1, *) >= PlanBuilder.largeWeightCount
        let primitive = try check(node) { () throws(KernelStatus) in
            let filter = try takesWeightsAsTheyAre ? Layout.plain(weightExtents) : Layout.any(weightExtents)
            let bias = try node.input(2) == nil ? nil : Layout.plain([weightExtents[0]])
            let destination = try Layout.plain(extents)
            let postOps = activation.map { [$0.postOp] } ?? []
            return try Primitive {
                cdnn_inner_product_forward(
                    $0, engine.handle, x.layout.handle, filter.handle, bias?.handle, destination.handle,
                    Int32(postOps.count), postOps)
            }
        }
        let filter = try weights(
            try inputID(node, 1), as: weightExtents, in: try layout(primitive, CDNN_ARG_WEIGHTS, node), for: node)
        let y = try allocatePlain(extents, for: node)
        var arguments = [(CDNN_ARG_SRC, x), (CDNN_ARG_WEIGHTS, filter), (CDNN_ARG_DST, y)]
        if let bias = try bias(of: node, count: weightExtents[0]) { arguments.append((CDNN_ARG_BIAS, bias)) }
        try emit(node, primitive, arguments)
        return y
    }

    /// The same of a single row, [1,I], as a convolution of one place: those kernels ask for weights before they need them.
    private func convolved(
        _ x: PlannedTensor, _ weightExtents: [Int], _ activation: EltwiseActivation?, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let problem = ConvolutionProblem(
            direction: .forward, input: [1, weightExtents[1], 1, 1], weights: weightExtents + [1, 1],
            output: [1, weightExtents[0], 1, 1], window: cdnn_window(covering: [1, 1]), hasBias: node.input(2) != nil,
            activation: activation, isDifferentiated: isDifferentiated(node.output))
        let compiled = try compiled(problem, for: node)
        let source = try converted(
            try reshaped(x, to: problem.input, for: node), to: try layout(compiled.primitive, compiled.source, node),
            for: node)
        let filter = try weights(
            try inputID(node, 1), as: compiled.weightExtents,
            in: try layout(compiled.primitive, CDNN_ARG_WEIGHTS, node), for: node)
        let y = allocate(problem.output, try layout(compiled.primitive, compiled.destination, node))
        var arguments = [(compiled.source, source), (CDNN_ARG_WEIGHTS, filter), (compiled.destination, y)]
        if let bias = try bias(of: node, count: weightExtents[0]) { arguments.append((CDNN_ARG_BIAS, bias)) }
        try emit(node, compiled.primitive, arguments)
        return try reshaped(y, to: [1, weightExtents[0]], for: node)
    }
}
