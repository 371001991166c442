import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// Products of computed matrices. Back: Ā = Ȳ·Bᵀ and B̄ = Aᵀ·Ȳ, summed over the axes that were broadcast.
    func emitMatrixProduct(_ node: Node) throws(ExecutionError) {
        let operands = [try plain(try input(node, 0), for: node), try plain(try input(node, 1), for: node)]
        // A vector is a matrix of one row, or of one column.
        let a = operands[0].extents.count == 1 ? [1] + operands[0].extents : operands[0].extents
        let b = operands[1].extents.count == 1 ? operands[1].extents + [1] : operands[1].extents
        let rows = a[a.count - 2]
        let inner = a[a.count - 1]
        let columns = b[b.count - 1]
        let leading = broadcast(Array(a.dropLast(2)), Array(b.dropLast(2)))
        let batch = leading.reduce(1, *)

        let left = try batched(operands[0], a, leading, for: node)
        let right = try batched(operands[1], b, leading, for: node)
        let y = try product(left, right, [batch, rows, columns], for: node)
        set(node.output, try reshaped(y, to: shape(of: node.output).dimensions, for: node))

        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.reshaped(signal, to: [batch, rows, columns], for: node)
            var passed: [(input: ValueID, signal: PlannedTensor)] = []
            for (position, extents) in [a, b].enumerated() {
                let value = try builder.inputID(node, position)
                guard builder.isDifferentiated(value) else { continue }
                let full =
                    position == 0
                    ? try builder.product(
                        incoming, try builder.transposed(right, for: node), [batch, rows, inner], for: node)
                    : try builder.product(
                        try builder.transposed(left, for: node), incoming, [batch, inner, columns], for: node)
                let unfolded = try builder.reshaped(full, to: leading + extents.suffix(2), for: node)
                let own = try builder.summed(unfolded, to: extents, for: node)
                passed.append((value, try builder.reshaped(own, to: operands[position].extents, for: node)))
            }
            return passed
        }
    }

    private func broadcast(_ a: [Int], _ b: [Int]) -> [Int] {
        let rank = max(a.count, b.count)
        func padded(_ extents: [Int]) -> [Int] { Array(repeating: 1, count: rank - extents.count) + extents }
        return zip(padded(a), padded(b)).map { $0 == 1 ? $1 : $0 }
    }

    /// The matrices one behind the other, [batch, …, …].
    private func batched(
        _ tensor: PlannedTensor, _ extents: [Int], _ leading: [Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let full = leading + extents.suffix(2)
        var matrices = try reshaped(tensor, to: extents, for: node)
        if extents != full { matrices = try spread(matrices, to: full, for: node) }
        return try reshaped(matrices, to: [leading.reduce(1, *)] + extents.suffix(2), for: node)
    }

    /// Rows and columns exchanged without moving anything.
    private func transposed(_ tensor: PlannedTensor, for node: Node) throws(ExecutionError) -> PlannedTensor {
        let (batch, rows, columns) = (tensor.extents[0], tensor.extents[1], tensor.extents[2])
        var result = tensor
        result.extents = [batch, columns, rows]
        result.layout = try check(node) { () throws(KernelStatus) in
            try Layout.strided([batch, columns, rows], [rows * columns, 1, columns])
        }
        return result
    }

    /// [batch,M,K] times [batch,K,N].
    func product(
        _ a: PlannedTensor, _ b: PlannedTensor, _ extents: [Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let y = try allocatePlain(extents, for: node)
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive {
                cdnn_matmul($0, engine.handle, a.layout.handle, b.layout.handle, nil, y.layout.handle)
            }
        }
        try emit(node, primitive, [(CDNN_ARG_SRC, a), (CDNN_ARG_WEIGHTS, b), (CDNN_ARG_DST, y)])
        return y
    }
}
