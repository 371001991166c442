import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// y = W∗x + b, a ReLU behind it computed with it. Source of the backward step: its vector-Jacobian product is the
    /// transposed convolution Wᵀ.
    func emitConvolution(_ node: Node, _ convolution: Convolution) throws(ExecutionError) {
        let x = try input(node, 0)
        let weightShape = shape(of: try inputID(node, 1))
        let groups = convolution.groups
        let weightExtents = convolutionWeightExtents(weightShape.dimensions, groups: groups)
        var window = cdnn_window(
            convolution.window, input: Array(x.extents.dropFirst(2)),
            output: Array(shape(of: node.output).dimensions.dropFirst(2)))
        let outputExtents = shape(of: node.output).dimensions
        let biasID = node.input(2)
        let relu = takeFollowingReLU(node)

        let primitive = try check(node) { () throws(KernelStatus) in
            let source = try Layout.any(x.extents)
            let filter = try Layout.any(weightExtents)
            let bias = try biasID == nil ? nil : Layout.plain([weightShape[0]])
            let destination = try Layout.any(outputExtents)
            let postOps = relu == nil ? [] : [cdnn_post_op.relu]
            return try Primitive {
                cdnn_convolution_forward(
                    $0, engine.handle, CDNN_CONVOLUTION_DIRECT, &window, source.handle, filter.handle, bias?.handle,
                    destination.handle, Int32(postOps.count), postOps)
            }
        }
        let source = try converted(x, to: try layout(primitive, CDNN_ARG_SRC, node), for: node)
        let filter = try weights(
            try inputID(node, 1), as: weightExtents, in: try layout(primitive, CDNN_ARG_WEIGHTS, node), for: node)
        let y = allocate(outputExtents, try layout(primitive, CDNN_ARG_DST, node))
        var arguments = [(CDNN_ARG_SRC, source), (CDNN_ARG_WEIGHTS, filter), (CDNN_ARG_DST, y)]
        if let biasID {
            let layout = try check(node) { () throws(KernelStatus) in try Layout.plain([weightShape[0]]) }
            arguments.append((CDNN_ARG_BIAS, try weights(biasID, as: [weightShape[0]], in: layout, for: node)))
        }
        try emit(node, primitive, arguments)
        if relu == nil { set(node.output, y) }

        recordConvolution(node, weightExtents: weightExtents, inputExtents: x.extents, window: window)
        if let relu {
            set(relu.output, y)
            recordReLU(relu, output: y)
        }
    }

    private func recordConvolution(
        _ node: Node, weightExtents: [Int], inputExtents: [Int], window: cdnn_window
    ) {
        record(node) { (builder, signal, _) throws(ExecutionError) in
            var window = window
            let primitive = try builder.check(node) { () throws(KernelStatus) in
                let sourceGradient = try Layout.any(inputExtents)
                let filter = try Layout.any(weightExtents)
                let destinationGradient = try Layout.any(signal.extents)
                return try Primitive {
                    cdnn_convolution_backward(
                        $0, builder.engine.handle, CDNN_CONVOLUTION_DIRECT, &window, sourceGradient.handle,
                        filter.handle, destinationGradient.handle)
                }
            }
            let incoming = try builder.converted(
                signal, to: try builder.layout(primitive, CDNN_ARG_DIFF_DST, node), for: node)
            let filter = try builder.weights(
                try builder.inputID(node, 1), as: weightExtents,
                in: try builder.layout(primitive, CDNN_ARG_WEIGHTS, node), for: node)
            let passed = builder.allocate(inputExtents, try builder.layout(primitive, CDNN_ARG_DIFF_SRC, node))
            try builder.emit(
                node, primitive,
                [(CDNN_ARG_DIFF_DST, incoming), (CDNN_ARG_WEIGHTS, filter), (CDNN_ARG_DIFF_SRC, passed)])
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    /// oneDNN separates the groups: [O, I/G, k…] → [G, O/G, I/G, k…].
    private func convolutionWeightExtents(_ extents: [Int], groups: Int) -> [Int] {
        groups == 1 ? extents : [groups, extents[0] / groups] + extents.dropFirst()
    }

    // MARK: Small helpers of all kernels

    func inputID(_ node: Node, _ position: Int) throws(ExecutionError) -> ValueID {
        guard let value = node.input(position) else {
            throw .unsupported(
                node: node.name, operation: node.operation.name, reason: "input \(position) is missing")
        }
        return value
    }

    func input(_ node: Node, _ position: Int) throws(ExecutionError) -> PlannedTensor {
        try tensor(try inputID(node, position), for: node)
    }

    func layout(_ primitive: Primitive, _ argument: cdnn_argument, _ node: Node) throws(ExecutionError) -> Layout {
        try check(node) { () throws(KernelStatus) in try primitive.requiredLayout(argument) }
    }
}

extension cdnn_post_op {
    static var relu: cdnn_post_op {
        var operation = cdnn_post_op()
        operation.kind = CDNN_POST_ELTWISE
        operation.eltwise = CDNN_ELTWISE_RELU
        return operation
    }
}

extension cdnn_window {
    /// The window for these spatial extents. The padding at the end is what the output needs, which is less than
    /// declared where the stride leaves a rest and more where the output was rounded up.
    init(_ window: Window, input: [Int], output: [Int]) {
        self.init()
        spatial = Int32(input.count)
        let begin = window.padding(for: input).begin
        for axis in input.indices {
            let needed = (output[axis] - 1) * window.stride[axis] + window.span(axis) - input[axis] - begin[axis]
            set(
                axis, kernel: window.kernel[axis], stride: window.stride[axis], dilation: window.dilation[axis],
                begin: begin[axis], end: needed)
        }
    }

    /// A dense window of the whole input.
    init(covering input: [Int]) {
        self.init()
        spatial = Int32(input.count)
        for axis in input.indices { set(axis, kernel: input[axis], stride: 1, dilation: 1, begin: 0, end: 0) }
    }

    private mutating func set(_ axis: Int, kernel: Int, stride: Int, dilation: Int, begin: Int, end: Int) {
        // C arrays are tuples in Swift.
        func store(_ value: Int, _ field: WritableKeyPath<cdnn_window, (Int64, Int64, Int64)>) {
            switch axis {
            case 0: self[keyPath: field].0 = Int64(value)
            case 1: self[keyPath: field].1 = Int64(value)
            default: self[keyPath: field].2 = Int64(value)
            }
        }
        store(kernel, \.kernel)
        store(stride, \.stride)
        store(dilation, \.dilation)
        store(begin, \.pad_begin)
        store(end, \.pad_end)
    }
}
