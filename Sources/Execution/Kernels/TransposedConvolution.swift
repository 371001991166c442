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
        recordTransposedConvolution(node, weightExtents, input: x.extents, convolution, begin: output.begin)
        if let phases = phases(of: convolution, node, input: x.extents, begin: output.begin) {
            return try emit(node, phases, x, weightExtents, isTransposed: true)
        }
        var window = cdnn_window(undoing: convolution, input: x.extents, output: outputExtents, begin: output.begin)
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
    }

    /// Back it is the convolution, whose kernel is chosen as any other's.
    private func recordTransposedConvolution(
        _ node: Node, _ weights: [Int], input: [Int], _ convolution: TransposedConvolution, begin: [Int]
    ) {
        let output = shape(of: node.output).dimensions
        let problem = ConvolutionProblem(
            direction: .forward, input: output, weights: weights, output: input,
            window: cdnn_window(undoing: convolution, input: input, output: output, begin: begin))
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let compiled = try builder.compiled(problem, for: node)
            let incoming = try builder.converted(
                signal, to: try builder.layout(compiled.primitive, compiled.source, node), for: node)
            let filter = try builder.weights(
                try builder.inputID(node, 1), as: weights,
                in: try builder.layout(compiled.primitive, CDNN_ARG_WEIGHTS, node), for: node)
            let passed = builder.allocate(
                input, try builder.layout(compiled.primitive, compiled.destination, node))
            try builder.emit(
                node, compiled.primitive,
                [(compiled.source, incoming), (CDNN_ARG_WEIGHTS, filter), (compiled.destination, passed)])
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    /// How it is computed as convolutions of stride 1; nil where it is left to the library.
    private func phases(
        of convolution: TransposedConvolution, _ node: Node, input: [Int], begin: [Int]
    ) -> OutputPhases? {
        let output = shape(of: node.output).dimensions
        let joins = convolution.groups == 1 && joins(channels: output)
        return OutputPhases(
            transposing: convolution.window, input: Array(input.dropFirst(2)), output: Array(output.dropFirst(2)),
            begin: begin,
            channels: joins ? output[1] : nil)
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
}

extension cdnn_window {
    /// The window of the convolution that a transposed convolution undoes: it reads what that makes.
    ///
    /// - Parameter begin: what is cut off the unpadded result's beginning, by axis.
    fileprivate init(undoing convolution: TransposedConvolution, input: [Int], output: [Int], begin: [Int]) {
        var window = convolution.window
        window.padding = .explicit(begin: begin, end: begin.map { _ in 0 })
        self.init(window, input: Array(output.dropFirst(2)), output: Array(input.dropFirst(2)))
    }
}
