import CDNN
import Networks
import Tensors

/// A tensor whose axes have labels; one that comes twice is walked along the diagonal.
private struct LabelledTensor {
    let tensor: PlannedTensor
    let labels: [Int]
}

extension PlanBuilder {
    /// A sum of products in Einstein's notation. Two operands whose axes fall into those of batches, rows, columns and the
    /// sum are multiplied as matrices; all else is summed product by product. Back: the signal times the other operands, in
    /// the same notation.
    func emitEinsum(_ node: Node, _ einsum: Einsum) throws(ExecutionError) {
        var tensors: [PlannedTensor] = []
        for position in node.inputs.indices { tensors.append(try plain(try input(node, position), for: node)) }
        guard let resolved = einsum.resolved(for: tensors.map(\.extents)) else {
            throw .unsupported(
                node: node.name, operation: node.operation.name, reason: "its operands do not fit its equation")
        }
        let operands = zip(tensors, resolved.operands).map { LabelledTensor(tensor: $0, labels: $1) }
        let extents = shape(of: node.output).dimensions
        let y = try contracted(operands, to: resolved.result, extents, resolved.extents, for: node)
        set(node.output, y)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = LabelledTensor(tensor: try builder.plain(signal, for: node), labels: resolved.result)
            var passed: [(input: ValueID, signal: PlannedTensor)] = []
            for (position, operand) in operands.enumerated() {
                let value = try builder.inputID(node, position)
                guard builder.isDifferentiated(value) else { continue }
                var others = operands
                others[position] = incoming
                let own = try builder.contracted(
                    others, to: operand.labels, operand.tensor.extents, resolved.extents, for: node)
                passed.append((value, own))
            }
            return passed
        }
    }

    private func contracted(
        _ operands: [LabelledTensor], to labels: [Int], _ extents: [Int], _ sizes: [Int: Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        if operands.count == 2,
            let roles = MatrixRoles(operands[0], operands[1], labels, extents, sizes)
        {
            return try multiplied(operands, to: labels, extents, roles, sizes, for: node)
        }
        let all = Set(operands.flatMap(\.labels) + labels)
        // Axes of the result outside, so that the innermost run is a sum; all in an order that does not change.
        let order = labels.reduce(into: [Int]()) { if !$0.contains($1) { $0.append($1) } }
        let loopLabels = order + all.subtracting(order).sorted()
        let loopExtents = loopLabels.map { sizes[$0] ?? 1 }
        func walk(_ extents: [Int], _ own: [Int]) -> StridedLoop.Operand {
            let strides = StridedLoop.Operand.dense(extents).strides
            return StridedLoop.Operand(
                strides: loopLabels.map { label in
                    own.indices.reduce(0) { $0 + (own[$1] == label && extents[$1] > 1 ? strides[$1] : 0) }
                })
        }
        let y = try allocatePlain(extents, for: node)
        let count = extents.reduce(1, *)
        let loop = StridedLoop(
            loopExtents, operands.map { walk($0.tensor.extents, $0.labels) } + [walk(extents, labels)])
        let last = operands.count
        let steps = (0...last).map(loop.step)
        emit(node, reading: operands.map(\.tensor), writing: [y]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            pointers[last].update(repeating: 0, count: count)
            loop.forEachRun { start in
                let y = pointers[last] + start[last]
                if last == 2 {
                    let (a, b) = (pointers[0] + start[0], pointers[1] + start[1])
                    for index in 0..<loop.run {
                        y[index * steps[2]] += a[index * steps[0]] * b[index * steps[1]]
                    }
                    return
                }
                for index in 0..<loop.run {
                    var product: Float = 1
                    for operand in 0..<last { product *= pointers[operand][start[operand] + index * steps[operand]] }
                    y[index * steps[last]] += product
                }
            }
        }
        return y
    }

    /// [batches, rows, sum] times [batches, sum, columns].
    private func multiplied(
        _ operands: [LabelledTensor], to labels: [Int], _ extents: [Int], _ roles: MatrixRoles, _ sizes: [Int: Int],
        for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        func count(_ labels: [Int]) -> Int { labels.reduce(1) { $0 * (sizes[$1] ?? 1) } }
        let (batch, rows, columns) = (count(roles.batches), count(roles.rows), count(roles.columns))
        let inner = count(roles.sum)
        let a = try ordered(operands[0], roles.batches + roles.rows + roles.sum, for: node)
        let b = try ordered(operands[1], roles.batches + roles.sum + roles.columns, for: node)
        let y = try product(
            try reshaped(a, to: [batch, rows, inner], for: node),
            try reshaped(b, to: [batch, inner, columns], for: node), [batch, rows, columns], for: node)
        let own = roles.batches + roles.rows + roles.columns
        let full = try reshaped(y, to: own.map { sizes[$0] ?? 1 }, for: node)
        let result = try ordered(LabelledTensor(tensor: full, labels: own), labels, for: node)
        return try reshaped(result, to: extents, for: node)
    }

    /// The tensor with its axes in another order.
    private func ordered(
        _ operand: LabelledTensor, _ labels: [Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        guard operand.labels != labels else { return operand.tensor }
        let strides = StridedLoop.Operand.dense(operand.tensor.extents).strides
        let axes = labels.compactMap { operand.labels.firstIndex(of: $0) }
        let view = StridedView(extents: axes.map { operand.tensor.extents[$0] }, strides: axes.map { strides[$0] })
        return try gathered(operand.tensor, view, for: node)
    }
}

/// What the labels of two operands are to a product of matrices.
private struct MatrixRoles {
    let batches, rows, columns, sum: [Int]

    /// Nil where the operands are no matrices: an axis that is broadcast, on the diagonal, or summed over by itself.
    init?(_ a: LabelledTensor, _ b: LabelledTensor, _ result: [Int], _ extents: [Int], _ sizes: [Int: Int]) {
        for (labels, extents) in [(a.labels, a.tensor.extents), (b.labels, b.tensor.extents), (result, extents)] {
            guard Set(labels).count == labels.count, zip(labels, extents).allSatisfy({ sizes[$0] == $1 }) else {
                return nil
            }
        }
        batches = result.filter { a.labels.contains($0) && b.labels.contains($0) }
        rows = result.filter { a.labels.contains($0) && !b.labels.contains($0) }
        columns = result.filter { b.labels.contains($0) && !a.labels.contains($0) }
        sum = a.labels.filter { b.labels.contains($0) && !result.contains($0) }
        guard !sum.isEmpty, a.labels.count == batches.count + rows.count + sum.count,
            b.labels.count == batches.count + columns.count + sum.count,
            result.count == batches.count + rows.count + columns.count
        else { return nil }
    }
}
