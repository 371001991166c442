import Networks
import Tensors

/// A dense tensor seen as [outer, extent, inner] around one axis.
private struct AxisView: Sendable {
    let outer, extent, inner: Int

    init(_ extents: [Int], axis: Int) {
        outer = extents[..<axis].reduce(1, *)
        extent = extents[axis]
        inner = extents[(axis + 1)...].reduce(1, *)
    }

    /// Calls `body` with where each line along the axis starts in a tensor with `length` values along it.
    @inline(__always)
    func forEachLine(_ body: (_ start: Int, _ column: Int, _ block: Int) -> Void) {
        for block in 0..<outer {
            for column in 0..<inner { body(block * extent * inner + column, column, block) }
        }
    }
}

extension PlanBuilder {
    /// The position of each line's largest or smallest value; nothing goes back. No number counts as extreme.
    func emitExtremum(_ node: Node, _ extremum: Extremum) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let axis = extremum.axis < 0 ? extremum.axis + x.extents.count : extremum.axis
        let view = AxisView(x.extents, axis: axis)
        guard view.extent <= Element.largestExactInteger else {
            throw .unsupported(
                node: node.name, operation: node.operation.name, reason: "its axis is too long to count through")
        }
        let y = try allocatePlain(shape(of: node.output).dimensions, for: node)
        emit(node, reading: [x], writing: [y]) { addresses in
            let x = addresses[0].assumingMemoryBound(to: Float.self)
            let y = addresses[1].assumingMemoryBound(to: Float.self)
            view.forEachLine { start, column, block in
                var best = x[start]
                var position = 0
                for step in 0..<view.extent {
                    let value = x[start + step * view.inner]
                    let isBetter = extremum.kind == .maximum ? value > best : value < best
                    if isBetter || (extremum.countsLast && value == best) || (value.isNaN && !best.isNaN) {
                        (best, position) = (value, step)
                    }
                }
                y[block * view.inner + column] = Float(position)
            }
        }
        set(node.output, y)
    }

    /// Each line's extreme values in order, and where they stood. Back: each value's signal goes to its position.
    func emitRanking(_ node: Node, _ ranking: Ranking) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let axis = ranking.axis < 0 ? ranking.axis + x.extents.count : ranking.axis
        let view = AxisView(x.extents, axis: axis)
        guard view.extent <= Element.largestExactInteger else {
            throw .unsupported(
                node: node.name, operation: node.operation.name, reason: "its axis is too long to count through")
        }
        let extents = shape(of: node.output).dimensions
        let kept = extents[axis]
        let values = try allocatePlain(extents, for: node)
        let positions = try allocatePlain(extents, for: node)
        emit(node, reading: [x], writing: [values, positions]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            var order = [Int](repeating: 0, count: view.extent)
            view.forEachLine { start, column, block in
                let line = pointers[0] + start
                func key(_ position: Int) -> Float {
                    let value = line[position * view.inner]
                    // What is no number comes where the largest do, so that there is an order.
                    return value.isNaN ? .infinity : value
                }
                for position in order.indices { order[position] = position }
                order.sort { a, b in
                    let (x, y) = (key(a), key(b))
                    return x == y ? a < b : ranking.isDescending ? x > y : x < y
                }
                let target = block * kept * view.inner + column
                for rank in 0..<kept {
                    pointers[1][target + rank * view.inner] = line[order[rank] * view.inner]
                    pointers[2][target + rank * view.inner] = Float(order[rank])
                }
            }
        }
        set(node.output, values)
        if node.outputs.count > 1 { set(node.outputs[1], positions) }
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            let passed = try builder.allocatePlain(x.extents, for: node)
            builder.emit(node, reading: [incoming, positions], writing: [passed]) { addresses in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                pointers[2].update(repeating: 0, count: view.outer * view.extent * view.inner)
                view.forEachLine { start, column, block in
                    let source = block * kept * view.inner + column
                    for rank in 0..<kept {
                        let from = source + rank * view.inner
                        pointers[2][start + Int(pointers[1][from]) * view.inner] = pointers[0][from]
                    }
                }
            }
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    /// Sums of all values up to each. Back: sums of all signals from each on.
    func emitAccumulation(_ node: Node, _ accumulation: Accumulation) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        guard let declared = try knownIntegers(node, 1)?.first else {
            throw .unsupported(node: node.name, operation: node.operation.name, reason: "its axis is not known")
        }
        let view = AxisView(x.extents, axis: declared < 0 ? declared + x.extents.count : declared)
        set(node.output, try accumulated(x, view, accumulation, for: node))
        record(node) { (builder, signal, _) throws(ExecutionError) in
            var back = accumulation
            back.isReversed.toggle()
            let passed = try builder.accumulated(try builder.plain(signal, for: node), view, back, for: node)
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    private func accumulated(
        _ x: PlannedTensor, _ view: AxisView, _ accumulation: Accumulation, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let y = try allocatePlain(x.extents, for: node)
        emit(node, reading: [x], writing: [y]) { addresses in
            let x = addresses[0].assumingMemoryBound(to: Float.self)
            let y = addresses[1].assumingMemoryBound(to: Float.self)
            view.forEachLine { start, _, _ in
                // As sums grow, single precision would lose what is added to them.
                var sum: Double = 0
                for step in 0..<view.extent {
                    let index = start + (accumulation.isReversed ? view.extent - 1 - step : step) * view.inner
                    let next = sum + Double(x[index])
                    y[index] = Float(accumulation.isExclusive ? sum : next)
                    sum = next
                }
            }
        }
        return y
    }

    /// One triangle of each matrix. Back: the same triangle of the signal.
    func emitTriangle(_ node: Node, _ triangle: Triangle) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let diagonal = try knownIntegers(node, 1)?.first ?? 0
        set(node.output, try cut(x, triangle, diagonal, for: node))
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            return [(try builder.inputID(node, 0), try builder.cut(incoming, triangle, diagonal, for: node))]
        }
    }

    private func cut(
        _ x: PlannedTensor, _ triangle: Triangle, _ diagonal: Int, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let y = try allocatePlain(x.extents, for: node)
        let (rows, columns) = (x.extents[x.extents.count - 2], x.extents[x.extents.count - 1])
        let matrices = x.extents.dropLast(2).reduce(1, *)
        emit(node, reading: [x], writing: [y]) { addresses in
            var x = addresses[0].assumingMemoryBound(to: Float.self)
            var y = addresses[1].assumingMemoryBound(to: Float.self)
            for _ in 0..<matrices {
                for row in 0..<rows {
                    for column in 0..<columns {
                        y[column] = triangle.keeps(row: row, column: column, diagonal: diagonal) ? x[column] : 0
                    }
                    x += columns
                    y += columns
                }
            }
        }
        return y
    }

    /// Integers that are known before the network runs; nil where the input is left out.
    func knownIntegers(_ node: Node, _ position: Int) throws(ExecutionError) -> [Int]? {
        guard let value = node.input(position) else { return nil }
        guard let known = (graph.constants[value] ?? specialization.constants[value])?.integers else {
            throw .unsupported(
                node: node.name, operation: node.operation.name,
                reason: "its input \(position) depends on what the network reads")
        }
        return known
    }
}
