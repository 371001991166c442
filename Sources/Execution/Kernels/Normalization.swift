import CVectors
import Networks
import Tensors

extension PlanBuilder {
    /// Batch normalization that no convolution could take in: y = k·x + t per channel, with k = scale/√(variance + ε)
    /// and t = shift − mean·k, in the order of memory that x has. A ReLU behind it is computed with it.
    func emitBatchNormalization(_ node: Node, epsilon: Float) throws(ExecutionError) {
        var parameters: [Tensor] = []
        for position in 1...4 { parameters.append(try constantTensor(node, position)) }
        let channels = parameters[0].count
        let factors = (0..<channels).map { parameters[0][$0] / (parameters[3][$0] + epsilon).squareRoot() }
        let shifts = (0..<channels).map { parameters[1][$0] - parameters[2][$0] * factors[$0] }
        // Relevance is shared out by the result itself, which must be seen then.
        let relu = request.derivatives.allSatisfy { $0.rule.relevance == nil } ? takeFollowingReLU(node) : nil
        let y = try scaledChannels(try input(node, 0), factors, shifts, rectifies: relu != nil, for: node)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let passed = try builder.scaledChannels(
                signal, factors, factors.map { _ in 0 }, rectifies: false, for: node)
            return [(try builder.inputID(node, 0), passed)]
        }
        if let relu { recordFromResult(relu, output: y) }
        set((relu?.node ?? node).output, y)
    }

    /// Channel c of [N,C,…] times `factors[c]` plus `shifts[c]`, and what is negative then 0 where it `rectifies`.
    private func scaledChannels(
        _ tensor: PlannedTensor, _ factors: [Float], _ shifts: [Float], rectifies: Bool,
        for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        var x = tensor
        var (blocks, width) = (x.extents[1], 1)
        if let order = ChannelOrder.of(x.layout, extents: x.extents) {
            (blocks, width) = order.blocks(of: x.extents[1])
        } else {
            x = try plain(x, for: node)
        }
        let y = allocate(x.extents, x.layout, over: x, for: node)
        let (items, positions) = (x.extents[0], x.extents.dropFirst(2).reduce(1, *))
        // What fills the last block up stays 0.
        let filler = [Float](repeating: 0, count: blocks * width - x.extents[1])
        let (allFactors, allShifts) = (factors + filler, shifts + filler)
        emit(node, reading: [x], writing: [y]) { [blocks, width] addresses in
            cvectors_scale_channels(
                addresses[0].assumingMemoryBound(to: Float.self), Int64(items), Int64(blocks), Int64(positions),
                Int64(width), allFactors, allShifts, rectifies ? 1 : 0,
                addresses[1].assumingMemoryBound(to: Float.self))
        }
        return y
    }

    /// Instance, group and layer normalization: x is rows that are normalized one by one, and scale and shift change
    /// every `inner` values of a row.
    func emitNormalization(_ node: Node, _ normalization: Normalization) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let rows: NormalizedRows
        switch normalization.kind {
        case .layer(let axis):
            let axis = axis < 0 ? axis + x.extents.count : axis
            let parameters = Array(x.extents[axis...])
            rows = NormalizedRows(
                count: x.extents[..<axis].reduce(1, *), length: parameters.reduce(1, *), inner: 1,
                epsilon: normalization.epsilon, scale: try parameter(node, 1, parameters, else: 1),
                shift: try parameter(node, 2, parameters, else: 0))
        case .instance, .group:
            let channels = x.extents[1]
            var groups = channels
            if case .group(let count) = normalization.kind { groups = count }
            let inner = x.extents.dropFirst(2).reduce(1, *)
            rows = NormalizedRows(
                count: x.extents[0] * groups, length: channels / groups * inner, inner: inner,
                epsilon: normalization.epsilon, scale: try parameter(node, 1, [channels], else: 1),
                shift: try parameter(node, 2, [channels], else: 0))
        }
        let y = allocate(x.extents, x.layout, over: x, for: node)
        emit(node, reading: [x], writing: [y]) { addresses in
            rows.forward(
                addresses[0].assumingMemoryBound(to: Float.self), addresses[1].assumingMemoryBound(to: Float.self))
        }
        set(node.output, y)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            let passed = try builder.allocatePlain(x.extents, for: node)
            builder.emit(node, reading: [x, incoming], writing: [passed]) { addresses in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                for row in 0..<rows.count { rows.backward(row, pointers[0], pointers[1], pointers[2]) }
            }
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    /// Scale or shift, broadcast to `extents`; all alike where there is none.
    private func parameter(
        _ node: Node, _ position: Int, _ extents: [Int], else value: Float
    ) throws(ExecutionError) -> [Float] {
        guard node.input(position) != nil else { return Array(repeating: value, count: extents.reduce(1, *)) }
        let tensor = try constantTensor(node, position)
        let operand = StridedLoop.Operand.broadcast(tensor.shape.dimensions, to: extents)
        let loop = StridedLoop(extents, [operand])
        let values = tensor.values
        var result: [Float] = []
        loop.forEachRun { start in
            for index in 0..<loop.run { result.append(values[start[0] + index * loop.step(0)]) }
        }
        return result
    }

    private func constantTensor(_ node: Node, _ position: Int) throws(ExecutionError) -> Tensor {
        guard let tensor = graph.constants[try inputID(node, position)]?.tensor else {
            throw .unsupported(
                node: node.name, operation: node.operation.name, reason: "its parameters are not constants")
        }
        return tensor
    }
}

/// Rows of equal length, each brought to mean 0 and variance 1, then scaled and shifted.
private struct NormalizedRows: Sendable {
    let count: Int
    let length: Int
    /// Neighbours that share scale and shift.
    let inner: Int
    let epsilon: Float
    /// One value per `inner` values of as many rows as it takes.
    let scale: [Float]
    let shift: [Float]

    func forward(_ x: FloatPointer, _ y: FloatPointer) {
        cvectors_normalize_rows(
            x, Int64(count), Int64(length), Int64(inner), epsilon, Int64(scale.count), scale, shift, y)
    }

    /// With g the signal times scale and x̂ the normalized row: (g − mean g − x̂·mean(g·x̂))/deviation.
    func backward(_ row: Int, _ x: FloatPointer, _ signal: FloatPointer, _ passed: FloatPointer) {
        let x = x + row * length
        let signal = signal + row * length
        let passed = passed + row * length
        let (mean, deviation) = statistics(x)
        let factor = 1 / deviation
        var sum: Double = 0
        var product: Double = 0
        for block in 0..<blocks {
            let scale = scale[(row * blocks + block) % scale.count]
            var partialSum: Float = 0
            var partialProduct: Float = 0
            for index in block * inner..<(block + 1) * inner {
                let g = signal[index] * scale
                passed[index] = g
                partialSum += g
                partialProduct += g * (x[index] - mean)
            }
            sum += Double(partialSum)
            product += Double(partialProduct)
        }
        let meanSignal = Float(sum / Double(length))
        let projection = Float(product / Double(length)) * factor * factor
        for index in 0..<length {
            passed[index] = (passed[index] - meanSignal - (x[index] - mean) * projection) * factor
        }
    }

    private var blocks: Int { length / max(inner, 1) }

    private func statistics(_ x: FloatPointer) -> (mean: Float, deviation: Float) {
        let mean = total(x, length) / Float(length)
        var variance = SIMD8<Float>(repeating: 0)
        var index = 0
        while index + 8 <= length {
            let difference = UnsafeRawPointer(x + index).loadUnaligned(as: SIMD8<Float>.self) - mean
            variance += difference * difference
            index += 8
        }
        var sum = variance.sum()
        while index < length {
            sum += (x[index] - mean) * (x[index] - mean)
            index += 1
        }
        return (mean, (sum / Float(length) + epsilon).squareRoot())
    }
}
