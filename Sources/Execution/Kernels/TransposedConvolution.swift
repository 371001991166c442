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
            return try emit(node, phases, x, weightExtents)
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

    // MARK: By phases

    /// How it is computed as convolutions of stride 1; nil where it is left to the library.
    private func phases(
        of convolution: TransposedConvolution, _ node: Node, input: [Int], begin: [Int]
    ) -> OutputPhases? {
        let output = shape(of: node.output).dimensions
        // Where channels lie in blocks, a phase must begin with one.
        let joins = convolution.groups == 1 && (arrangement != .blocked || output[1] % Layout.blockWidth == 0)
        return OutputPhases(
            convolution, input: Array(input.dropFirst(2)), output: Array(output.dropFirst(2)), begin: begin,
            joins: joins)
    }

    private func emit(
        _ node: Node, _ phases: OutputPhases, _ x: PlannedTensor, _ declared: [Int]
    ) throws(ExecutionError) {
        let output = shape(of: node.output).dimensions
        // Relevance is shared out by the result itself, which must be seen then.
        let activation =
            request.derivatives.allSatisfy { $0.rule.relevance == nil } ? takeFollowingActivation(node) : nil
        let isBlocked = arrangement == .blocked && output[1] >= 8
        func order(_ extents: [Int]) throws(ExecutionError) -> Layout {
            try check(node) { () throws(KernelStatus) in
                isBlocked ? try Layout.blocked(extents) : try Layout.channelsLast(extents)
            }
        }
        var parts: [PlannedTensor] = []
        for group in phases.groups {
            let part = WeightStore.Part.taps(group.phases.map { $0.map(\.taps) })
            let problem = ConvolutionProblem(
                phase: group, input: x.extents, weights: declared, output: output, hasBias: node.input(2) != nil,
                activation: activation, isDifferentiated: isDifferentiated(node.output))
            let compiled = try compiled(problem, for: node)
            let source = try converted(x, to: try layout(compiled.primitive, compiled.source, node), for: node)
            let filter = try weights(
                try inputID(node, 1), as: problem.weights, in: try layout(compiled.primitive, CDNN_ARG_WEIGHTS, node),
                part: part, for: node)
            let result = allocate(problem.output, try layout(compiled.primitive, compiled.destination, node))
            var arguments = [(compiled.source, source), (CDNN_ARG_WEIGHTS, filter), (compiled.destination, result)]
            if let bias = node.input(2) {
                let channels = problem.output[1]
                let repeated = try weights(
                    bias, as: [channels], in: try plainLayout([channels], for: node),
                    part: .repeated(group.phases.count), for: node)
                arguments.append((CDNN_ARG_BIAS, repeated))
            }
            try emit(node, compiled.primitive, arguments)
            parts.append(try converted(result, to: try order(problem.output), for: node))
        }
        let y: PlannedTensor
        if phases.stride == [1, 1] {
            y = parts[0]
        } else {
            y = allocate(output, try order(output))
            let interleaving = PhaseInterleaving(
                phases, output: output, run: isBlocked ? Layout.blockWidth : output[1])
            emit(node, reading: parts, writing: [y]) { interleaving.run($0) }
        }
        if let activation { recordFused(activation, output: y) }
        set(activation?.node.output ?? node.output, y)
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

extension ConvolutionProblem {
    /// Phases of a transposed convolution.
    ///
    /// - Parameters:
    ///   - weights: as declared, [C,O,k,k] or [G,C/G,O/G,k,k].
    ///   - output: [N,O,H,W] of all phases together.
    fileprivate init(
        phase group: OutputPhases.Group, input: [Int], weights: [Int], output: [Int], hasBias: Bool,
        activation: FusedActivation?, isDifferentiated: Bool
    ) {
        var window = cdnn_window()
        window.spatial = 2
        for (axis, phase) in group.axes.enumerated() {
            window.set(
                axis, kernel: phase.taps.count, stride: 1, dilation: phase.dilation, begin: phase.begin, end: phase.end)
        }
        let joined = group.phases.count
        let channels = weights.count - 3
        self.init(
            direction: .forward, input: input,
            weights: weights.prefix(channels - 1)
                + [joined * weights[channels], weights[channels - 1]] + group.axes.map(\.taps.count),
            output: [output[0], joined * output[1]] + group.axes.map(\.count), window: window, hasBias: hasBias,
            activation: activation, isDifferentiated: isDifferentiated)
    }
}
