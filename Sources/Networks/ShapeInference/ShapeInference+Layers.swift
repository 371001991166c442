import Tensors

extension Specializer {
    // MARK: Recurrent layers

    /// The shapes of the outputs that the node has: all hidden values, the last ones, the last cells.
    func recurrenceShapes(_ recurrence: Recurrence) throws(NetworkError) -> [Shape] {
        let x = try input(0)
        let weights = try input(1)
        let directions = recurrence.directions.count
        let gates = recurrence.kind.gates
        guard x.rank == 3, weights.rank == 3, weights[0] == directions, weights[2] > 0,
            weights[1] == gates * weights[2], x[2] == directions * weights[1]
        else { throw invalid("contributions \(x) do not fit recurrent weights \(weights)") }
        let (steps, items, hidden) = (x[0], x[1], weights[2])
        guard steps > 0, items > 0 else { throw invalid("the sequence \(x) is empty") }
        if let bias = try optionalInput(2), bias.dimensions != [directions, gates * hidden] {
            throw invalid("recurrent bias \(bias)")
        }
        if let lengths = try optionalIntegers(3, "sequence_lens") {
            guard lengths.count == items, lengths.allSatisfy({ (0...steps).contains($0) }) else {
                throw invalid("lengths \(lengths.prefix(8)) of sequences of \(steps) steps and \(items) items")
            }
        }
        for position in 4...5 {
            if let first = try optionalInput(position), first.dimensions != [directions, items, hidden] {
                throw invalid("first values \(first), needs [\(directions),\(items),\(hidden)]")
            }
        }
        if let peepholes = try optionalInput(6), peepholes.dimensions != [directions, 3 * hidden] {
            throw invalid("peepholes \(peepholes)")
        }
        let last = try shape([directions, items, hidden])
        return [try shape([steps, directions, items, hidden]), last, last]
    }

    // MARK: Integers that stand for numbers

    func quantizedShapes(_ quantization: Quantization) throws(NetworkError) -> [Shape] {
        let x = try input(0)
        switch quantization {
        case .dynamic:
            guard x.count > 0 else { throw invalid("no values") }
            return [x, .scalar, .scalar]
        case .quantize(_, let grouping), .dequantize(let grouping):
            try check(grouping, x, try input(1))
            if let zero = try optionalInput(2), zero.count != (try input(1)).count {
                throw invalid("zero \(zero) does not fit scale \(try input(1))")
            }
        case .restore(let restoration):
            let parts = restoration.factors.count
            for position in 1..<max(parts, 1) where try input(position) != x {
                throw invalid("parts \(x) and \(try input(position))")
            }
            let axis = try normalized(axis: restoration.axis, rank: x.rank)
            for position in parts..<parts + 2 {
                if let given = try optionalInput(position), given.count != 1, given.count != x[axis] {
                    throw invalid("bias or scale \(given) does not fit \(x) along axis \(axis)")
                }
            }
            if let zero = try optionalInput(parts + 2), zero.count != 1 { throw invalid("zero \(zero)") }
        }
        return [x]
    }

    private func check(_ grouping: Quantization.Grouping, _ x: Shape, _ scale: Shape) throws(NetworkError) {
        if scale.count == 1, grouping.block == 0 { return }
        let axis = try normalized(axis: grouping.axis, rank: x.rank)
        var expected = [x[axis]]
        if grouping.block > 0 {
            expected = x.dimensions
            expected[axis] = x[axis] == 0 ? 0 : (x[axis] - 1) / grouping.block + 1
        }
        guard scale.dimensions == expected else {
            throw invalid("scale \(scale) does not fit \(x) along axis \(grouping.axis), needs \(expected)")
        }
    }

    // MARK: Values at named places

    func sampled(_ sampling: Sampling) throws(NetworkError) -> Shape {
        let x = try input(0)
        let places = try input(1)
        guard x.rank == 4, x.count > 0 else { throw invalid("needs planes [N,C,H,W], got \(x)") }
        switch sampling {
        case .grid:
            guard places.rank == 4, places[0] == x[0], places[3] == 2 else {
                throw invalid("places \(places) do not fit \(x)")
            }
            return try shape([x[0], x[1], places[1], places[2]])
        case .boxes(let boxes):
            let items = try input(2)
            guard places.rank == 2, places[1] == 4, items.dimensions == [places[0]] else {
                throw invalid("boxes \(places) of items \(items)")
            }
            return try shape([places[0], x[1], boxes.height, boxes.width])
        case .deformed(let window, let groups):
            let kernel = window.kernel[0] * window.kernel[1]
            guard let extents = window.outputExtents(for: [x[2], x[3]]), groups > 0, x[1] % groups == 0,
                places.dimensions == [x[0], 2 * groups * kernel] + extents
            else { throw invalid("offsets \(places) do not fit \(x)") }
            if let factors = try optionalInput(2), factors.dimensions != [x[0], groups * kernel] + extents {
                throw invalid("factors \(factors) do not fit offsets \(places)")
            }
            return try shape([x[0], x[1], kernel] + extents)
        }
    }
}
