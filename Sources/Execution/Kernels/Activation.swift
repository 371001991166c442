import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// A function of each value by itself, in the layout its input has.
    func emitActivation(_ node: Node, _ activation: Activation) throws(ExecutionError) {
        switch activation.implementation {
        case .oneDNN(let kind, let alpha, let beta):
            try emitEltwise(EltwiseActivation(node: node, kind: kind, alpha: alpha, beta: beta))
        case .own(let function): try emitScalar(node, function)
        }
    }

    private func emitEltwise(_ function: EltwiseActivation) throws(ExecutionError) {
        let (node, kind, alpha, beta) = (function.node, function.kind, function.alpha, function.beta)
        let x = try input(node, 0)
        let y = allocate(x.extents, x.layout, over: x, for: node)
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive { cdnn_eltwise_forward($0, engine.handle, kind, alpha, beta, x.layout.handle) }
        }
        try emit(node, primitive, [(CDNN_ARG_SRC, x), (CDNN_ARG_DST, y)])
        set(node.output, y)
        if function.kindFromResult != nil { return recordFromResult(function, output: y) }
        record(node) { (builder, signal, _) throws(ExecutionError) in
            [
                (
                    try builder.inputID(node, 0),
                    try builder.eltwiseBackward(signal, node, kind, alpha, beta, data: x, argument: CDNN_ARG_SRC)
                )
            ]
        }
    }

    // MARK: Fusion

    /// The activation that alone reads the node's output and may be computed with it: nobody wants to see the value
    /// between, and a derivative, where one passes, can be told from the result.
    func takeFollowingActivation(_ node: Node) -> EltwiseActivation? {
        guard let reader = onlyReader(of: node), case .activation(let activation) = reader.operation,
            case .oneDNN(let kind, let alpha, let beta) = activation.implementation
        else { return nil }
        let fused = EltwiseActivation(node: reader, kind: kind, alpha: alpha, beta: beta)
        guard fused.kindFromResult != nil || !isDifferentiated(reader.output) else { return nil }
        noteFused(reader)
        return fused
    }

    /// Notes how a signal goes back through an activation whose derivative its result tells, as it must where it is
    /// computed with the node before it. At a rectifier the backward rule decides.
    func recordFromResult(_ function: EltwiseActivation, output y: PlannedTensor) {
        let node = function.node
        guard let kind = function.kindFromResult else { return }
        record(node) { (builder, signal, rule) throws(ExecutionError) in
            let inputID = try builder.inputID(node, 0)
            guard node.operation.isRectifier, rule.rectifiesSignal else {
                let passed = try builder.eltwiseBackward(
                    signal, node, kind, function.alpha, function.beta, data: y, argument: CDNN_ARG_DST)
                return [(inputID, passed)]
            }
            var passed = signal
            if rule.masksInactive {
                passed = try builder.eltwiseBackward(
                    passed, node, CDNN_ELTWISE_RELU_FROM_DST, 0, 0, data: y, argument: CDNN_ARG_DST)
            }
            return [(inputID, try builder.rectified(passed, node))]
        }
    }

    private func eltwiseBackward(
        _ signal: PlannedTensor, _ node: Node, _ kind: cdnn_eltwise, _ alpha: Float, _ beta: Float,
        data: PlannedTensor, argument: cdnn_argument
    ) throws(ExecutionError) -> PlannedTensor {
        let incoming = try converted(signal, to: data.layout, for: node)
        let passed = allocate(over: incoming)
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive {
                cdnn_eltwise_backward(
                    $0, engine.handle, kind, alpha, beta, data.layout.handle, data.layout.handle)
            }
        }
        try emit(
            node, primitive, [(CDNN_ARG_DIFF_DST, incoming), (argument, data), (CDNN_ARG_DIFF_SRC, passed)])
        return passed
    }

    private func rectified(_ signal: PlannedTensor, _ node: Node) throws(ExecutionError) -> PlannedTensor {
        let result = allocate(over: signal)
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive {
                cdnn_eltwise_forward($0, engine.handle, CDNN_ELTWISE_RELU, 0, 0, signal.layout.handle)
            }
        }
        try emit(node, primitive, [(CDNN_ARG_SRC, signal), (CDNN_ARG_DST, result)])
        return result
    }

    // MARK: Kernels of our own

    func emitScalar<Function: ScalarFunction>(_ node: Node, _ function: Function) throws(ExecutionError) {
        let x = try dense(try input(node, 0), for: node)
        let y = allocate(x.extents, x.layout, over: x, for: node)
        let count = x.extents.reduce(1, *)
        emit(node, reading: [x], writing: [y]) { addresses in
            let x = addresses[0].assumingMemoryBound(to: Float.self)
            let y = addresses[1].assumingMemoryBound(to: Float.self)
            for index in 0..<count { y[index] = function.value(x[index]) }
        }
        set(node.output, y)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.converted(signal, to: x.layout, for: node)
            let passed = builder.allocate(over: incoming)
            builder.emit(node, reading: [x, incoming], writing: [passed]) { addresses in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                let (x, incoming, passed) = (pointers[0], pointers[1], pointers[2])
                for index in 0..<count { passed[index] = incoming[index] * function.slope(x[index]) }
            }
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    /// The tensor in a layout without padding: blocked layouts must keep zeros there.
    private func dense(_ tensor: PlannedTensor, for node: Node) throws(ExecutionError) -> PlannedTensor {
        tensor.layout.byteCount == tensor.extents.reduce(1, *) * MemoryLayout<Float>.stride
            ? tensor : try plain(tensor, for: node)
    }
}

/// An activation that is one of oneDNN's functions of each value, which may be computed with the node before it.
struct EltwiseActivation {
    let node: Node
    fileprivate let kind: cdnn_eltwise
    fileprivate let alpha: Float
    fileprivate let beta: Float

    var postOp: cdnn_post_op {
        var operation = cdnn_post_op()
        operation.kind = CDNN_POST_ELTWISE
        operation.eltwise = kind
        operation.alpha = alpha
        operation.beta = beta
        return operation
    }

    /// The part of a problem's key that names the activation; its numbers do not change the speed.
    var key: String { "activation \(kind.rawValue)" }

    /// The same with a derivative that reads the result alone.
    fileprivate var kindFromResult: cdnn_eltwise? {
        switch kind {
        case CDNN_ELTWISE_RELU where alpha == 0: CDNN_ELTWISE_RELU_FROM_DST
        case CDNN_ELTWISE_CLIP: CDNN_ELTWISE_CLIP_FROM_DST
        default: nil
        }
    }
}

extension Activation {
    fileprivate enum Implementation {
        case oneDNN(cdnn_eltwise, alpha: Float, beta: Float)
        case own(any ScalarFunction)
    }

    fileprivate var implementation: Implementation {
        switch self {
        case .relu: .oneDNN(CDNN_ELTWISE_RELU, alpha: 0, beta: 0)
        case .leakyRelu(let slope): .oneDNN(CDNN_ELTWISE_RELU, alpha: slope, beta: 0)
        case .elu(let alpha): .oneDNN(CDNN_ELTWISE_ELU, alpha: alpha, beta: 0)
        case .sigmoid: .oneDNN(CDNN_ELTWISE_LOGISTIC, alpha: 0, beta: 0)
        case .hardSigmoid(let alpha, let beta): .own(HardSigmoid(alpha: alpha, beta: beta))
        case .hardSwish: .oneDNN(CDNN_ELTWISE_HARDSWISH, alpha: 0, beta: 0)
        case .silu: .oneDNN(CDNN_ELTWISE_SWISH, alpha: 1, beta: 0)
        case .tanh: .oneDNN(CDNN_ELTWISE_TANH, alpha: 0, beta: 0)
        case .softplus: .oneDNN(CDNN_ELTWISE_SOFT_RELU, alpha: 0, beta: 0)
        case .softsign: .own(Softsign())
        case .mish: .oneDNN(CDNN_ELTWISE_MISH, alpha: 0, beta: 0)
        case .gelu(isApproximate: false): .oneDNN(CDNN_ELTWISE_GELU_ERF, alpha: 0, beta: 0)
        case .gelu(isApproximate: true): .oneDNN(CDNN_ELTWISE_GELU_TANH, alpha: 0, beta: 0)
        case .clip(let lowest, let highest): .oneDNN(CDNN_ELTWISE_CLIP, alpha: lowest, beta: highest)
        case .linear(let factor, let summand): .oneDNN(CDNN_ELTWISE_LINEAR, alpha: factor, beta: summand)
        case .erf: .own(ErrorFunction())
        case .exponential: .oneDNN(CDNN_ELTWISE_EXP, alpha: 0, beta: 0)
        case .logarithm: .oneDNN(CDNN_ELTWISE_LOG, alpha: 0, beta: 0)
        case .squareRoot: .oneDNN(CDNN_ELTWISE_SQRT, alpha: 0, beta: 0)
        case .absolute: .oneDNN(CDNN_ELTWISE_ABS, alpha: 0, beta: 0)
        case .reciprocal: .own(Reciprocal())
        case .power(exponent: 2): .own(Square())
        case .power(exponent: 3): .own(Cube())
        case .power(let exponent): .own(FixedPower(exponent: exponent))
        case .trigonometric(let function): .own(function)
        case .thresholdedRelu(let threshold): .own(ThresholdedRelu(threshold: threshold))
        case .shrink(let threshold, let bias): .own(Shrinkage(threshold: threshold, bias: bias))
        case .rounding(let kind): .own(StepFunction(kind: kind))
        case .narrowing(let format, let saturates, let direction):
            .own(Narrowing(format: format, saturates: saturates, direction: direction))
        }
    }
}
