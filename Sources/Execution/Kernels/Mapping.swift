import Networks
import Tensors

extension PlanBuilder {
    /// Resampling, gathering, and padding with values of the input: a linear map along each of some axes. Back: the
    /// transposed maps, in reverse.
    func emitMapping(
        _ node: Node, _ x: PlannedTensor, _ maps: [AxisMap], _ extents: [Int]
    ) throws(ExecutionError) {
        // Along rows and columns, values can stay in the order in which the layers beside it want them.
        let isSpatial = x.extents.count == 4 && maps.allSatisfy { $0.axis >= 2 }
        let order = try isSpatial ? valueOrder(of: x, for: node) : .plain
        var y = try converted(x, to: try layout(x.extents, order, for: node), for: node)
        var sizes: [Int] = []
        for map in maps {
            sizes.append(y.extents[map.axis])
            y = try mapped(y, map, to: map.count, order, isTransposed: false, for: node)
        }
        set(node.output, y.extents == extents ? y : try reshaped(y, to: extents, for: node))
        let mappedExtents = y.extents
        record(node) { [sizes] (builder, signal, _) throws(ExecutionError) in
            var passed = signal
            if signal.extents != mappedExtents { passed = try builder.reshaped(signal, to: mappedExtents, for: node) }
            passed = try builder.converted(
                passed, to: try builder.layout(mappedExtents, order, for: node), for: node)
            for (map, size) in zip(maps, sizes).reversed() {
                passed = try builder.mapped(passed, map, to: size, order, isTransposed: true, for: node)
            }
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    /// How the values of [N,C,H,W] lie.
    private enum ValueOrder {
        case plain, channelsLast, blocked

        /// The extents in the order in which they lie in memory, and which of them is `axis`, a spatial one unless
        /// plain.
        func placed(_ extents: [Int], axis: Int) -> (extents: [Int], axis: Int) {
            switch self {
            case .plain: return (extents, axis)
            case .channelsLast: return ([extents[0], extents[2], extents[3], extents[1]], axis - 1)
            case .blocked:
                let width = Layout.blockWidth
                return ([extents[0] * ((extents[1] + width - 1) / width), extents[2], extents[3], width], axis - 1)
            }
        }
    }

    private func valueOrder(of x: PlannedTensor, for node: Node) throws(ExecutionError) -> ValueOrder {
        for order in [ValueOrder.channelsLast, .blocked] where x.layout == (try layout(x.extents, order, for: node)) {
            return order
        }
        return .plain
    }

    private func layout(
        _ extents: [Int], _ order: ValueOrder, for node: Node
    ) throws(ExecutionError) -> Layout {
        try check(node) { () throws(KernelStatus) in
            switch order {
            case .plain: try Layout.plain(extents)
            case .channelsLast: try Layout.channelsLast(extents)
            case .blocked: try Layout.blocked(extents)
            }
        }
    }

    private func mapped(
        _ x: PlannedTensor, _ map: AxisMap, to size: Int, _ order: ValueOrder, isTransposed: Bool, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        var extents = x.extents
        extents[map.axis] = size
        let y = allocate(extents, try layout(extents, order, for: node))
        let length = x.extents[map.axis]
        let (placed, axis) = order.placed(extents, axis: map.axis)
        let outer = placed[..<axis].reduce(1, *)
        let inner = placed[(axis + 1)...].reduce(1, *)
        let kernel = AxisMapKernel(map: map, inner: inner)
        emit(node, reading: [x], writing: [y]) { addresses in
            let source = addresses[0].assumingMemoryBound(to: Float.self)
            let target = addresses[1].assumingMemoryBound(to: Float.self)
            if isTransposed { target.update(repeating: 0, count: outer * size * inner) }
            for block in 0..<outer {
                let x = source + block * length * inner
                let y = target + block * size * inner
                if isTransposed { kernel.transposed(x, y) } else { kernel.forward(x, y) }
            }
        }
        return y
    }
}

/// An axis map at work on [length, inner].
private struct AxisMapKernel: Sendable {
    let indices: [Int]
    let weights: [Float]
    let taps: Int
    let inner: Int
    let copies: Bool

    init(map: AxisMap, inner: Int) {
        indices = map.indices
        weights = map.weights ?? Array(repeating: 1, count: map.indices.count)
        copies = map.taps == 1 && map.weights == nil
        taps = map.taps
        self.inner = inner
    }

    func forward(_ x: FloatPointer, _ y: FloatPointer) {
        let count = indices.count / max(taps, 1)
        indices.withUnsafeBufferPointer { indices in
            weights.withUnsafeBufferPointer { weights in
                if inner == 1 {
                    for row in 0..<count {
                        var sum: Float = 0
                        for tap in row * taps..<(row + 1) * taps { sum += weights[tap] * x[indices[tap]] }
                        y[row] = sum
                    }
                    return
                }
                for row in 0..<count {
                    let target = y + row * inner
                    let first = x + indices[row * taps] * inner
                    if copies {
                        target.update(from: first, count: inner)
                        continue
                    }
                    let weight = weights[row * taps]
                    for index in 0..<inner { target[index] = weight * first[index] }
                    for tap in row * taps + 1..<(row + 1) * taps {
                        let weight = weights[tap]
                        let source = x + indices[tap] * inner
                        for index in 0..<inner { target[index] += weight * source[index] }
                    }
                }
            }
        }
    }

    func transposed(_ signal: FloatPointer, _ passed: FloatPointer) {
        indices.withUnsafeBufferPointer { indices in
            weights.withUnsafeBufferPointer { weights in
                for tap in indices.indices {
                    let source = signal + tap / taps * inner
                    let target = passed + indices[tap] * inner
                    let weight = weights[tap]
                    for index in 0..<inner { target[index] += weight * source[index] }
                }
            }
        }
    }
}
