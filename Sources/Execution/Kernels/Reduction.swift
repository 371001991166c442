import Foundation
import Networks
import Tensors

extension PlanBuilder {
    /// Sum, mean, maximum, minimum and product along some axes. Back: every value gets the signal of the result it went
    /// into; of a maximum, those that attain it share it, as in PyTorch. The norm's derivative at 0 counts as 0.
    func emitReduction(_ node: Node, _ reduction: Reduction) throws(ExecutionError) {
        let original = try input(node, 0)
        let rank = original.extents.count
        if reduction.averagesPlanes(ofRank: rank), rank <= 5 {
            return try emitGlobalPooling(node, .average)
        }
        let x = try plain(original, for: node)
        let axes = (reduction.axes ?? Array(0..<rank)).map { $0 < 0 ? $0 + rank : $0 }
        let kept = x.extents.indices.map { axes.contains($0) ? 1 : x.extents[$0] }
        let loop = StridedLoop(x.extents, [.dense(x.extents), .broadcast(kept, to: x.extents)])
        let results = kept.reduce(1, *)
        let count = x.extents.reduce(1, *) / max(results, 1)
        let y = try allocatePlain(kept, for: node)
        let kind = reduction.kind
        emit(node, reading: [x], writing: [y]) { addresses in
            reduce(
                kind, loop, addresses[0].assumingMemoryBound(to: Float.self),
                addresses[1].assumingMemoryBound(to: Float.self), results: results)
            if kind == .mean {
                let target = addresses[1].assumingMemoryBound(to: Float.self)
                for index in 0..<results { target[index] /= Float(count) }
            }
        }
        set(node.output, try reshaped(y, to: shape(of: node.output).dimensions, for: node))
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.reshaped(signal, to: kept, for: node)
            let passed: PlannedTensor
            switch kind {
            case .sum, .mean:
                passed = try builder.spread(
                    incoming, to: x.extents, factor: kind == .mean ? 1 / Float(count) : 1, for: node)
            case .maximum, .minimum:
                passed = try builder.shared(incoming, amongEqualOf: x, to: y, loop, results: results, for: node)
            case .product:
                passed = try builder.timesOthers(incoming, x, loop, results: results, for: node)
            case .norm:
                passed = try builder.sloped(incoming, x, y, loop, for: node) { $1 == 0 ? 0 : $0 / $1 }
            case .logSumExp:
                passed = try builder.sloped(incoming, x, y, loop, for: node) { exp($0 - $1) }
            }
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    /// A plain tensor summed over the axes along which `extents` has to be broadcast to it.
    func summed(_ tensor: PlannedTensor, to extents: [Int], for node: Node) throws(ExecutionError) -> PlannedTensor {
        if tensor.extents == extents { return tensor }
        let x = try plain(tensor, for: node)
        let y = try allocatePlain(extents, for: node)
        let loop = StridedLoop(x.extents, [.dense(x.extents), .broadcast(extents, to: x.extents)])
        let results = extents.reduce(1, *)
        emit(node, reading: [x], writing: [y]) { addresses in
            reduce(
                .sum, loop, addresses[0].assumingMemoryBound(to: Float.self),
                addresses[1].assumingMemoryBound(to: Float.self), results: results)
        }
        return y
    }

    /// A plain tensor broadcast to `extents`, times `factor`.
    func spread(
        _ x: PlannedTensor, to extents: [Int], factor: Float = 1, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let y = try allocatePlain(extents, for: node)
        let loop = StridedLoop(extents, [.broadcast(x.extents, to: extents), .dense(extents)])
        emit(node, reading: [x], writing: [y]) { addresses in
            let source = addresses[0].assumingMemoryBound(to: Float.self)
            let target = addresses[1].assumingMemoryBound(to: Float.self)
            let step = loop.step(0)
            loop.forEachRun { start in
                let x = source + start[0]
                let y = target + start[1]
                if step == 0 {
                    y.update(repeating: x[0] * factor, count: loop.run)
                } else {
                    for index in 0..<loop.run { y[index] = x[index * step] * factor }
                }
            }
        }
        return y
    }

    /// The signal times what `slope` makes of a value and of the result that it went into.
    private func sloped(
        _ signal: PlannedTensor, _ x: PlannedTensor, _ y: PlannedTensor, _ loop: StridedLoop, for node: Node,
        _ slope: @escaping (Float, Float) -> Float
    ) throws(ExecutionError) -> PlannedTensor {
        let passed = try allocatePlain(x.extents, for: node)
        emit(node, reading: [signal, x, y], writing: [passed]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            let (signal, x, y, passed) = (pointers[0], pointers[1], pointers[2], pointers[3])
            let step = loop.step(1)
            loop.forEachRun { start in
                for index in 0..<loop.run {
                    let result = start[1] + index * step
                    passed[start[0] + index] = signal[result] * slope(x[start[0] + index], y[result])
                }
            }
        }
        return passed
    }

    /// The signal times the product of all other values; zeros among them are counted.
    private func timesOthers(
        _ signal: PlannedTensor, _ x: PlannedTensor, _ loop: StridedLoop, results: Int, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let passed = try allocatePlain(x.extents, for: node)
        let products = try allocatePlain([max(results, 1)], for: node)
        let zeros = try allocatePlain([max(results, 1)], for: node)
        emit(node, reading: [signal, x], writing: [passed, products, zeros]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            let (signal, x, passed, products, zeros) = (pointers[0], pointers[1], pointers[2], pointers[3], pointers[4])
            let step = loop.step(1)
            products.update(repeating: 1, count: results)
            zeros.update(repeating: 0, count: results)
            loop.forEachRun { start in
                for index in 0..<loop.run {
                    let value = x[start[0] + index]
                    let result = start[1] + index * step
                    if value == 0 { zeros[result] += 1 } else { products[result] *= value }
                }
            }
            loop.forEachRun { start in
                for index in 0..<loop.run {
                    let value = x[start[0] + index]
                    let result = start[1] + index * step
                    let others =
                        value == 0
                        ? (zeros[result] == 1 ? products[result] : 0)
                        : (zeros[result] == 0 ? products[result] / value : 0)
                    passed[start[0] + index] = signal[result] * others
                }
            }
        }
        return passed
    }

    /// The signal of each extreme value in equal shares to all that attain it.
    private func shared(
        _ signal: PlannedTensor, amongEqualOf x: PlannedTensor, to y: PlannedTensor, _ loop: StridedLoop, results: Int,
        for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let passed = try allocatePlain(x.extents, for: node)
        let counts = try allocatePlain([max(results, 1)], for: node)
        emit(node, reading: [signal, x, y], writing: [passed, counts]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            let (signal, x, y, passed, counts) = (pointers[0], pointers[1], pointers[2], pointers[3], pointers[4])
            let step = loop.step(1)
            counts.update(repeating: 0, count: results)
            loop.forEachRun { start in
                for index in 0..<loop.run {
                    let result = start[1] + index * step
                    counts[result] += x[start[0] + index] == y[result] ? 1 : 0
                }
            }
            loop.forEachRun { start in
                for index in 0..<loop.run {
                    let result = start[1] + index * step
                    passed[start[0] + index] = x[start[0] + index] == y[result] ? signal[result] / counts[result] : 0
                }
            }
        }
        return passed
    }
}

/// Copies operand 0 of the loop, dense, into operand 1.
private func reduce(
    _ kind: Reduction.Kind, _ loop: StridedLoop, _ source: FloatPointer, _ target: FloatPointer, results: Int
) {
    switch kind {
    case .sum, .mean:
        target.update(repeating: 0, count: results)
        let step = loop.step(1)
        loop.forEachRun { start in
            let x = source + start[0]
            let y = target + start[1]
            if step == 0 {
                y[0] += total(x, loop.run)
            } else if step == 1 {
                accumulate(y, x, loop.run)
            } else {
                for index in 0..<loop.run { y[index * step] += x[index] }
            }
        }
    case .norm:
        fold(loop, source, target, results: results, from: 0) { $0 + $1 * $1 }
        for index in 0..<results { target[index].formSquareRoot() }
    case .logSumExp:
        // The largest value is taken out, so that no exponential is too large (Blanchard, Higham and Higham 2021).
        fold(loop, source, target, results: results, from: -.infinity) { max($0, $1) }
        var sums = [Float](repeating: 0, count: results)
        let step = loop.step(1)
        loop.forEachRun { start in
            for index in 0..<loop.run {
                let result = start[1] + index * step
                let (value, largest) = (source[start[0] + index], target[result])
                sums[result] += value == largest ? 1 : exp(value - largest)
            }
        }
        for index in 0..<results { target[index] += log(sums[index]) }
    case .maximum: fold(loop, source, target, results: results, from: -.infinity) { max($0, $1) }
    case .minimum: fold(loop, source, target, results: results, from: .infinity) { min($0, $1) }
    case .product: fold(loop, source, target, results: results, from: 1) { $0 * $1 }
    }
}

@inline(__always)
private func fold(
    _ loop: StridedLoop, _ source: FloatPointer, _ target: FloatPointer, results: Int, from first: Float,
    _ combine: (Float, Float) -> Float
) {
    target.update(repeating: first, count: results)
    let step = loop.step(1)
    loop.forEachRun { start in
        let x = source + start[0]
        let y = target + start[1]
        for index in 0..<loop.run { y[index * step] = combine(y[index * step], x[index]) }
    }
}
