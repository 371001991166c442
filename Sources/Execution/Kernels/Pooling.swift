import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// Max and average pooling. Max pooling's vector-Jacobian product is unpooling with the switches that the forward
    /// pass noted in its workspace.
    func emitPooling(_ node: Node, _ pooling: Pooling) throws(ExecutionError) {
        let x = try input(node, 0)
        let outputExtents = shape(of: node.output).dimensions
        let window = cdnn_window(
            pooling.window, input: Array(x.extents.dropFirst(2)), output: Array(outputExtents.dropFirst(2)))
        let correction =
            pooling.kind == .averageIncludingPadding && pooling.window.roundsUp
            ? pooling.window.roundedUpCorrection(input: x.extents, output: outputExtents) : nil
        try emitPooling(node, pooling.kind.oneDNN, window, to: outputExtents, correction: correction)
    }

    func emitGlobalPooling(_ node: Node, _ kind: GlobalPooling) throws(ExecutionError) {
        let extents = try input(node, 0).extents
        let window = cdnn_window(covering: Array(extents.dropFirst(2)))
        try emitPooling(
            node, kind == .maximum ? CDNN_POOL_MAX : CDNN_POOL_AVERAGE_EXCLUDE_PADDING, window,
            to: extents.prefix(2) + extents.dropFirst(2).map { _ in 1 }, correction: nil,
            isMeanOfPlanes: kind == .average)
    }

    private func emitPooling(
        _ node: Node, _ kind: cdnn_pooling_kind, _ window: cdnn_window, to outputExtents: [Int],
        correction: [Float]?, isMeanOfPlanes: Bool = false
    ) throws(ExecutionError) {
        let x = try input(node, 0)
        // A mean over planes may drop their axes.
        let finalExtents = shape(of: node.output).dimensions
        let isDifferentiated = isDifferentiated(node.output)
        var window = window
        let primitive = try check(node) { () throws(KernelStatus) in
            let destination = try Layout.any(outputExtents)
            return try Primitive {
                cdnn_pooling_forward(
                    $0, engine.handle, kind, isDifferentiated ? 1 : 0, &window, x.layout.handle, destination.handle)
            }
        }
        let y = allocate(outputExtents, try layout(primitive, CDNN_ARG_DST, node))
        var arguments = [(CDNN_ARG_SRC, x), (CDNN_ARG_DST, y)]
        var switches: PlannedTensor?
        if let workspace = try check(node, { () throws(KernelStatus) in try primitive.layout(CDNN_ARG_WORKSPACE) }) {
            let tensor = allocate(outputExtents, workspace)
            arguments.append((CDNN_ARG_WORKSPACE, tensor))
            switches = tensor
        }
        try emit(node, primitive, arguments)
        let result =
            try correction.map { (factors) throws(ExecutionError) in
                try scaledByPosition(y, factors, for: node)
            } ?? y
        set(
            node.output,
            finalExtents == outputExtents ? result : try reshaped(result, to: finalExtents, for: node))

        record(node) { [switches] (builder, signal, _) throws(ExecutionError) in
            var signal = signal
            if finalExtents != outputExtents {
                signal = try builder.reshaped(signal, to: outputExtents, for: node)
            }
            signal =
                try correction.map { (factors) throws(ExecutionError) in
                    try builder.scaledByPosition(signal, factors, for: node)
                } ?? signal
            let inputID = try builder.inputID(node, 0)
            if isMeanOfPlanes, let passed = try builder.averaged(signal, at: inputID, like: x, for: node) {
                return [(inputID, passed)]
            }
            return [
                (inputID, try builder.unpooled(signal, node, kind, window, input: x, output: y, switches: switches))
            ]
        }
    }

    /// The signal at the mean of whole planes, added to what has arrived at their values another way, where that lies; nil
    /// where nothing has.
    private func averaged(
        _ signal: PlannedTensor, at value: ValueID, like x: PlannedTensor, for node: Node
    ) throws(ExecutionError) -> PlannedTensor? {
        guard let total = arrived.takeToAddTo(at: value, in: x.layout, from: signal) else { return nil }
        let share = try scaled(signal, by: 1 / Float(x.extents.dropFirst(2).reduce(1, *)), for: node)
        if let sum = try added(share, toSignal: total, for: node) { return sum }
        arrived.add(total, at: value)
        return nil
    }

    /// The signal at the pooling's input.
    private func unpooled(
        _ signal: PlannedTensor, _ node: Node, _ kind: cdnn_pooling_kind, _ window: cdnn_window,
        input x: PlannedTensor, output y: PlannedTensor, switches: PlannedTensor?
    ) throws(ExecutionError) -> PlannedTensor {
        var window = window
        // The switches are laid out as the output was.
        let incoming = try converted(signal, to: y.layout, for: node)
        let primitive = try check(node) { () throws(KernelStatus) in
            try Primitive {
                cdnn_pooling_backward(
                    $0, engine.handle, kind, &window, x.layout.handle, x.layout.handle, y.layout.handle,
                    y.layout.handle)
            }
        }
        let passed = allocate(x.extents, try layout(primitive, CDNN_ARG_DIFF_SRC, node))
        var arguments = [(CDNN_ARG_DIFF_DST, incoming), (CDNN_ARG_DIFF_SRC, passed)]
        if let switches { arguments.append((CDNN_ARG_WORKSPACE, switches)) }
        try emit(node, primitive, arguments)
        return passed
    }

    /// Each [h,w] plane times `factors`.
    private func scaledByPosition(
        _ tensor: PlannedTensor, _ factors: [Float], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let source = try plain(tensor, for: node)
        let result = try allocatePlain(tensor.extents, for: node)
        let count = tensor.extents.reduce(1, *)
        emit(node, reading: [source], writing: [result]) { addresses in
            let x = addresses[0].assumingMemoryBound(to: Float.self)
            let y = addresses[1].assumingMemoryBound(to: Float.self)
            for index in 0..<count { y[index] = x[index] * factors[index % factors.count] }
        }
        return result
    }
}

extension Pooling.Kind {
    fileprivate var oneDNN: cdnn_pooling_kind {
        switch self {
        case .maximum: CDNN_POOL_MAX
        case .averageIncludingPadding: CDNN_POOL_AVERAGE_INCLUDE_PADDING
        case .averageExcludingPadding: CDNN_POOL_AVERAGE_EXCLUDE_PADDING
        }
    }
}

extension Window {
    /// An average that counts the padding does not count what rounding up added behind it; oneDNN divides by the whole
    /// window. The factor per output position that makes up for it, nil where all are 1.
    fileprivate func roundedUpCorrection(input: [Int], output: [Int]) -> [Float]? {
        let extents = Array(input.dropFirst(2))
        let outputs = Array(output.dropFirst(2))
        let (begin, end) = padding(for: extents)
        let perAxis = extents.indices.map { axis in
            (0..<outputs[axis]).map { position in
                let start = position * stride[axis] - begin[axis]
                let counted = (0..<kernel[axis]).count { start + $0 * dilation[axis] < extents[axis] + end[axis] }
                return Float(kernel[axis]) / Float(max(counted, 1))
            }
        }
        let factors = perAxis.reduce([1]) { rows, axis in rows.flatMap { row in axis.map { row * $0 } } }
        return factors.allSatisfy { $0 == 1 } ? nil : factors
    }
}
