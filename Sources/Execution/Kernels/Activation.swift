import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// A function of each value by itself, in the layout its input has.
    func emitActivation(_ node: Node, _ activation: Activation) throws(ExecutionError) {
        let x = try input(node, 0)
        let y = allocate(x.extents, x.layout)
        let (kind, alpha, beta) = activation.oneDNN
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive { cdnn_eltwise_forward($0, engine.handle, kind, alpha, beta, x.layout.handle) }
        }
        try emit(node, primitive, [(CDNN_ARG_SRC, x), (CDNN_ARG_DST, y)])
        set(node.output, y)
        if activation == .relu {
            recordReLU(node, output: y)
            return
        }
        record(node) { (builder, signal, _) throws(ExecutionError) in
            [
                (
                    try builder.inputID(node, 0),
                    try builder.eltwiseBackward(signal, node, kind, alpha, beta, data: x, argument: CDNN_ARG_SRC)
                )
            ]
        }
    }

    /// At a ReLU the backward rule decides. What was positive before it is positive behind it, so the output tells.
    func recordReLU(_ node: Node, output y: PlannedTensor) {
        record(node) { (builder, signal, rule) throws(ExecutionError) in
            var passed = signal
            if rule.masksInactive {
                passed = try builder.eltwiseBackward(
                    passed, node, CDNN_ELTWISE_RELU_FROM_DST, 0, 0, data: y, argument: CDNN_ARG_DST)
            }
            if rule.rectifiesSignal { passed = try builder.rectified(passed, node) }
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    private func eltwiseBackward(
        _ signal: PlannedTensor, _ node: Node, _ kind: cdnn_eltwise, _ alpha: Float, _ beta: Float,
        data: PlannedTensor, argument: cdnn_argument
    ) throws(ExecutionError) -> PlannedTensor {
        let incoming = try converted(signal, to: data.layout, for: node)
        let passed = allocate(data.extents, data.layout)
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
        let result = allocate(signal.extents, signal.layout)
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive {
                cdnn_eltwise_forward($0, engine.handle, CDNN_ELTWISE_RELU, 0, 0, signal.layout.handle)
            }
        }
        try emit(node, primitive, [(CDNN_ARG_SRC, signal), (CDNN_ARG_DST, result)])
        return result
    }
}

extension Activation {
    fileprivate var oneDNN: (kind: cdnn_eltwise, alpha: Float, beta: Float) {
        switch self {
        case .relu: (CDNN_ELTWISE_RELU, 0, 0)
        case .leakyRelu(let slope): (CDNN_ELTWISE_RELU, slope, 0)
        case .elu(let alpha): (CDNN_ELTWISE_ELU, alpha, 0)
        case .sigmoid: (CDNN_ELTWISE_LOGISTIC, 0, 0)
        case .tanh: (CDNN_ELTWISE_TANH, 0, 0)
        case .clip(let lowest, let highest): (CDNN_ELTWISE_CLIP, lowest, highest)
        }
    }
}
