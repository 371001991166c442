import Networks
import Tensors

extension PlanBuilder {
    /// Resampling, gathering, and padding with values of the input: a linear map along each of some axes. Back: the
    /// transposed maps, in reverse.
    func emitMapping(
        _ node: Node, _ x: PlannedTensor, _ maps: [AxisMap], _ extents: [Int]
    ) throws(ExecutionError) {
        var y = x
        var sizes: [Int] = []
        for map in maps {
            sizes.append(y.extents[map.axis])
            y = try mapped(y, map, to: map.count, isTransposed: false, for: node)
        }
        set(node.output, try reshaped(y, to: extents, for: node))
        let mappedExtents = y.extents
        record(node) { [sizes] (builder, signal, _) throws(ExecutionError) in
            var passed = try builder.reshaped(signal, to: mappedExtents, for: node)
            for (map, size) in zip(maps, sizes).reversed() {
                passed = try builder.mapped(passed, map, to: size, isTransposed: true, for: node)
            }
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    private func mapped(
        _ x: PlannedTensor, _ map: AxisMap, to size: Int, isTransposed: Bool, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        var extents = x.extents
        let length = extents[map.axis]
        extents[map.axis] = size
        let y = try allocatePlain(extents, for: node)
        let outer = extents[..<map.axis].reduce(1, *)
        let inner = extents[(map.axis + 1)...].reduce(1, *)
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
