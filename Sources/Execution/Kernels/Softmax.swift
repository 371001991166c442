import CDNN
import Networks
import Tensors

extension PlanBuilder {
    func emitSoftmax(_ node: Node, _ softmax: Softmax) throws(ExecutionError) {
        let original = try input(node, 0)
        let rank = original.extents.count
        var axis = softmax.axis < 0 ? softmax.axis + rank : softmax.axis
        var extents = original.extents
        if softmax.flattensTail {
            extents = [extents[..<axis].reduce(1, *), extents[axis...].reduce(1, *)]
            axis = 1
        }
        let x = try reshaped(original, to: extents, for: node)
        let y = try allocatePlain(extents, for: node)
        let logarithmic: Int32 = softmax.isLogarithmic ? 1 : 0
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive {
                cdnn_softmax_forward($0, engine.handle, logarithmic, Int32(axis), x.layout.handle)
            }
        }
        try emit(node, primitive, [(CDNN_ARG_SRC, x), (CDNN_ARG_DST, y)])
        set(node.output, try reshaped(y, to: original.extents, for: node))
        record(node) { [axis, extents] (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.reshaped(signal, to: extents, for: node)
            let passed = try builder.allocatePlain(extents, for: node)
            let primitive = try builder.check(node) { () throws(KernelStatus) in
                try Primitive {
                    cdnn_softmax_backward(
                        $0, builder.engine.handle, logarithmic, Int32(axis), y.layout.handle, passed.layout.handle)
                }
            }
            try builder.emit(
                node, primitive, [(CDNN_ARG_DST, y), (CDNN_ARG_DIFF_DST, incoming), (CDNN_ARG_DIFF_SRC, passed)])
            let original = try builder.reshaped(passed, to: original.extents, for: node)
            return [(try builder.inputID(node, 0), original)]
        }
    }
}
