import Networks
import Tensors

extension PlanBuilder {
    /// Between numbers and the integers that stand for them. Back: straight through the rounding, where nothing was cut
    /// off; scales and zeros count as constants.
    func emitQuantization(_ node: Node, _ quantization: Quantization) throws(ExecutionError) {
        switch quantization {
        case .quantize(let range, let grouping): try emitQuantize(node, range, grouping)
        case .dequantize(let grouping): try emitDequantize(node, grouping)
        case .dynamic: try emitDynamicQuantize(node)
        case .restore(let restoration): try emitRestoration(node, restoration)
        }
    }

    private func emitQuantize(
        _ node: Node, _ range: Quantization.IntegerRange, _ grouping: Quantization.Grouping
    ) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let y = try allocatePlain(x.extents, for: node)
        let (read, runs) = try scales(of: node, grouping, extents: x.extents)
        let limits = (Float(range.lowest), Float(range.highest))
        emit(node, reading: [x] + read, writing: [y]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            let y = pointers[pointers.count - 1]
            runs.forEach { values, entry in
                let scale = pointers[1][entry]
                let zero = read.count > 1 ? pointers[2][entry] : 0
                for index in values {
                    y[index] = roundedWithin(pointers[0][index] / scale, limits.0 - zero, limits.1 - zero) + zero
                }
            }
        }
        set(node.output, y)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            let passed = try builder.allocatePlain(x.extents, for: node)
            builder.emit(node, reading: [x, incoming] + read, writing: [passed]) { addresses in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                let (x, signal, passed) = (pointers[0], pointers[1], pointers[pointers.count - 1])
                runs.forEach { values, entry in
                    let scale = pointers[2][entry]
                    let zero = read.count > 1 ? pointers[3][entry] : 0
                    for index in values {
                        let q = x[index] / scale + zero
                        passed[index] = q >= limits.0 - 0.5 && q <= limits.1 + 0.5 ? signal[index] / scale : 0
                    }
                }
            }
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    private func emitDequantize(_ node: Node, _ grouping: Quantization.Grouping) throws(ExecutionError) {
        let q = try plain(try input(node, 0), for: node)
        let y = try allocatePlain(q.extents, for: node)
        let (read, runs) = try scales(of: node, grouping, extents: q.extents)
        emit(node, reading: [q] + read, writing: [y]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            let y = pointers[pointers.count - 1]
            runs.forEach { values, entry in
                let scale = pointers[1][entry]
                let zero = read.count > 1 ? pointers[2][entry] : 0
                for index in values { y[index] = (pointers[0][index] - zero) * scale }
            }
        }
        set(node.output, y)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            let passed = try builder.allocatePlain(q.extents, for: node)
            builder.emit(node, reading: [incoming, read[0]], writing: [passed]) { addresses in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                runs.forEach { values, entry in
                    let scale = pointers[1][entry]
                    for index in values { pointers[2][index] = pointers[0][index] * scale }
                }
            }
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    /// Scale and zero of a node, and which of them belong to which values.
    private func scales(
        of node: Node, _ grouping: Quantization.Grouping, extents: [Int]
    ) throws(ExecutionError) -> (read: [PlannedTensor], runs: ScaleRuns) {
        let scale = try plain(try numbers(node, 1), for: node)
        var read = [scale]
        if node.input(2) != nil { read.append(try plain(try numbers(node, 2), for: node)) }
        return (read, ScaleRuns(grouping, extents: extents, scales: scale.extents))
    }

    /// An input whose integers, where it is constant, are made numbers.
    func numbers(_ node: Node, _ position: Int) throws(ExecutionError) -> PlannedTensor {
        let value = try inputID(node, position)
        if case .integers(let shape, let values)? = graph.constants[value] ?? specialization.constants[value] {
            return try stored(values.map { Float($0) }, shape, for: node)
        }
        return try input(node, position)
    }

    /// Numbers of the plan's own.
    private func stored(_ values: [Float], _ shape: Shape, for node: Node) throws(ExecutionError) -> PlannedTensor {
        let tensor = try allocatePlain(shape.dimensions.isEmpty ? [1] : shape.dimensions, for: node)
        emit(node, reading: [], writing: [tensor]) { addresses in
            let target = addresses[0].assumingMemoryBound(to: Float.self)
            for index in values.indices { target[index] = values[index] }
        }
        return tensor
    }

    // MARK: A range that the values decide

    /// scale = (max(x, 0) − min(x, 0))/255 and zero = limited(round(−min/scale)), as ONNX defines them.
    private func emitDynamicQuantize(_ node: Node) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let y = try allocatePlain(x.extents, for: node)
        let meaning = [try allocatePlain([1], for: node), try allocatePlain([1], for: node)]
        let count = x.extents.reduce(1, *)
        emit(node, reading: [x], writing: [y] + meaning) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            let (x, y) = (pointers[0], pointers[1])
            var (lowest, highest): (Float, Float) = (0, 0)
            for index in 0..<count {
                lowest = min(lowest, x[index])
                highest = max(highest, x[index])
            }
            let scale = highest == lowest ? 1 : (highest - lowest) / 255
            let zero = roundedWithin(-lowest / scale, 0, 255)
            for index in 0..<count { y[index] = roundedWithin(x[index] / scale, -zero, 255 - zero) + zero }
            pointers[2][0] = scale
            pointers[3][0] = zero
        }
        set(node.output, y)
        for (output, tensor) in zip(node.outputs.dropFirst(), meaning) {
            set(output, try reshaped(tensor, to: shape(of: output).dimensions, for: node))
        }
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            let passed = try builder.allocatePlain(x.extents, for: node)
            builder.emit(node, reading: [incoming, meaning[0]], writing: [passed]) { addresses in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                let scale = pointers[1][0]
                for index in 0..<count { pointers[2][index] = pointers[0][index] / scale }
            }
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    // MARK: Sums of products

    private func emitRestoration(_ node: Node, _ restoration: Quantization.Restoration) throws(ExecutionError) {
        let count = restoration.factors.count
        var parts: [PlannedTensor] = []
        for position in 0..<count { parts.append(try plain(try input(node, position), for: node)) }
        let extents = parts[0].extents
        let axis = restoration.axis < 0 ? restoration.axis + extents.count : restoration.axis
        let inner = extents[(axis + 1)...].reduce(1, *)
        let length = extents[axis]
        let bias = try knownNumbers(node, count).map { stretched($0, over: length) }
        let scale = try knownNumbers(node, count + 1).map { stretched($0.map { Float($0) }, over: length) }
        let zero = Float(try knownNumbers(node, count + 2)?.first ?? 0)
        let sums = SumsOfDigits(
            factors: restoration.factors.map(Double.init), outer: extents[..<axis].reduce(1, *), length: length,
            inner: inner, bias: bias, scale: scale, zero: zero,
            limits: restoration.range.map { (Float($0.lowest), Float($0.highest)) })
        let y = try allocatePlain(extents, for: node)
        emit(node, reading: parts, writing: [y]) { addresses in
            sums.restore(addresses.map { $0.assumingMemoryBound(to: Float.self) })
        }
        set(node.output, y)
        record(node) { [parts] (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            var passed: [(input: ValueID, signal: PlannedTensor)] = []
            for position in 0..<count {
                let value = try builder.inputID(node, position)
                guard builder.isDifferentiated(value) else { continue }
                let result = try builder.allocatePlain(extents, for: node)
                builder.emit(node, reading: parts + [incoming], writing: [result]) { addresses in
                    sums.passBack(addresses.map { $0.assumingMemoryBound(to: Float.self) }, toPart: position)
                }
                passed.append((value, result))
            }
            return passed
        }
    }

    /// An input that must be known before the network runs; nil where it is left out.
    private func knownNumbers(_ node: Node, _ position: Int) throws(ExecutionError) -> [Double]? {
        guard let value = node.input(position) else { return nil }
        switch graph.constants[value] ?? specialization.constants[value] {
        case .floats(let tensor)?: return tensor.values.map(Double.init)
        case .integers(_, let values)?: return values.map(Double.init)
        case nil:
            throw .unsupported(
                node: node.name, operation: node.operation.name, reason: "its scale, zero or bias is computed")
        }
    }
}

/// One value for each position along an axis.
private func stretched<Value>(_ values: [Value], over length: Int) -> [Value] {
    values.count == 1 ? Array(repeating: values[0], count: length) : values
}

/// The nearest integer, of two the even one, within limits that are integers of less than 22 bits.
@inline(__always)
private func roundedWithin(_ x: Float, _ lowest: Float, _ highest: Float) -> Float {
    // A number of this size has no bits behind the point, and adding it rounds as asked.
    let shift: Float = 12_582_912
    return (min(max(x, lowest), highest) + shift) - shift
}

/// Which scale belongs to which values of a dense tensor: runs of neighbours that have one in common.
private struct ScaleRuns: Sendable {
    private let outer, length, inner, block, blocks: Int
    private let isSingle: Bool

    init(_ grouping: Quantization.Grouping, extents: [Int], scales: [Int]) {
        isSingle = scales.reduce(1, *) == 1 && grouping.block == 0
        let axis = grouping.axis < 0 ? grouping.axis + extents.count : grouping.axis
        guard !isSingle, extents.indices.contains(axis) else {
            (outer, length, inner, block, blocks) = (1, 1, extents.reduce(1, *), 0, 1)
            return
        }
        outer = extents[..<axis].reduce(1, *)
        length = extents[axis]
        inner = extents[(axis + 1)...].reduce(1, *)
        block = grouping.block
        blocks = block > 0 ? scales[axis] : length
    }

    @inline(__always)
    func forEach(_ body: (_ values: Range<Int>, _ scale: Int) -> Void) {
        for row in 0..<outer {
            for position in 0..<length {
                let start = (row * length + position) * inner
                if block == 0 {
                    body(start..<start + inner, isSingle ? 0 : position)
                } else {
                    let first = (row * blocks + position / block) * inner
                    for index in 0..<inner { body(start + index..<start + index + 1, first + index) }
                }
            }
        }
    }
}

/// limited(round((Σᵢ factorsᵢ·partᵢ + bias)·scale) + zero) over [outer,length,inner]; the sum is exact.
private struct SumsOfDigits: Sendable {
    let factors: [Double]
    let outer, length, inner: Int
    let bias: [Double]?
    let scale: [Float]?
    let zero: Float
    let limits: (lowest: Float, highest: Float)?

    @inline(__always)
    private func sum(_ parts: [FloatPointer], _ index: Int, _ bias: Double) -> Float {
        var sum = bias
        for part in factors.indices { sum += factors[part] * Double(parts[part][index]) }
        return Float(sum)
    }

    /// - Parameter pointers: the parts, then the result.
    func restore(_ pointers: [FloatPointer]) {
        let y = pointers[factors.count]
        forEachRun { run, position in
            let bias = bias?[position] ?? 0
            let scale = scale?[position] ?? 1
            if factors.count == 1, factors[0] == 1, bias == 0 {
                let part = pointers[0]
                for index in run { y[index] = restored(part[index], scale) }
            } else {
                for index in run { y[index] = restored(sum(pointers, index, bias), scale) }
            }
        }
    }

    /// - Parameter pointers: the parts, the signal, then the result.
    func passBack(_ pointers: [FloatPointer], toPart part: Int) {
        let (signal, passed) = (pointers[factors.count], pointers[factors.count + 1])
        forEachRun { run, position in
            let scale = scale?[position] ?? 1
            let factor = Float(factors[part]) * scale
            for index in run {
                var isWithin = true
                if let limits {
                    let q = sum(pointers, index, bias?[position] ?? 0) * scale + zero
                    isWithin = q >= limits.lowest - 0.5 && q <= limits.highest + 0.5
                }
                passed[index] = isWithin ? signal[index] * factor : 0
            }
        }
    }

    @inline(__always)
    private func restored(_ sum: Float, _ scale: Float) -> Float {
        guard let limits else { return sum }
        return roundedWithin(sum * scale, limits.lowest - zero, limits.highest - zero) + zero
    }

    @inline(__always)
    private func forEachRun(_ body: (Range<Int>, Int) -> Void) {
        for row in 0..<outer {
            for position in 0..<length {
                let start = (row * length + position) * inner
                body(start..<start + inner, position)
            }
        }
    }
}
