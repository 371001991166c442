import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// How a convolution with few channels is computed by the phases of its output; nil where it is as well by itself.
    func phases(of convolution: Convolution, _ node: Node, input: [Int]) throws(ExecutionError) -> OutputPhases? {
        let output = shape(of: node.output).dimensions
        let products = shape(of: try inputID(node, 1)).dimensions.dropFirst().reduce(1, *)
        guard convolution.groups == 1, !isBlocked(output), products >= PlanBuilder.fewestProducts else { return nil }
        let extents = Array(input.dropFirst(2))
        return OutputPhases(
            ofConvolution: convolution.window, input: extents, output: Array(output.dropFirst(2)),
            begin: convolution.window.padding(for: extents).begin, channels: output[1])
    }

    /// Below so many products of an output, putting it where it belongs takes as long as computing it.
    private static let fewestProducts = 128

    /// Whether a tensor of these extents lies in blocks of channels here.
    func isBlocked(_ extents: [Int]) -> Bool { arrangement == .blocked && extents[1] >= 8 }

    /// Computes a convolution, or one that is transposed, by its phases, an activation behind it computed with it.
    ///
    /// - Parameter declared: the weights' extents, [O,C,k,k], or [C,O,k,k] or [G,C/G,O/G,k,k] where it `isTransposed`.
    func emit(
        _ node: Node, _ phases: OutputPhases, _ x: PlannedTensor, _ declared: [Int], isTransposed: Bool
    ) throws(ExecutionError) {
        let output = shape(of: node.output).dimensions
        // Relevance is shared out by the result itself, which must be seen then.
        let activation =
            request.derivatives.allSatisfy { $0.rule.relevance == nil } ? takeFollowingActivation(node) : nil
        let isBlocked = isBlocked(output)
        func order(_ extents: [Int]) throws(ExecutionError) -> Layout {
            try check(node) { () throws(KernelStatus) in
                isBlocked ? try Layout.blocked(extents) : try Layout.channelsLast(extents)
            }
        }
        var parts: [PlannedTensor] = []
        for group in phases.groups {
            let part = WeightStore.Part.taps(group.phases.map { $0.map(\.taps) }, isTransposed: isTransposed)
            let problem = ConvolutionProblem(
                phase: group, stride: phases.convolutionStride, input: x.extents, weights: declared,
                isTransposed: isTransposed, output: output, hasBias: node.input(2) != nil, activation: activation,
                isDifferentiated: isDifferentiated(node.output))
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
}

extension ConvolutionProblem {
    /// Phases of a convolution, or of one that is transposed.
    ///
    /// - Parameters:
    ///   - stride: of the convolution that computes the phases, by axis.
    ///   - weights: as declared, [O,C,k,k], or [C,O,k,k] or [G,C/G,O/G,k,k] where it `isTransposed`.
    ///   - output: [N,O,H,W] of all phases together.
    fileprivate init(
        phase group: OutputPhases.Group, stride: [Int], input: [Int], weights: [Int], isTransposed: Bool,
        output: [Int], hasBias: Bool, activation: FusedActivation?, isDifferentiated: Bool
    ) {
        var window = cdnn_window()
        window.spatial = 2
        for (axis, phase) in group.axes.enumerated() {
            window.set(
                axis, kernel: phase.taps.count, stride: stride[axis], dilation: phase.dilation, begin: phase.begin,
                end: phase.end)
        }
        let joined = group.phases.count
        var channels = Array(weights[(weights.count - 4)..<(weights.count - 2)])
        if isTransposed { channels.swapAt(0, 1) }
        self.init(
            direction: .forward, input: input,
            weights: weights.dropLast(4) + [joined * channels[0], channels[1]] + group.axes.map(\.taps.count),
            output: [output[0], joined * output[1]] + group.axes.map(\.computed), window: window, hasBias: hasBias,
            activation: activation, isDifferentiated: isDifferentiated)
    }
}
