import Networks
import Tensors

extension PlanBuilder {
    /// Max pooling whose switches another node reads: they become a value of their own, the position of each maximum in
    /// its plane. (Exact in Float32 up to planes of 16 million values.)
    func emitIndexedPooling(_ node: Node, _ pooling: Pooling) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let extents = shape(of: node.output).dimensions
        let window = PlaneWindow(
            pooling.window, input: Array(x.extents.dropFirst(2)), output: Array(extents.dropFirst(2)))
        guard window.inputCount <= 1 << 24 else {
            throw .unsupported(
                node: node.name, operation: node.operation.name, reason: "its planes are too large to count through")
        }
        let planes = x.extents[0] * x.extents[1]
        let y = try allocatePlain(extents, for: node)
        let positions = try allocatePlain(extents, for: node)
        emit(node, reading: [x], writing: [y, positions]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            for plane in 0..<planes {
                window.pool(
                    pointers[0] + plane * window.inputCount, pointers[1] + plane * window.outputCount,
                    pointers[2] + plane * window.outputCount)
            }
        }
        set(node.output, y)
        set(node.outputs[1], positions)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            let passed = try builder.unpooled(incoming, positions, to: x.extents, for: node)
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    /// Takes each value to where its maximum stood, and back from there.
    func emitUnpooling(_ node: Node) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let positions = try plain(try input(node, 1), for: node)
        let extents = shape(of: node.output).dimensions
        set(node.output, try unpooled(x, positions, to: extents, for: node))
        let (planes, from, to) = PlanBuilder.planes(x.extents, extents)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            let passed = try builder.allocatePlain(x.extents, for: node)
            builder.emit(node, reading: [incoming, positions], writing: [passed]) { addresses in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                for plane in 0..<planes {
                    let source = pointers[0] + plane * to
                    for index in plane * from..<(plane + 1) * from {
                        pointers[2][index] = source[Int(pointers[1][index])]
                    }
                }
            }
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    /// Each value at its position in a plane of zeros. Of overlapping windows that found the same maximum, unpooling keeps
    /// the last, as PyTorch does, and a signal is summed.
    private func unpooled(
        _ x: PlannedTensor, _ positions: PlannedTensor, to extents: [Int], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let y = try allocatePlain(extents, for: node)
        let (planes, from, to) = PlanBuilder.planes(x.extents, extents)
        let isForward = isUnpooling(node)
        emit(node, reading: [x, positions], writing: [y]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            pointers[2].update(repeating: 0, count: planes * to)
            for plane in 0..<planes {
                let target = pointers[2] + plane * to
                for index in plane * from..<(plane + 1) * from {
                    let position = Int(pointers[1][index])
                    target[position] = isForward ? pointers[0][index] : target[position] + pointers[0][index]
                }
            }
        }
        return y
    }

    private func isUnpooling(_ node: Node) -> Bool {
        if case .maximumUnpooling = node.operation { true } else { false }
    }

    private static func planes(_ small: [Int], _ large: [Int]) -> (count: Int, small: Int, large: Int) {
        (small[0] * small[1], small.dropFirst(2).reduce(1, *), large.dropFirst(2).reduce(1, *))
    }
}

/// A window over one plane of up to three axes.
private struct PlaneWindow: Sendable {
    let input: [Int]
    let output: [Int]
    let kernel: [Int]
    let stride: [Int]
    let dilation: [Int]
    let begin: [Int]

    init(_ window: Window, input: [Int], output: [Int]) {
        let missing = 3 - input.count
        func padded(_ values: [Int], _ value: Int) -> [Int] { Array(repeating: value, count: missing) + values }
        begin = padded(window.padding(for: input).begin, 0)
        self.input = padded(input, 1)
        self.output = padded(output, 1)
        kernel = padded(window.kernel, 1)
        stride = padded(window.stride, 1)
        dilation = padded(window.dilation, 1)
    }

    var inputCount: Int { input.reduce(1, *) }
    var outputCount: Int { output.reduce(1, *) }

    func pool(_ x: FloatPointer, _ y: FloatPointer, _ positions: FloatPointer) {
        var next = 0
        for depth in 0..<output[0] {
            for row in 0..<output[1] {
                for column in 0..<output[2] {
                    var best = -Float.infinity
                    var position = -1
                    for z in covered(0, depth) {
                        for v in covered(1, row) {
                            for u in covered(2, column) {
                                let index = (z * input[1] + v) * input[2] + u
                                if x[index] > best || position < 0 { (best, position) = (x[index], index) }
                            }
                        }
                    }
                    // Where the padding is as wide as the window, a window may cover nothing.
                    y[next] = best
                    positions[next] = Float(max(position, 0))
                    next += 1
                }
            }
        }
    }

    /// The input positions under the window along an axis.
    private func covered(_ axis: Int, _ output: Int) -> StrideTo<Int> {
        let first = output * stride[axis] - begin[axis]
        let skipped = first < 0 ? (-first + dilation[axis] - 1) / dilation[axis] : 0
        return Swift.stride(
            from: first + skipped * dilation[axis], to: min(first + kernel[axis] * dilation[axis], input[axis]),
            by: dilation[axis])
    }
}
