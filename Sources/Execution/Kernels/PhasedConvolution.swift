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

    /// How a signal goes back through a convolution with stride and few channels by the phases of what arrives; nil where
    /// the library's own way back makes as few products.
    ///
    /// - Parameter problem: the way back.
    func phasesBack(through convolution: Convolution, _ problem: ConvolutionProblem) -> OutputPhases? {
        guard convolution.groups == 1, joins(channels: problem.input) else { return nil }
        let extents = Array(problem.input.dropFirst(2))
        return OutputPhases(
            backThrough: convolution.window, input: Array(problem.output.dropFirst(2)), output: extents,
            begin: convolution.window.padding(for: extents).begin, channels: problem.input[1])
    }

    /// Whether phases of such an output may be channels of one convolution: where channels lie in blocks, a phase must begin
    /// with one.
    func joins(channels output: [Int]) -> Bool { !isBlocked(output) || output[1] % Layout.blockWidth == 0 }

    /// Computes a convolution, or one that is transposed, by its phases, an activation behind it computed with it.
    ///
    /// - Parameter declared: the weights' extents, [O,C,k,k], or [C,O,k,k] or [G,C/G,O/G,k,k] where it `isTransposed`.
    func emit(
        _ node: Node, _ phases: OutputPhases, _ x: PlannedTensor, _ declared: [Int], isTransposed: Bool
    ) throws(ExecutionError) {
        // Relevance is shared out by the result itself, which must be seen then.
        let activation =
            request.derivatives.allSatisfy { $0.rule.relevance == nil } ? takeFollowingActivation(node) : nil
        let y = try computed(
            PhasedProblem(
                phases: phases, weights: try inputID(node, 1), declared: declared, isTransposed: isTransposed,
                output: shape(of: node.output).dimensions, bias: node.input(2), activation: activation,
                isDifferentiated: isDifferentiated(node.output)),
            of: x, for: node)
        if let activation { recordFromResult(activation, output: y) }
        set(activation?.node.output ?? node.output, y)
    }

    func computed(
        _ problem: PhasedProblem, of x: PlannedTensor, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let output = problem.output
        let isBlocked = isBlocked(output)
        func order(_ extents: [Int]) throws(ExecutionError) -> Layout {
            try check(node) { () throws(KernelStatus) in
                isBlocked ? try Layout.blocked(extents) : try Layout.channelsLast(extents)
            }
        }
        var parts: [PlannedTensor] = []
        for group in problem.phases.groups {
            let part = WeightStore.Part.taps(
                group.phases.map { $0.map(\.taps) }, isTransposed: problem.isTransposed)
            let convolution = ConvolutionProblem(phase: group, of: problem, input: x.extents)
            let compiled = try compiled(convolution, for: node)
            let source = try converted(x, to: try layout(compiled.primitive, compiled.source, node), for: node)
            let filter = try weights(
                problem.weights, as: convolution.weights, in: try layout(compiled.primitive, CDNN_ARG_WEIGHTS, node),
                part: part, for: node)
            let result = allocate(convolution.output, try layout(compiled.primitive, compiled.destination, node))
            var arguments = [(compiled.source, source), (CDNN_ARG_WEIGHTS, filter), (compiled.destination, result)]
            if let bias = problem.bias {
                let channels = convolution.output[1]
                let repeated = try weights(
                    bias, as: [channels], in: try plainLayout([channels], for: node),
                    part: .repeated(group.phases.count), for: node)
                arguments.append((CDNN_ARG_BIAS, repeated))
            }
            try emit(node, compiled.primitive, arguments)
            parts.append(try converted(result, to: try order(convolution.output), for: node))
        }
        if problem.phases.stride == [1, 1] { return parts[0] }
        let y = allocate(output, try order(output))
        let interleaving = PhaseInterleaving(
            problem.phases, output: output, run: isBlocked ? Layout.blockWidth : output[1])
        emit(node, reading: parts, writing: [y]) { interleaving.run($0) }
        return y
    }
}

/// A convolution, or one that is transposed, that is computed by the phases of its output.
struct PhasedProblem {
    let phases: OutputPhases
    let weights: ValueID
    /// Extents of the weights: [O,C,k,k], or [C,O,k,k] or [G,C/G,O/G,k,k] where it `isTransposed`.
    let declared: [Int]
    let isTransposed: Bool
    /// [N,O,H,W] of all phases together.
    let output: [Int]
    var bias: ValueID?
    var activation: EltwiseActivation?
    /// Whether a derivative passes through the result.
    var isDifferentiated = false
}

extension ConvolutionProblem {
    /// The convolution that computes phases which share one.
    fileprivate init(phase group: OutputPhases.Group, of problem: PhasedProblem, input: [Int]) {
        var window = cdnn_window()
        window.spatial = 2
        for (axis, phase) in group.axes.enumerated() {
            window.set(
                axis, kernel: phase.taps.count, stride: problem.phases.convolutionStride[axis],
                dilation: phase.dilation, begin: phase.begin, end: phase.end)
        }
        let (joined, declared, output) = (group.phases.count, problem.declared, problem.output)
        var channels = Array(declared[(declared.count - 4)..<(declared.count - 2)])
        if problem.isTransposed { channels.swapAt(0, 1) }
        self.init(
            direction: .forward, input: input,
            weights: declared.dropLast(4) + [joined * channels[0], channels[1]] + group.axes.map(\.taps.count),
            output: [output[0], joined * output[1]] + group.axes.map(\.computed), window: window,
            hasBias: problem.bias != nil, activation: problem.activation,
            isDifferentiated: problem.isDifferentiated)
    }
}
