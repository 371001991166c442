import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// y = W∗x + b; a sum with another tensor and an activation behind it are computed with it. Source of the backward step:
    /// its vector-Jacobian product is the transposed convolution Wᵀ.
    func emitConvolution(_ node: Node, _ convolution: Convolution) throws(ExecutionError) {
        if !convolution.isExact {
            if let line = try lineConvolution(node, convolution) { return try emit(node, line) }
            if let product = try eightBitProduct(node, convolution) { return try emit(node, product) }
        }
        let x = try input(node, 0)
        let outputExtents = shape(of: node.output).dimensions
        let weightExtents = convolutionWeightExtents(
            shape(of: try inputID(node, 1)).dimensions, groups: convolution.groups)
        let window = cdnn_window(
            convolution.window, input: Array(x.extents.dropFirst(2)), output: Array(outputExtents.dropFirst(2)))
        recordConvolution(
            node, convolution,
            ConvolutionProblem(
                direction: .backward, input: x.extents, weights: weightExtents, output: outputExtents, window: window))
        if !convolution.isExact, let phases = try phases(of: convolution, node, input: x.extents) {
            return try emit(node, phases, x, weightExtents, isTransposed: false)
        }
        let sum = takeFollowingSum(node)
        let activation = takeFollowingActivation(sum?.node ?? node)
        var problem = ConvolutionProblem(
            direction: .forward, input: x.extents, weights: weightExtents, output: outputExtents, window: window,
            hasBias: node.input(2) != nil, activation: activation, isDifferentiated: isDifferentiated(node.output))
        if let sum { problem.residual = isLastUse(of: sum.other, by: sum.node) ? .inPlace : .beside }

        let compiled = try convolution.isExact ? standard(problem, for: node) : compiled(problem, for: node)
        var arguments = [
            (compiled.source, try converted(x, to: try layout(compiled.primitive, compiled.source, node), for: node)),
            (CDNN_ARG_WEIGHTS, try weights(try inputID(node, 1), for: compiled, of: node)),
        ]
        if let bias = try bias(of: node, count: outputExtents[1]) { arguments.append((CDNN_ARG_BIAS, bias)) }
        let destination = try layout(compiled.primitive, compiled.destination, node)
        var y: PlannedTensor
        switch (sum, compiled.residual) {
        case (let sum?, .inPlace):
            y = try converted(sum.other, to: destination, for: node)
            // What others still read is copied before it is added to.
            if problem.residual == .beside, y.buffer == sum.other.buffer { y = try copied(y, for: node) }
        case (let sum?, .beside):
            y = allocate(outputExtents, destination)
            arguments.append((.postOp(0), try converted(sum.other, to: destination, for: node)))
        default:
            y = allocate(outputExtents, destination)
        }
        arguments.append((compiled.destination, y))
        try emit(node, compiled.primitive, arguments)

        var last = node
        if let sum {
            recordSum(sum.node)
            last = sum.node
        }
        if let activation {
            recordFromResult(activation, output: y)
            last = activation.node
        }
        set(last.output, y)
    }

    private func recordConvolution(_ node: Node, _ convolution: Convolution, _ problem: ConvolutionProblem) {
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let inputID = try builder.inputID(node, 0)
            if !convolution.isExact, let phases = builder.phasesBack(through: convolution, problem) {
                let weightID = try builder.inputID(node, 1)
                let passed = try builder.computed(
                    PhasedProblem(
                        phases: phases, weights: weightID, declared: problem.weights, isTransposed: true,
                        output: problem.input),
                    of: signal, for: node)
                return [(inputID, passed)]
            }
            var compiled = try builder.compiled(problem, for: node)
            let destination = try builder.layout(compiled.primitive, compiled.destination, node)
            var passed: PlannedTensor?
            if let other = builder.arrived.takeToAddTo(at: inputID, in: destination, from: signal) {
                // What has come to the input another way is added where it lies, if the kernel can.
                if let adding = builder.adding(compiled, of: problem) {
                    (compiled, passed) = (adding, other)
                } else {
                    builder.arrived.add(other, at: inputID)
                }
            }
            let result = passed ?? builder.allocate(problem.input, destination)
            let incoming = try builder.converted(
                signal, to: try builder.layout(compiled.primitive, compiled.source, node), for: node)
            let filter = try builder.weights(try builder.inputID(node, 1), for: compiled, of: node)
            try builder.emit(
                node, compiled.primitive,
                [(compiled.source, incoming), (CDNN_ARG_WEIGHTS, filter), (compiled.destination, result)])
            return [(inputID, result)]
        }
    }

    /// A sum that was computed with the convolution before it passes the signal on to both.
    private func recordSum(_ node: Node) {
        record(node) { (builder, signal, _) throws(ExecutionError) in
            [(try builder.inputID(node, 0), signal), (try builder.inputID(node, 1), signal)]
        }
    }

    private func weights(
        _ value: ValueID, for compiled: ConvolutionProblem.Compiled, of node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        try weights(
            value, as: compiled.weightExtents, in: try layout(compiled.primitive, CDNN_ARG_WEIGHTS, node),
            part: compiled.turnsWeights ? .turned() : .all, for: node)
    }

    /// oneDNN separates the groups: [O, I/G, k…] → [G, O/G, I/G, k…].
    func convolutionWeightExtents(_ extents: [Int], groups: Int) -> [Int] {
        groups == 1 ? extents : [groups, extents[0] / groups] + extents.dropFirst()
    }

    // MARK: Small helpers of all kernels

    func inputID(_ node: Node, _ position: Int) throws(ExecutionError) -> ValueID {
        guard let value = node.input(position) else {
            throw .unsupported(
                node: node.name, operation: node.operation.name, reason: "input \(position) is missing")
        }
        return value
    }

    func input(_ node: Node, _ position: Int) throws(ExecutionError) -> PlannedTensor {
        try tensor(try inputID(node, position), for: node)
    }

    func layout(_ primitive: Primitive, _ argument: cdnn_argument, _ node: Node) throws(ExecutionError) -> Layout {
        try check(node) { () throws(KernelStatus) in try primitive.requiredLayout(argument) }
    }
}

extension cdnn_argument {
    /// The second source of the binary post-op at a position.
    static func postOp(_ position: UInt32) -> cdnn_argument {
        cdnn_argument(rawValue: CDNN_ARG_POST_OP_0.rawValue + position)
    }
}

extension cdnn_window {
    /// The window for these spatial extents. The padding at the end is what the output needs, which is less than
    /// declared where the stride leaves a rest and more where the output was rounded up.
    init(_ window: Window, input: [Int], output: [Int]) {
        self.init()
        spatial = Int32(input.count)
        let begin = window.padding(for: input).begin
        for axis in input.indices {
            let needed = (output[axis] - 1) * window.stride[axis] + window.span(axis) - input[axis] - begin[axis]
            set(
                axis, kernel: window.kernel[axis], stride: window.stride[axis], dilation: window.dilation[axis],
                begin: begin[axis], end: needed)
        }
    }

    /// A dense window of the whole input.
    init(covering input: [Int]) {
        self.init()
        spatial = Int32(input.count)
        for axis in input.indices { set(axis, kernel: input[axis], stride: 1, dilation: 1, begin: 0, end: 0) }
    }

    mutating func set(_ axis: Int, kernel: Int, stride: Int, dilation: Int, begin: Int, end: Int) {
        // C arrays are tuples in Swift.
        func store(_ value: Int, _ field: WritableKeyPath<cdnn_window, (Int64, Int64, Int64)>) {
            switch axis {
            case 0: self[keyPath: field].0 = Int64(value)
            case 1: self[keyPath: field].1 = Int64(value)
            default: self[keyPath: field].2 = Int64(value)
            }
        }
        store(kernel, \.kernel)
        store(stride, \.stride)
        store(dilation, \.dilation)
        store(begin, \.pad_begin)
        store(end, \.pad_end)
    }
}
