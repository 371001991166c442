import CDNN
import CVectors
import Networks
import Tensors

extension PlanBuilder {
    /// Tensors side by side along one axis; back: each gets its own part of the signal.
    func emitConcatenation(_ node: Node, axis: Int) throws(ExecutionError) {
        let axis = axis < 0 ? axis + shape(of: node.output).rank : axis
        var sources: [PlannedTensor] = []
        for position in node.inputs.indices { sources.append(try input(node, position)) }
        let extents = shape(of: node.output).dimensions
        recordConcatenation(node, of: sources, axis: axis)
        if let whole = try sideBySide(sources, axis: axis, to: extents, for: node) { return set(node.output, whole) }
        if let whole = try joinedBlocks(sources, axis: axis, to: extents, for: node) { return set(node.output, whole) }
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
    }

    /// Channels that lie in blocks, where some part ends within one: the next goes on there, which the library does not do;
    /// nil where they do not lie so.
    private func joinedBlocks(
        _ parts: [PlannedTensor], axis: Int, to extents: [Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor? {
        guard axis == 1, !extents.contains(0),
            case .blocked(let width)? = ChannelOrder.of(parts[0].layout, extents: parts[0].extents),
            parts.allSatisfy({ ChannelOrder.of($0.layout, extents: $0.extents) == .blocked(width) })
        else { return nil }
        let whole = allocate(
            extents, try check(node) { () throws(KernelStatus) in try ChannelOrder.blocked(width).layout(extents) })
        let channels = parts.map { Int64($0.extents[1]) }
        let (items, positions) = (extents[0], extents[2] * extents[3])
        emit(node, reading: parts, writing: [whole]) { addresses in
            let floats = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            func item(_ index: Int, of tensor: Int, channels: Int) -> FloatPointer {
                floats[tensor] + index * ((channels + width - 1) / width) * width * positions
            }
            for index in 0..<items {
                let sources = parts.indices.map {
                    Optional(UnsafePointer(item(index, of: $0, channels: parts[$0].extents[1])))
                }
                cvectors_join_blocks(
                    sources, channels, Int64(parts.count), Int64(positions), Int64(width),
                    item(index, of: parts.count, channels: extents[1]))
            }
        }
        return whole
    }

    private func recordConcatenation(_ node: Node, of sources: [PlannedTensor], axis: Int) {
        record(node) { (builder, signal, _) throws(ExecutionError) in
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
