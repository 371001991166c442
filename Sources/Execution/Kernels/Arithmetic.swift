import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// Two tensors value by value. Equal shapes only; anything to be broadcast is refused by name.
    func emitArithmetic(_ node: Node, _ kind: Arithmetic) throws(ExecutionError) {
        let a = try input(node, 0)
        let unaligned = try input(node, 1)
        guard a.extents == unaligned.extents else {
            throw .unsupported(
                node: node.name, operation: node.operation.name,
                reason: "shapes \(a.extents) and \(unaligned.extents) would have to be broadcast")
        }
        let b = try converted(unaligned, to: a.layout, for: node)
        set(node.output, try binary(kind.oneDNN, a, b, for: node))
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let passed: (a: PlannedTensor, b: PlannedTensor)
            switch kind {
            case .add: passed = (signal, signal)
            case .subtract: passed = (signal, try builder.scaled(signal, by: -1, for: node))
            case .multiply:
                let incoming = try builder.converted(signal, to: a.layout, for: node)
                passed = (
                    try builder.binary(CDNN_BINARY_MUL, incoming, b, for: node),
                    try builder.binary(CDNN_BINARY_MUL, incoming, a, for: node)
                )
            case .divide:
                let incoming = try builder.converted(signal, to: a.layout, for: node)
                let towardsA = try builder.binary(CDNN_BINARY_DIV, incoming, b, for: node)
                let product = try builder.binary(CDNN_BINARY_MUL, towardsA, a, for: node)
                let quotient = try builder.binary(CDNN_BINARY_DIV, product, b, for: node)
                passed = (towardsA, try builder.scaled(quotient, by: -1, for: node))
            }
            return [(try builder.inputID(node, 0), passed.a), (try builder.inputID(node, 1), passed.b)]
        }
    }

    /// a ∘ b, both in one layout.
    private func binary(
        _ kind: cdnn_binary_kind, _ a: PlannedTensor, _ b: PlannedTensor, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let result = allocate(a.extents, a.layout)
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive {
                cdnn_binary($0, engine.handle, kind, a.layout.handle, b.layout.handle, a.layout.handle)
            }
        }
        try emit(node, primitive, [(CDNN_ARG_SRC, a), (CDNN_ARG_SRC_1, b), (CDNN_ARG_DST, result)])
        return result
    }

    private func scaled(
        _ tensor: PlannedTensor, by factor: Float, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let result = allocate(tensor.extents, tensor.layout)
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive {
                cdnn_eltwise_forward($0, engine.handle, CDNN_ELTWISE_LINEAR, factor, 0, tensor.layout.handle)
            }
        }
        try emit(node, primitive, [(CDNN_ARG_SRC, tensor), (CDNN_ARG_DST, result)])
        return result
    }
}

extension Arithmetic {
    fileprivate var oneDNN: cdnn_binary_kind {
        switch self {
        case .add: CDNN_BINARY_ADD
        case .subtract: CDNN_BINARY_SUB
        case .multiply: CDNN_BINARY_MUL
        case .divide: CDNN_BINARY_DIV
        }
    }
}
