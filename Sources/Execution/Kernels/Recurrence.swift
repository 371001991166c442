import Networks
import Tensors

extension PlanBuilder {
    /// LSTM, GRU and plain recurrent layers, step by step. Back: through time (Werbos 1990), once for each output that a
    /// signal arrives at.
    func emitRecurrence(_ node: Node, _ recurrence: Recurrence) throws(ExecutionError) {
        let contributions = try plain(try input(node, 0), for: node)
        let weights = try plain(try input(node, 1), for: node)
        let (steps, items) = (contributions.extents[0], contributions.extents[1])
        let (directions, hidden) = (weights.extents[0], weights.extents[2])
        let rows = weights.extents[1]
        var optional: [PlannedTensor?] = []
        for position in [2, 4, 5, 6] {
            optional.append(
                try node.input(position).map { (value) throws(ExecutionError) in
                    try plain(try tensor(value, for: node), for: node)
                })
        }
        let read = [contributions, weights] + optional.compactMap { $0 }
        var places: [Int?] = []
        var next = 2
        for tensor in optional {
            places.append(tensor == nil ? nil : next)
            next += tensor == nil ? 0 : 1
        }
        let lengths = node.input(3).flatMap { (graph.constants[$0] ?? specialization.constants[$0])?.integers }
        let kernel = RecurrenceKernel(
            recurrence: recurrence, steps: steps, items: items, hidden: hidden, rows: rows,
            lengths: lengths ?? Array(repeating: steps, count: items), places: places)
        let all = try allocatePlain([steps, directions, items, hidden], for: node)
        let lastHidden = try allocatePlain([directions, items, hidden], for: node)
        let lastCell = try allocatePlain([directions, items, hidden], for: node)
        let gates = try allocatePlain([steps, items, directions * rows], for: node)
        // The cells of an LSTM, or what a GRU's recurrent weights make of the hidden values.
        let inner = try allocatePlain([steps, items, directions * hidden], for: node)
        emit(node, reading: read, writing: [all, lastHidden, lastCell, gates, inner]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            kernel.forward(
                RecurrenceInputs(pointers, places), all: pointers[next], lastHidden: pointers[next + 1],
                lastCell: pointers[next + 2], gates: pointers[next + 3], inner: pointers[next + 4])
        }
        for (output, tensor) in zip(node.outputs, [all, lastHidden, lastCell]) { set(output, tensor) }
        for (position, output) in node.outputs.enumerated() {
            record(node, output: output) { (builder, signal, _) throws(ExecutionError) in
                let incoming = try builder.plain(signal, for: node)
                let passed = try builder.allocatePlain(contributions.extents, for: node)
                let firstHidden = try builder.allocatePlain([directions, items, hidden], for: node)
                let firstCell = try builder.allocatePlain([directions, items, hidden], for: node)
                let stored = read + [all, gates, inner, incoming]
                builder.emit(node, reading: stored, writing: [passed, firstHidden, firstCell]) { addresses in
                    let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                    kernel.backward(
                        RecurrenceInputs(pointers, places), all: pointers[next], gates: pointers[next + 1],
                        inner: pointers[next + 2], signal: pointers[next + 3], output: position,
                        passed: pointers[next + 4], firstHidden: pointers[next + 5], firstCell: pointers[next + 6])
                }
                var result = [(input: try builder.inputID(node, 0), signal: passed)]
                if let value = node.input(4) { result.append((value, firstHidden)) }
                if let value = node.input(5) { result.append((value, firstCell)) }
                return result
            }
        }
    }
}

/// Where a recurrent layer's inputs are; see ``Recurrence``.
private struct RecurrenceInputs {
    let contributions, weights: FloatPointer
    let bias, firstHidden, firstCell, peepholes: FloatPointer?

    init(_ pointers: [FloatPointer], _ places: [Int?]) {
        (contributions, weights) = (pointers[0], pointers[1])
        bias = places[0].map { pointers[$0] }
        firstHidden = places[1].map { pointers[$0] }
        firstCell = places[2].map { pointers[$0] }
        peepholes = places[3].map { pointers[$0] }
    }
}

/// One item's way through the steps in one direction, forward and back. Gates are kept as they go into their functions.
private struct RecurrenceKernel: Sendable {
    let recurrence: Recurrence
    let steps, items, hidden: Int
    /// G·H.
    let rows: Int
    let lengths: [Int]
    let places: [Int?]

    private func step(_ index: Int, _ direction: Recurrence.Direction, _ item: Int) -> Int {
        direction.isReverse ? lengths[item] - 1 - index : index
    }

    private func limited(_ x: Float) -> Float { recurrence.clip.map { min(max(x, -$0), $0) } ?? x }

    /// The slope of a function behind the limit.
    private func slope(_ function: Recurrence.Function, _ x: Float) -> Float {
        if let clip = recurrence.clip, abs(x) >= clip { return 0 }
        return function.slope(x)
    }

    // MARK: Forward

    func forward(
        _ inputs: RecurrenceInputs, all: FloatPointer, lastHidden: FloatPointer, lastCell: FloatPointer,
        gates: FloatPointer, inner: FloatPointer
    ) {
        let directions = recurrence.directions.count
        all.update(repeating: 0, count: steps * directions * items * hidden)
        gates.update(repeating: 0, count: steps * items * directions * rows)
        inner.update(repeating: 0, count: steps * items * directions * hidden)
        var scratch = [Float](repeating: 0, count: hidden)
        for (d, direction) in recurrence.directions.enumerated() {
            let weights = inputs.weights + d * rows * hidden
            for item in 0..<items {
                let state = lastHidden + (d * items + item) * hidden
                let cell = lastCell + (d * items + item) * hidden
                for (target, first) in [(state, inputs.firstHidden), (cell, inputs.firstCell)] {
                    if let first {
                        target.update(from: first + (d * items + item) * hidden, count: hidden)
                    } else {
                        target.update(repeating: 0, count: hidden)
                    }
                }
                for index in 0..<lengths[item] {
                    let t = step(index, direction, item)
                    let gate = gates + ((t * items + item) * directions + d) * rows
                    let kept = inner + ((t * items + item) * directions + d) * hidden
                    gate.update(
                        from: inputs.contributions + ((t * items + item) * directions + d) * rows, count: rows)
                    switch recurrence.kind {
                    case .longShortTermMemory(let couples):
                        add(weights, state, rows: 0..<rows, bias: inputs.bias.map { $0 + d * rows }, to: gate)
                        lstm(
                            gate, direction.functions, inputs.peepholes.map { $0 + d * 3 * hidden }, couples: couples,
                            state: state, cell: cell)
                        kept.update(from: cell, count: hidden)
                    case .gatedRecurrentUnit(let resetsProduct):
                        scratch.withUnsafeMutableBufferPointer { scratch in
                            guard let reset = scratch.baseAddress else { return }
                            gru(
                                gate, kept, direction.functions, weights, bias: inputs.bias.map { $0 + d * rows },
                                resetsProduct: resetsProduct, state: state, scratch: reset)
                        }
                    case .plain:
                        add(weights, state, rows: 0..<rows, bias: inputs.bias.map { $0 + d * rows }, to: gate)
                        for j in 0..<hidden {
                            gate[j] = limited(gate[j])
                            state[j] = direction.functions[0].value(gate[j])
                        }
                    }
                    (all + ((t * directions + d) * items + item) * hidden).update(from: state, count: hidden)
                }
            }
        }
    }

    /// target[r] += weights[r]·x + bias[r].
    private func add(
        _ weights: FloatPointer, _ x: FloatPointer, rows: Range<Int>, bias: FloatPointer?, to target: FloatPointer
    ) {
        for row in rows { target[row] += dot(weights + row * hidden, x, hidden) + (bias?[row] ?? 0) }
    }

    private func lstm(
        _ gate: FloatPointer, _ functions: [Recurrence.Function], _ peepholes: FloatPointer?, couples: Bool,
        state: FloatPointer, cell: FloatPointer
    ) {
        let (f, g, h) = (functions[0], functions[1], functions[2])
        let (i0, o0, f0, c0) = (0, hidden, 2 * hidden, 3 * hidden)
        for j in 0..<hidden {
            let before = cell[j]
            gate[i0 + j] = limited(gate[i0 + j] + (peepholes.map { $0[j] * before } ?? 0))
            gate[f0 + j] = limited(gate[f0 + j] + (peepholes.map { $0[2 * hidden + j] * before } ?? 0))
            gate[c0 + j] = limited(gate[c0 + j])
            let entering = f.value(gate[i0 + j])
            let kept = couples ? 1 - entering : f.value(gate[f0 + j])
            cell[j] = kept * before + entering * g.value(gate[c0 + j])
            gate[o0 + j] = limited(gate[o0 + j] + (peepholes.map { $0[hidden + j] * cell[j] } ?? 0))
            state[j] = f.value(gate[o0 + j]) * h.value(cell[j])
        }
    }

    private func gru(
        _ gate: FloatPointer, _ kept: FloatPointer, _ functions: [Recurrence.Function], _ weights: FloatPointer,
        bias: FloatPointer?, resetsProduct: Bool, state: FloatPointer, scratch: FloatPointer
    ) {
        let (f, g) = (functions[0], functions[1])
        add(weights, state, rows: 0..<2 * hidden, bias: bias, to: gate)
        for j in 0..<2 * hidden { gate[j] = limited(gate[j]) }
        let candidate = gate + 2 * hidden
        let own = weights + 2 * hidden * hidden
        for j in 0..<hidden {
            scratch[j] = resetsProduct ? state[j] : f.value(gate[hidden + j]) * state[j]
        }
        for j in 0..<hidden {
            kept[j] = dot(own + j * hidden, scratch, hidden) + (bias?[2 * hidden + j] ?? 0)
            let factor = resetsProduct ? f.value(gate[hidden + j]) : 1
            candidate[j] = limited(candidate[j] + factor * kept[j])
        }
        for j in 0..<hidden {
            let z = f.value(gate[j])
            state[j] = (1 - z) * g.value(candidate[j]) + z * state[j]
        }
    }

    // MARK: Back

    /// - Parameters:
    ///   - signal: of the output `output`: 0 all hidden values, 1 the last ones, 2 the last cells.
    ///   - passed: of the contributions.
    func backward(
        _ inputs: RecurrenceInputs, all: FloatPointer, gates: FloatPointer, inner: FloatPointer,
        signal: FloatPointer, output: Int, passed: FloatPointer, firstHidden: FloatPointer, firstCell: FloatPointer
    ) {
        let directions = recurrence.directions.count
        passed.update(repeating: 0, count: steps * items * directions * rows)
        var before = [Float](repeating: 0, count: hidden)
        var beforeCell = before
        var scratch = before
        before.withUnsafeMutableBufferPointer { before in
            beforeCell.withUnsafeMutableBufferPointer { beforeCell in
                scratch.withUnsafeMutableBufferPointer { scratch in
                    guard let before = before.baseAddress, let beforeCell = beforeCell.baseAddress,
                        let scratch = scratch.baseAddress
                    else { return }
                    for (d, direction) in recurrence.directions.enumerated() {
                        for item in 0..<items {
                            let last = (d * items + item) * hidden
                            let (toState, toCell) = (firstHidden + last, firstCell + last)
                            for (index, target) in [toState, toCell].enumerated() {
                                if output == index + 1 {
                                    target.update(from: signal + last, count: hidden)
                                } else {
                                    target.update(repeating: 0, count: hidden)
                                }
                            }
                            for index in (0..<lengths[item]).reversed() {
                                let t = step(index, direction, item)
                                let place = (t * directions + d) * items + item
                                if output == 0 { accumulate(toState, signal + place * hidden, hidden) }
                                load(
                                    before, index, d, item, from: all, { ($0 * directions + d) * items + item },
                                    otherwise: inputs.firstHidden)
                                load(
                                    beforeCell, index, d, item, from: inner, { ($0 * items + item) * directions + d },
                                    otherwise: inputs.firstCell)
                                let column = (t * items + item) * directions + d
                                stepBack(
                                    direction.functions, inputs.weights + d * rows * hidden,
                                    inputs.peepholes.map { $0 + d * 3 * hidden }, gate: gates + column * rows,
                                    inner: inner + column * hidden, before: before, beforeCell: beforeCell,
                                    toGates: passed + column * rows, toState: toState, toCell: toCell,
                                    scratch: scratch)
                            }
                        }
                    }
                }
            }
        }
    }

    /// What a state was before the step that is the `index`th in its direction.
    private func load(
        _ target: FloatPointer, _ index: Int, _ d: Int, _ item: Int, from source: FloatPointer,
        _ place: (Int) -> Int, otherwise first: FloatPointer?
    ) {
        if index > 0 {
            let t = step(index - 1, recurrence.directions[d], item)
            target.update(from: source + place(t) * hidden, count: hidden)
        } else if let first {
            target.update(from: first + (d * items + item) * hidden, count: hidden)
        } else {
            target.update(repeating: 0, count: hidden)
        }
    }

    /// From the signals at the state and cell behind a step to those before it, and to the gates.
    private func stepBack(
        _ functions: [Recurrence.Function], _ weights: FloatPointer, _ peepholes: FloatPointer?, gate: FloatPointer,
        inner: FloatPointer, before: FloatPointer, beforeCell: FloatPointer, toGates: FloatPointer,
        toState: FloatPointer, toCell: FloatPointer, scratch: FloatPointer
    ) {
        let f = functions[0]
        switch recurrence.kind {
        case .plain:
            for j in 0..<hidden { toGates[j] = toState[j] * slope(f, gate[j]) }
            toState.update(repeating: 0, count: hidden)
            addTransposed(weights, toGates, rows: 0..<rows, to: toState)
        case .longShortTermMemory(let couples):
            let (g, h) = (functions[1], functions[2])
            let (o0, f0, c0) = (hidden, 2 * hidden, 3 * hidden)
            for j in 0..<hidden {
                let cell = inner[j]
                toGates[o0 + j] = toState[j] * h.value(cell) * slope(f, gate[o0 + j])
                var signal = toCell[j] + toState[j] * f.value(gate[o0 + j]) * h.slope(cell)
                if let peepholes { signal += toGates[o0 + j] * peepholes[hidden + j] }
                let entering = f.value(gate[j])
                let kept = couples ? 1 - entering : f.value(gate[f0 + j])
                let toEntering = signal * (g.value(gate[c0 + j]) - (couples ? beforeCell[j] : 0))
                toGates[j] = toEntering * slope(f, gate[j])
                toGates[f0 + j] = couples ? 0 : signal * beforeCell[j] * slope(f, gate[f0 + j])
                toGates[c0 + j] = signal * entering * slope(g, gate[c0 + j])
                toCell[j] = signal * kept
                if let peepholes {
                    toCell[j] += toGates[j] * peepholes[j] + toGates[f0 + j] * peepholes[2 * hidden + j]
                }
            }
            toState.update(repeating: 0, count: hidden)
            addTransposed(weights, toGates, rows: 0..<rows, to: toState)
        case .gatedRecurrentUnit(let resetsProduct):
            let g = functions[1]
            let (r0, c0) = (hidden, 2 * hidden)
            for j in 0..<hidden {
                let z = f.value(gate[j])
                toGates[j] = toState[j] * (before[j] - g.value(gate[c0 + j])) * slope(f, gate[j])
                toGates[c0 + j] = toState[j] * (1 - z) * slope(g, gate[c0 + j])
                toState[j] *= z
            }
            let own = weights + 2 * hidden * hidden
            scratch.update(repeating: 0, count: hidden)
            if resetsProduct {
                for j in 0..<hidden {
                    toGates[r0 + j] = toGates[c0 + j] * inner[j] * slope(f, gate[r0 + j])
                    let signal = toGates[c0 + j] * f.value(gate[r0 + j])
                    for k in 0..<hidden { scratch[k] += signal * own[j * hidden + k] }
                }
                accumulate(toState, scratch, hidden)
            } else {
                addTransposed(own, toGates + c0, rows: 0..<hidden, to: scratch)
                for j in 0..<hidden {
                    toGates[r0 + j] = scratch[j] * before[j] * slope(f, gate[r0 + j])
                    toState[j] += scratch[j] * f.value(gate[r0 + j])
                }
            }
            addTransposed(weights, toGates, rows: 0..<2 * hidden, to: toState)
        }
    }

    /// target += weightsᵀ·signal over these rows.
    private func addTransposed(
        _ weights: FloatPointer, _ signal: FloatPointer, rows: Range<Int>, to target: FloatPointer
    ) {
        for row in rows {
            let factor = signal[row]
            let weights = weights + row * hidden
            for k in 0..<hidden { target[k] += factor * weights[k] }
        }
    }
}

/// a·b of dense vectors, in eight partial sums.
@inline(__always)
private func dot(_ a: FloatPointer, _ b: FloatPointer, _ count: Int) -> Float {
    var partial = SIMD8<Float>(repeating: 0)
    var index = 0
    while index + 8 <= count {
        partial +=
            UnsafeRawPointer(a + index).loadUnaligned(as: SIMD8<Float>.self)
            * UnsafeRawPointer(b + index).loadUnaligned(as: SIMD8<Float>.self)
        index += 8
    }
    var sum = partial.sum()
    while index < count {
        sum += a[index] * b[index]
        index += 1
    }
    return sum
}
