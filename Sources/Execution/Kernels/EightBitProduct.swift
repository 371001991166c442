import CDNN
import CVectors
import Networks
import Tensors

/// A convolution or a fully-connected layer whose values and weights are rounded to eight bits, which processors with
/// instructions for that multiply four times as fast as single precision. An approximation: only those plans have it that
/// ask for it.
///
/// A weight is an integer −127…127 times a scale of its output channel. A value is an integer 0…255 less a zero, times a
/// scale of its item: zero is 0 where no value of the item is negative, else 128. The sums of their products are exact in 32
/// bits, and are brought back to single precision with bias, a sum and ReLU in one go (Jacob et al. 2018,
/// arXiv:1712.05877, with ranges found item by item instead of learned).
struct EightBitProduct {
    /// Parts of a batch that have a scale and a zero of their own.
    let items: Int
    let channels: Int
    /// Rows and columns of an item, those of the padding before it, and all of them together.
    let plane: [Int]
    let begin: [Int]
    let padded: [Int]
    /// Positions in the plane of an item of the result.
    let positions: Int
    let outputs: Int
    /// How integers and sums lie in memory for the primitive: with the channels of a position beside each other.
    let source: Layout
    let sums: Layout
    let weightExtents: [Int]
    let primitive: Primitive

    /// The largest absolute value of the integers that stand for weights.
    private static let largestWeight: Float = 127

    /// A convolution. nil where it has groups, its image is cropped, or the processor has no such instructions.
    ///
    /// - Parameters:
    ///   - input: [N,C,H,W].
    ///   - weights: [O,C,k,k].
    ///   - output: [N,O,H′,W′].
    init?(
        _ convolution: Convolution, input: [Int], weights: [Int], output: [Int], on engine: Engine
    ) throws(KernelStatus) {
        let window = convolution.window
        guard convolution.groups == 1, input.count == 4 else { return nil }
        plane = Array(input.suffix(2))
        let begin = window.padding(for: plane).begin
        let end = (0..<2).map { axis in
            (output[2 + axis] - 1) * window.stride[axis] + window.span(axis) - input[2 + axis] - begin[axis]
        }
        guard begin.allSatisfy({ $0 >= 0 }) else { return nil }
        self.begin = begin
        padded = (0..<2).map { input[2 + $0] + begin[$0] + max(end[$0], 0) }
        (items, channels, outputs, weightExtents) = (input[0], input[1], output[1], weights)
        positions = output[2] * output[3]
        var geometry = cdnn_window()
        geometry.spatial = 2
        for axis in 0..<2 {
            // The padding is among the integers.
            geometry.set(
                axis, kernel: window.kernel[axis], stride: window.stride[axis], dilation: window.dilation[axis],
                begin: 0, end: min(end[axis], 0))
        }
        source = try Layout.channelsLast([items, channels] + padded, of: CDNN_UINT8)
        sums = try Layout.channelsLast(output, of: CDNN_INT32)
        guard let made = try Self.primitive(geometry, source, weights, sums, on: engine) else { return nil }
        primitive = made
    }

    /// x·Wᵀ with x [rows,C] and W [O,C], computed as a convolution by 1×1 windows of an image of so many rows. nil where the
    /// processor has no such instructions.
    init?(rows: Int, channels: Int, outputs: Int, on engine: Engine) throws(KernelStatus) {
        (items, self.channels, self.outputs) = (rows, channels, outputs)
        (plane, padded, begin, positions) = ([1, 1], [1, 1], [0, 0], 1)
        weightExtents = [outputs, channels, 1, 1]
        source = try Layout.channelsLast([1, channels, rows, 1], of: CDNN_UINT8)
        sums = try Layout.channelsLast([1, outputs, rows, 1], of: CDNN_INT32)
        guard
            let made = try Self.primitive(cdnn_window(covering: [1, 1]), source, weightExtents, sums, on: engine)
        else { return nil }
        primitive = made
    }

    private static func primitive(
        _ window: cdnn_window, _ source: Layout, _ weights: [Int], _ sums: Layout, on engine: Engine
    ) throws(KernelStatus) -> Primitive? {
        var window = window
        let filter = try Layout.any(weights, of: CDNN_INT8)
        let made = try? Primitive {
            cdnn_convolution_forward(
                $0, engine.handle, CDNN_CONVOLUTION_DIRECT, &window, source.handle, filter.handle, nil, sums.handle, 0,
                nil)
        }
        guard let made, ["vnni", "amx"].contains(where: made.implementation.contains) else { return nil }
        return made
    }

    /// Values of an item.
    private var itemCount: Int { plane.reduce(channels, *) }
    private var paddedItemCount: Int { padded.reduce(channels, *) }

    /// All items' values [N,H,W,C] as integers, and what those mean: scale and zero of each item [N,2].
    func quantize(
        _ x: UnsafePointer<Float>, to integers: UnsafeMutablePointer<UInt8>, meaning: UnsafeMutablePointer<Float>
    ) {
        for item in 0..<items {
            (meaning[2 * item], meaning[2 * item + 1]) = quantizeItem(
                x + item * itemCount, to: integers + item * paddedItemCount)
        }
    }

    private func quantizeItem(
        _ x: UnsafePointer<Float>, to target: UnsafeMutablePointer<UInt8>
    ) -> (scale: Float, zero: Float) {
        let (row, paddedRow) = (plane[1] * channels, padded[1] * channels)
        var (smallest, largest): (Float, Float) = (0, 0)
        cvectors_range(x, Int64(itemCount), &smallest, &largest)
        let zero: Float = smallest < 0 ? 128 : 0
        let scale = max(largest, -smallest) / (smallest < 0 ? 127 : 255)
        let inverse = scale > 0 ? 1 / scale : 0
        let byte = UInt8(zero)
        let left = begin[1] * channels
        for r in 0..<padded[0] {
            let start = target + r * paddedRow
            guard plane[0] > r - begin[0], r >= begin[0] else {
                start.update(repeating: byte, count: paddedRow)
                continue
            }
            start.update(repeating: byte, count: left)
            cvectors_quantize(x + (r - begin[0]) * row, Int64(row), inverse, zero, start + left)
            (start + left + row).update(repeating: byte, count: paddedRow - left - row)
        }
        return (scale, zero)
    }

    /// What the sums [N,H′,W′,O] stand for.
    ///
    /// - Parameters:
    ///   - meaning: scale and zero of each item, [N,2].
    ///   - factors: what the weights' integers mean, [2,O].
    ///   - bias: [O].
    ///   - beside: added to the result, of its shape.
    func restore(
        _ sums: UnsafePointer<Int32>, meaning: UnsafePointer<Float>, factors: UnsafePointer<Float>,
        bias: UnsafePointer<Float>?, beside: UnsafePointer<Float>?, rectifies: Bool,
        to y: UnsafeMutablePointer<Float>
    ) {
        for item in 0..<items {
            let start = item * positions * outputs
            cvectors_restore(
                sums + start, Int64(positions), Int64(outputs), meaning[2 * item], meaning[2 * item + 1], factors,
                factors + outputs, bias, beside.map { $0 + start }, rectifies ? 1 : 0, y + start)
        }
    }

    /// Weights [O,…] as integers, still written as Float.
    static func integers(_ weights: Tensor) -> Tensor {
        Tensor(shape: weights.shape) { target in
            forEachRow(of: weights) { _, values, scale in
                for index in values.indices { target[index] = integer(values[index], scale) }
            }
        }
    }

    /// What the integers mean: their scales and, of each output channel, their sum [2,O].
    static func factors(_ weights: Tensor) -> Tensor {
        let outputs = weights.shape[0]
        // Twice as many values as output channels are a valid shape, since the weights are one.
        return Tensor(shape: (try? Shape([2, outputs])) ?? .scalar) { target in
            forEachRow(of: weights) { output, values, scale in
                target[output] = scale
                target[outputs + output] = values.reduce(0) { $0 + integer($1, scale) }
            }
        }
    }

    private static func integer(_ value: Float, _ scale: Float) -> Float { scale > 0 ? (value / scale).rounded() : 0 }

    /// The weights of each output channel and their scale.
    private static func forEachRow(
        of weights: Tensor, _ body: (_ output: Int, _ values: Slice<UnsafeBufferPointer<Float>>, _ scale: Float) -> Void
    ) {
        let count = weights.count / max(weights.shape[0], 1)
        weights.withUnsafeValues { values in
            for output in 0..<weights.shape[0] {
                let row = values[(output * count)..<((output + 1) * count)]
                body(output, row, row.reduce(0) { max($0, abs($1)) } / largestWeight)
            }
        }
    }
}

extension PlanBuilder {
    /// The convolution in eight bits, where it shall and can be computed so.
    func eightBitProduct(_ node: Node, _ convolution: Convolution) throws(ExecutionError) -> EightBitProduct? {
        guard let weights = try eightBitWeights(of: node) else { return nil }
        let (x, output) = (try input(node, 0).extents, shape(of: node.output).dimensions)
        return try check(node) { () throws(KernelStatus) in
            try EightBitProduct(convolution, input: x, weights: weights, output: output, on: engine)
        }
    }

    /// The fully-connected layer of so many rows, likewise.
    func eightBitProduct(_ node: Node, rows: Int) throws(ExecutionError) -> EightBitProduct? {
        guard let weights = try eightBitWeights(of: node), weights.count == 2 else { return nil }
        return try check(node) { () throws(KernelStatus) in
            try EightBitProduct(rows: rows, channels: weights[1], outputs: weights[0], on: engine)
        }
    }

    /// The extents of the node's weights, where it shall be computed in eight bits.
    private func eightBitWeights(of node: Node) throws(ExecutionError) -> [Int]? {
        guard preferredAlgorithm(for: node)?.method == .eightBit, !isDifferentiated(node.output) else { return nil }
        let weights = try inputID(node, 1)
        return graph.constants[weights] == nil ? nil : shape(of: weights).dimensions
    }

    func emit(_ node: Node, _ product: EightBitProduct) throws(ExecutionError) {
        let (extents, output) = (try input(node, 0).extents, shape(of: node.output).dimensions)
        let x = try converted(try input(node, 0), to: try channelsLastLayout(extents, for: node), for: node)
        let order = try channelsLastLayout(output, for: node)
        let sum = takeFollowingSum(node)
        let beside = try sum.map { sum throws(ExecutionError) in try converted(sum.other, to: order, for: node) }
        let last = sum?.node ?? node
        let relu = takeFollowingReLU(last)
        let y = allocate(output, order)
        try emit(node, product, x: x, beside: beside, rectifies: relu != nil, y: y)
        set((relu?.node ?? last).output, y)
    }

    /// - Parameters:
    ///   - x: [N,C,H,W] with the channels of a position beside each other, or [rows,C].
    ///   - beside: added to the result, as it lies.
    ///   - y: the result [N,O,H′,W′] or [rows,O].
    func emit(
        _ node: Node, _ product: EightBitProduct, x: PlannedTensor, beside: PlannedTensor? = nil, rectifies: Bool,
        y: PlannedTensor
    ) throws(ExecutionError) {
        let value = try inputID(node, 1)
        let filter = try weights(
            value, as: product.weightExtents, in: try layout(product.primitive, CDNN_ARG_WEIGHTS, node),
            part: .eightBit, for: node)
        let factors = try weights(
            value, as: [2, product.outputs], in: try plainLayout([2, product.outputs], for: node),
            part: .eightBitFactors, for: node)
        let integers = allocate([product.items, product.channels] + product.padded, product.source)
        let meaning = try allocatePlain([product.items, 2], for: node)
        let sums = allocate([product.items, product.outputs, product.positions], product.sums)
        let bias = try bias(of: node, count: product.outputs)
        let read = [sums, meaning, factors] + [bias, beside].compactMap { $0 }
        let (hasBias, hasSum) = (bias != nil, beside != nil)

        emit(node, reading: [x], writing: [integers, meaning]) { addresses in
            product.quantize(
                addresses[0].assumingMemoryBound(to: Float.self), to: addresses[1].assumingMemoryBound(to: UInt8.self),
                meaning: addresses[2].assumingMemoryBound(to: Float.self))
        }
        try emit(
            node, product.primitive,
            [(CDNN_ARG_SRC, integers), (CDNN_ARG_WEIGHTS, filter), (CDNN_ARG_DST, sums)])
        emit(node, reading: read, writing: [y]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            product.restore(
                addresses[0].assumingMemoryBound(to: Int32.self), meaning: pointers[1], factors: pointers[2],
                bias: hasBias ? UnsafePointer(pointers[3]) : nil,
                beside: hasSum ? UnsafePointer(pointers[hasBias ? 4 : 3]) : nil, rectifies: rectifies,
                to: pointers[pointers.count - 1])
        }
    }
}
