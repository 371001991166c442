import CDNN
import Networks
import Tensors

// Convolutions and fully-connected layers as linear maps of their input, with the positive or the negative weights
// alone, as relevance propagation needs them.

extension PlanBuilder {
    /// W∗x + b with the weights and the bias of one sign, or with all; nothing is fused.
    func applied(
        _ node: Node, to x: PlannedTensor, weights sign: WeightStore.Sign? = nil, hasBias: Bool
    ) throws(ExecutionError) -> PlannedTensor {
        let linear = try linear(node, inputExtents: x.extents)
        let biasID = hasBias ? node.input(2) : nil
        let x = linear.window == nil ? try reshaped(x, to: linear.inputExtents, for: node) : x
        let compiled: ConvolutionProblem.Compiled
        if let window = linear.window {
            var problem = linear.problem(.forward, window)
            problem.hasBias = biasID != nil
            problem.isDifferentiated = true
            compiled = try self.compiled(problem, for: node)
        } else {
            let primitive = try check(node) { () throws(KernelStatus) in
                let source = try Layout.plain(linear.inputExtents)
                let filter = try Layout.any(linear.weightExtents)
                let bias = try biasID == nil ? nil : Layout.plain([linear.outputExtents[1]])
                let destination = try Layout.plain(linear.outputExtents)
                return try Primitive {
                    cdnn_inner_product_forward(
                        $0, engine.handle, source.handle, filter.handle, bias?.handle, destination.handle, 0, nil)
                }
            }
            compiled = linear.compiled(primitive, from: CDNN_ARG_SRC, to: CDNN_ARG_DST)
        }
        var bias: [(cdnn_argument, PlannedTensor)] = []
        if let biasID {
            let extents = [linear.outputExtents[1]]
            let layout = try plainLayout(extents, for: node)
            let part = sign.map(WeightStore.Part.signed) ?? .all
            bias = [(CDNN_ARG_BIAS, try weights(biasID, as: extents, in: layout, part: part, for: node))]
        }
        let y = try emitLinear(node, compiled, x, to: linear.outputExtents, weights: sign, bias)
        return linear.window == nil ? try reshaped(y, to: shape(of: node.output).dimensions, for: node) : y
    }

    /// Wᵀ applied to a signal at the node's output, with the weights of one sign, or with all.
    func transposed(
        _ node: Node, to signal: PlannedTensor, inputExtents: [Int], weights sign: WeightStore.Sign? = nil
    ) throws(ExecutionError) -> PlannedTensor {
        let linear = try linear(node, inputExtents: inputExtents)
        if let window = linear.window {
            let compiled = try self.compiled(linear.problem(.backward, window), for: node)
            return try emitLinear(node, compiled, signal, to: inputExtents, weights: sign)
        }
        let signal = try reshaped(signal, to: linear.outputExtents, for: node)
        let primitive = try check(node) { () throws(KernelStatus) in
            let sourceGradient = try Layout.plain(linear.inputExtents)
            let filter = try Layout.any(linear.weightExtents)
            let destinationGradient = try Layout.plain(linear.outputExtents)
            return try Primitive {
                cdnn_inner_product_backward(
                    $0, engine.handle, sourceGradient.handle, filter.handle, destinationGradient.handle)
            }
        }
        let compiled = linear.compiled(primitive, from: CDNN_ARG_DIFF_DST, to: CDNN_ARG_DIFF_SRC)
        let passed = try emitLinear(node, compiled, signal, to: linear.inputExtents, weights: sign)
        return try reshaped(passed, to: inputExtents, for: node)
    }

    private func emitLinear(
        _ node: Node, _ compiled: ConvolutionProblem.Compiled, _ tensor: PlannedTensor, to extents: [Int],
        weights sign: WeightStore.Sign?, _ bias: [(cdnn_argument, PlannedTensor)] = []
    ) throws(ExecutionError) -> PlannedTensor {
        let source = try converted(tensor, to: try layout(compiled.primitive, compiled.source, node), for: node)
        let part = compiled.turnsWeights ? WeightStore.Part.turned(sign) : sign.map(WeightStore.Part.signed) ?? .all
        let filter = try weights(
            try inputID(node, 1), as: compiled.weightExtents,
            in: try layout(compiled.primitive, CDNN_ARG_WEIGHTS, node), part: part, for: node)
        let result = allocate(extents, try layout(compiled.primitive, compiled.destination, node))
        try emit(
            node, compiled.primitive,
            [(compiled.source, source), (CDNN_ARG_WEIGHTS, filter)] + bias + [(compiled.destination, result)])
        return result
    }

    private struct Linear {
        let weightExtents: [Int]
        /// The extents as the kernel sees them: a fully-connected layer's are [rows, values].
        let inputExtents: [Int]
        let outputExtents: [Int]
        /// The convolution's window; nil for a fully-connected layer.
        let window: cdnn_window?

        func problem(_ direction: ConvolutionProblem.Direction, _ window: cdnn_window) -> ConvolutionProblem {
            ConvolutionProblem(
                direction: direction, input: inputExtents, weights: weightExtents, output: outputExtents,
                window: window)
        }

        func compiled(
            _ primitive: Primitive, from source: cdnn_argument, to destination: cdnn_argument
        ) -> ConvolutionProblem.Compiled {
            ConvolutionProblem.Compiled(
                primitive: primitive, algorithm: nil, source: source, destination: destination,
                weightExtents: weightExtents, residual: .none)
        }
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
        return Linear(
            weightExtents: convolutionWeightExtents(weightExtents, groups: convolution.groups),
            inputExtents: inputExtents, outputExtents: outputExtents,
            window: cdnn_window(
                convolution.window, input: Array(inputExtents.dropFirst(2)), output: Array(outputExtents.dropFirst(2)))
        )
    }
}
