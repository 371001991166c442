import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// Tensors side by side along one axis; back: each gets its own part of the signal.
    func emitConcatenation(_ node: Node, axis: Int) throws(ExecutionError) {
        let axis = axis < 0 ? axis + shape(of: node.output).rank : axis
        var sources: [PlannedTensor] = []
        for position in node.inputs.indices { sources.append(try input(node, position)) }
        let extents = shape(of: node.output).dimensions
        let primitive = try check(node) { () throws(KernelStatus) in
            let destination = try Layout.any(extents)
            let layouts = sources.map { Optional($0.layout.handle) }
            return try Primitive {
                cdnn_concat($0, engine.handle, Int32(axis), Int32(sources.count), layouts, destination.handle)
            }
        }
        let y = allocate(extents, try layout(primitive, CDNN_ARG_DST, node))
        var arguments = [(CDNN_ARG_DST, y)]
        for (index, source) in sources.enumerated() {
            arguments.append((cdnn_argument(rawValue: CDNN_ARG_SOURCE_0.rawValue + UInt32(index)), source))
        }
        try emit(node, primitive, arguments)
        set(node.output, y)

        record(node) { [sources] (builder, signal, _) throws(ExecutionError) in
            let whole = try builder.plain(signal, for: node)
            var passed: [(input: ValueID, signal: PlannedTensor)] = []
            var start = 0
            for (position, source) in sources.enumerated() {
                let part = try builder.part(of: whole, axis: axis, from: start, extents: source.extents, for: node)
                passed.append((try builder.inputID(node, position), part))
                start += source.extents[axis]
            }
            return passed
        }
    }

    /// Joins nothing, cuts a part out: a copy of `extents` from `start` on along `axis` of a plain tensor.
    private func part(
        of whole: PlannedTensor, axis: Int, from start: Int, extents: [Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let strides = StridedLoop.Operand.dense(whole.extents).strides
        return try gathered(
            whole, StridedView(extents: extents, strides: strides, offset: start * strides[axis]), for: node)
    }

    /// The same tensor under another name.
    func emitIdentity(_ node: Node) throws(ExecutionError) {
        set(node.output, try input(node, 0))
        record(node) { (builder, signal, _) throws(ExecutionError) in [(try builder.inputID(node, 0), signal)] }
    }

    /// Other extents over the same values.
    func emitReshape(_ node: Node) throws(ExecutionError) {
        let x = try input(node, 0)
        set(node.output, try reshaped(x, to: shape(of: node.output).dimensions, for: node))
        record(node) { (builder, signal, _) throws(ExecutionError) in
            [(try builder.inputID(node, 0), try builder.reshaped(signal, to: x.extents, for: node))]
        }
    }
}
