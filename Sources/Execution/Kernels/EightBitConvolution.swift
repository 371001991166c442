import CDNN
import CVectors
import Networks
import Tensors

/// A convolution whose values and weights are rounded to eight bits, which processors with instructions for that multiply
/// four times as fast as single precision. An approximation: only those plans have it that ask for it.
///
/// A weight is an integer −127…127 times a scale of its output channel. A value is an integer 0…255 less a zero, times a
/// scale of its item: zero is 0 where no value of the item is negative, else 128. The sums of their products are exact in 32
/// bits, and are brought back to single precision with bias, a sum and ReLU in one go (Jacob et al. 2018,
/// arXiv:1712.05877, with ranges found item by item instead of learned).
struct EightBitConvolution {
    /// [N,C,H,W] with the padding, whose values are the zero.
    let padded: [Int]
    /// [N,C,H,W] and [N,O,H′,W′].
    let input: [Int]
    let output: [Int]
    /// Rows above and columns to the left of the image.
    let begin: [Int]
    let primitive: Primitive

    /// The largest absolute value of the integers that stand for weights.
    private static let largestWeight: Float = 127

    /// nil where it has groups, its image is cropped, or the processor has no such instructions.
    init?(
        _ convolution: Convolution, input: [Int], weights: [Int], output: [Int], on engine: Engine
    ) throws(KernelStatus) {
        let window = convolution.window
        guard convolution.groups == 1, input.count == 4 else { return nil }
        let begin = window.padding(for: Array(input.dropFirst(2))).begin
        let end = (0..<2).map { axis in
            (output[2 + axis] - 1) * window.stride[axis] + window.span(axis) - input[2 + axis] - begin[axis]
        }
        guard begin.allSatisfy({ $0 >= 0 }) else { return nil }
        padded = Array(input.prefix(2)) + (0..<2).map { input[2 + $0] + begin[$0] + max(end[$0], 0) }
        var geometry = cdnn_window(window, input: Array(padded.dropFirst(2)), output: Array(output.dropFirst(2)))
        for axis in 0..<2 {
            geometry.set(
                axis, kernel: window.kernel[axis], stride: window.stride[axis], dilation: window.dilation[axis],
                begin: 0, end: min(end[axis], 0))
        }
        let source = try Layout.channelsLast(padded, of: CDNN_UINT8)
        let filter = try Layout.any(weights, of: CDNN_INT8)
        let sums = try Layout.channelsLast(output, of: CDNN_INT32)
        let made = try? Primitive {
            cdnn_convolution_forward(
                $0, engine.handle, CDNN_CONVOLUTION_DIRECT, &geometry, source.handle, filter.handle, nil, sums.handle,
                0, nil)
        }
        guard let made, ["vnni", "amx"].contains(where: made.implementation.contains) else { return nil }
        primitive = made
        (self.input, self.output, self.begin) = (input, output, begin)
    }

    /// The item's values [H,W,C] as integers [H+…,W+…,C], and what they mean: their scale and their zero.
    func quantize(_ x: UnsafePointer<Float>, to target: UnsafeMutablePointer<UInt8>) -> (scale: Float, zero: Float) {
        let (row, paddedRow) = (input[3] * input[1], padded[3] * input[1])
        var (smallest, largest): (Float, Float) = (0, 0)
        cvectors_range(x, Int64(input[2] * row), &smallest, &largest)
        let zero: Float = smallest < 0 ? 128 : 0
        let scale = max(largest, -smallest) / (smallest < 0 ? 127 : 255)
        let inverse = scale > 0 ? 1 / scale : 0
        let byte = UInt8(zero)
        let left = begin[1] * input[1]
        for r in 0..<padded[2] {
            let start = target + r * paddedRow
            guard input[2] > r - begin[0], r >= begin[0] else {
                start.update(repeating: byte, count: paddedRow)
                continue
            }
            start.update(repeating: byte, count: left)
            cvectors_quantize(x + (r - begin[0]) * row, Int64(row), inverse, zero, start + left)
            (start + left + row).update(repeating: byte, count: paddedRow - left - row)
        }
        return (scale, zero)
    }

    /// Weights [O,…] as integers, still written as Float, or their scales and, of each output channel, the sum of the
    /// integers [2,O].
    static func weights(_ tensor: Tensor, factors: Bool) -> Tensor {
        let outputs = tensor.shape[0]
        let count = tensor.count / max(outputs, 1)
        return tensor.withUnsafeValues { values in
            let scales = (0..<outputs).map { output in
                values[(output * count)..<((output + 1) * count)].reduce(0) { max($0, abs($1)) } / largestWeight
            }
            func integer(_ index: Int) -> Float {
                let scale = scales[index / count]
                return scale > 0 ? (values[index] / scale).rounded() : 0
            }
            guard factors, let shape = try? Shape([2, outputs]) else {
                return Tensor(shape: tensor.shape) { target in
                    for index in target.indices { target[index] = integer(index) }
                }
            }
            return Tensor(shape: shape) { target in
                for output in 0..<outputs {
                    target[output] = scales[output]
                    target[outputs + output] = (0..<count).reduce(0) { $0 + integer(output * count + $1) }
                }
            }
        }
    }
}

extension PlanBuilder {
    /// The convolution in eight bits, where it shall and can be computed so.
    func eightBitConvolution(_ node: Node, _ convolution: Convolution) throws(ExecutionError) -> EightBitConvolution? {
        guard preferredAlgorithm(for: node)?.method == .eightBit, !isDifferentiated(node.output),
            let weights = node.input(1), graph.constants[weights] != nil
        else { return nil }
        let (x, extents) = (try input(node, 0).extents, shape(of: weights).dimensions)
        let output = shape(of: node.output).dimensions
        return try check(node) { () throws(KernelStatus) in
            try EightBitConvolution(convolution, input: x, weights: extents, output: output, on: engine)
        }
    }

    func emit(_ node: Node, _ eightBit: EightBitConvolution) throws(ExecutionError) {
        let (items, outputs) = (eightBit.input[0], eightBit.output[1])
        let sum = takeFollowingSum(node)
        let last = sum?.node ?? node
        let isRectified = onlyReader(of: last)?.operation == .activation(.relu)
        let activation = isRectified ? takeFollowingActivation(last) : nil
        func channelsLast(_ extents: [Int], of type: cdnn_type) throws(ExecutionError) -> Layout {
            try check(node) { () throws(KernelStatus) in try Layout.channelsLast(extents, of: type) }
        }
        func order(_ extents: [Int]) throws(ExecutionError) -> Layout { try channelsLast(extents, of: CDNN_FLOAT32) }
        let x = try converted(try input(node, 0), to: try order(eightBit.input), for: node)
        let integers = allocate(eightBit.padded, try channelsLast(eightBit.padded, of: CDNN_UINT8))
        let meaning = try allocatePlain([items, 2], for: node)
        let sums = allocate(eightBit.output, try channelsLast(eightBit.output, of: CDNN_INT32))
        let value = try inputID(node, 1)
        let filter = try weights(
            value, as: shape(of: value).dimensions, in: try layout(eightBit.primitive, CDNN_ARG_WEIGHTS, node),
            part: .eightBit, for: node)
        let factors = try weights(
            value, as: [2, outputs], in: try plainLayout([2, outputs], for: node), part: .eightBitFactors, for: node)
        var read = [sums, meaning, factors]
        let hasBias = node.input(2) != nil
        if let bias = node.input(2) {
            read.append(try weights(bias, as: [outputs], in: try plainLayout([outputs], for: node), for: node))
        }
        if let sum { read.append(try converted(sum.other, to: try order(eightBit.output), for: node)) }
        let hasSum = sum != nil
        let y = allocate(eightBit.output, try order(eightBit.output))

        let inputCount = eightBit.input.dropFirst().reduce(1, *)
        let paddedCount = eightBit.padded.dropFirst().reduce(1, *)
        emit(node, reading: [x], writing: [integers, meaning]) { addresses in
            let x = addresses[0].assumingMemoryBound(to: Float.self)
            let integers = addresses[1].assumingMemoryBound(to: UInt8.self)
            let meaning = addresses[2].assumingMemoryBound(to: Float.self)
            for item in 0..<items {
                let (scale, zero) = eightBit.quantize(x + item * inputCount, to: integers + item * paddedCount)
                (meaning[2 * item], meaning[2 * item + 1]) = (scale, zero)
            }
        }
        try emit(
            node, eightBit.primitive,
            [(CDNN_ARG_SRC, integers), (CDNN_ARG_WEIGHTS, filter), (CDNN_ARG_DST, sums)])
        let positions = eightBit.output[2] * eightBit.output[3]
        emit(node, reading: read, writing: [y]) { addresses in
            let sums = addresses[0].assumingMemoryBound(to: Int32.self)
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            for item in 0..<items {
                let start = item * positions * outputs
                cvectors_restore(
                    sums + start, Int64(positions), Int64(outputs), pointers[1][2 * item], pointers[1][2 * item + 1],
                    pointers[2], pointers[2] + outputs, hasBias ? pointers[3] : nil,
                    hasSum ? pointers[hasBias ? 4 : 3] + start : nil, isRectified ? 1 : 0,
                    pointers[pointers.count - 1] + start)
            }
        }
        set((activation?.node ?? last).output, y)
    }
}
