import Networks
import Tensors

/// softmax(Q·Kᵀ·scale + mask)·V by heads, ONNX's operator of opset 23 and 24.
///
/// Inputs Q, K, V [N,heads,L,D] or [N,L,heads·D], mask?, past keys?, past values?, number of keys that count [N]?. Outputs
/// Y, present keys, present values, and what stands before or behind the softmax.
func buildAttention(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    for side in ["left_window_size", "right_window_size"] where try node.integer(side) ?? -1 >= 0 {
        throw node.unsupported("a sliding window")
    }
    guard let rank = builder.input(node, 0).flatMap({ builder.rank(of: $0) }), rank == 3 || rank == 4 else {
        throw node.invalid("its queries have neither three nor four axes")
    }
    let (queryHeads, keyHeads) = (try node.integer("q_num_heads"), try node.integer("kv_num_heads"))
    var parts: [ValueID?] = []
    for (position, name) in ["queries", "keys", "values"].enumerated() {
        var part = builder.input(node, position)
        if rank == 3 {
            guard let heads = position == 0 ? queryHeads : keyHeads, heads > 0 else {
                throw node.invalid("the number of heads is missing")
            }
            part = try builder.reshape(node, part, [0, 0, heads, -1], "\(name).split")
            part = try builder.step(node, .transpose(order: [0, 2, 1, 3]), [part], named: name)
        }
        parts.append(part)
    }
    var past: ValueID?
    for position in 1...2 {
        if let earlier = builder.input(node, position + 3) {
            if position == 1 { past = earlier }
            parts[position] = try builder.step(
                node, .concatenation(axis: 2), [earlier, parts[position]],
                named: position == 1 ? "allkeys" : "allvalues")
        }
        if position < node.outputNames.count, !node.outputNames[position].isEmpty {
            try builder.append(node, .identity, inputs: [parts[position]], outputs: [position])
        }
    }
    let query = parts[0]
    if let repeats = try builder.headRepeats(node, parts, queryHeads, keyHeads) {
        for position in 1...2 {
            let heads = try builder.derive(node, "heads\(position)", repeats)
            parts[position] = try builder.step(
                node, .gather(axis: 1), [parts[position], heads], named: "repeated\(position)")
        }
    }
    let turned = try builder.step(node, .transpose(order: [0, 1, 3, 2]), [parts[1]], named: "turned")
    var scores: ValueID? = try builder.step(node, .matrixProduct, [query, turned], named: "product")
    if let scale = node.float("scale") {
        scores = try builder.scaled(node, scores, by: scale, "scaled")
    } else {
        // 1/√D, D being the last extent of the queries.
        let extent = try builder.extents(node, query, -1, nil, "depth")
        let depth = try builder.step(node, .shapeArithmetic(.cast(.float)), [extent], named: "depth.number")
        let root = try builder.step(node, .activation(.squareRoot), [depth], named: "depth.root")
        scores = try builder.step(node, .arithmetic(.divide), [scores, root], named: "scaled")
    }
    let mode = try node.integer("qk_matmul_output_mode") ?? 0
    let wantsScores = node.outputNames.count > 3 && !node.outputNames[3].isEmpty
    var shown = scores
    if let softcap = node.float("softcap"), softcap > 0 {
        scores = try builder.scaled(node, scores, by: 1 / softcap, "uncapped")
        scores = try builder.step(node, .activation(.tanh), [scores], named: "squeezed")
        scores = try builder.scaled(node, scores, by: softcap, "capped")
    }
    if mode == 1 { shown = scores }
    let bias = try builder.attentionBias(node, query, keys: parts[1], past: past)
    if mode == 2, let bias { shown = try builder.sum(node, scores, bias, "masked") }
    // A finite barrier keeps those rows numbers that see nothing; their weights become 0 behind the softmax.
    if let bias {
        let finite = try builder.step(
            node, .activation(.clip(lowest: -1e30, highest: .infinity)), [bias], named: "bias.finite")
        scores = try builder.sum(node, scores, finite, "biased")
    }
    var weights = try builder.step(
        node, .softmax(Softmax(axis: -1, isLogarithmic: false, flattensTail: false)), [scores], named: "weights")
    if let bias {
        let best = try builder.step(
            node, .reduction(Reduction(kind: .maximum, axes: [-1], keepsAxes: true)), [bias], named: "bias.best")
        let barrier = try builder.derive(node, "barrier", -1e29)
        let sees = try builder.step(
            node, .shapeArithmetic(.comparison(.greater)), [best, barrier], named: "bias.sees")
        let number = try builder.step(node, .shapeArithmetic(.cast(.float)), [sees], named: "bias.number")
        weights = try builder.product(node, weights, number, "weights.seen")
    }
    if mode == 3 { shown = weights }
    if wantsScores { try builder.append(node, .identity, inputs: [shown], outputs: [3]) }
    guard rank == 3 else { return try builder.append(node, .matrixProduct, inputs: [weights, parts[2]]) }
    let result = try builder.step(node, .matrixProduct, [weights, parts[2]], named: "heads")
    let beside = try builder.step(node, .transpose(order: [0, 2, 1, 3]), [result], named: "beside")
    let joined = try builder.derive(node, "joined", [0, 0, -1])
    try builder.append(node, .reshape, inputs: [beside, joined])
}

extension GraphBuilder {
    /// 0 where the flag is set, −∞ where it is not: the flag's logarithm.
    fileprivate mutating func barrier(
        _ node: NodeReader, _ flags: ValueID, _ name: String
    ) throws(ONNXError) -> ValueID {
        let numbers = try step(node, .shapeArithmetic(.cast(.float)), [flags], named: "\(name).number")
        return try step(node, .activation(.logarithm), [numbers], named: "\(name).barrier")
    }

    /// What is added to the scores: the mask, and −∞ where a query does not see a key; nil where every query sees all.
    fileprivate mutating func attentionBias(
        _ node: NodeReader, _ query: ValueID?, keys: ValueID?, past: ValueID?
    ) throws(ONNXError) -> ValueID? {
        var summands: [ValueID] = []
        if let mask = input(node, 3) {
            guard try fits(mask, keys: keys) else {
                throw node.unsupported("a mask that is shorter than the keys; export it at full length")
            }
            summands.append(isFlag(mask) ? try barrier(node, mask, "mask") : mask)
        }
        var counts: ValueID?
        if let given = input(node, 6) {
            // [N] → [N,1,1,1]: a key counts where its place is less than that.
            let column = try step(node, .unsqueeze(axes: [1, 2, 3]), [given], named: "counts")
            let places = try positions(node, axis: 2, of: keys, "place")
            let flags = try step(node, .shapeArithmetic(.comparison(.less)), [places, column], named: "counting")
            summands.append(try barrier(node, flags, "counting"))
            counts = column
        }
        if try node.flag("is_causal") {
            summands.append(try causalBarrier(node, query, keys: keys, past: past, counts: counts))
        }
        guard var total = summands.first else { return nil }
        for next in summands.dropFirst() { total = try sum(node, total, next, "bias") }
        return total
    }

    /// Whether a mask is as long as there are keys, as far as that can be told.
    private func fits(_ mask: ValueID, keys: ValueID?) throws(ONNXError) -> Bool {
        let shapes = exampleShapes()?.shapes
        guard let keys, let shape = shapes?[mask] ?? graph.constants[mask]?.shape, let known = shapes?[keys],
            known.rank == 4, let last = shape.dimensions.last
        else { return true }
        return last == 1 || last == known[2]
    }

    /// A query sees the keys up to its own place, counted behind the past, or so that the last query sees the last key that
    /// counts.
    private mutating func causalBarrier(
        _ node: NodeReader, _ query: ValueID?, keys: ValueID?, past: ValueID?, counts: ValueID?
    ) throws(ONNXError) -> ValueID {
        var rows = try positions(node, axis: 2, of: query, "row")
        if let past {
            let before = try extents(node, past, 2, 3, "past")
            rows = try sum(node, rows, before, "place")
        }
        var column = try step(node, .unsqueeze(axes: [1]), [rows], named: "rows")
        if past == nil, let counts {
            let own = try extents(node, query, 2, 3, "queries.count")
            let before = try step(node, .arithmetic(.subtract), [counts, own], named: "before")
            column = try sum(node, column, before, "rows.moved")
        }
        let places = try positions(node, axis: 2, of: keys, "column")
        let sees = try step(node, .shapeArithmetic(.comparison(.greaterOrEqual)), [column, places], named: "sees")
        return try barrier(node, sees, "causal")
    }

    /// Which of the keys' heads each of the queries' heads reads; nil where they are as many.
    fileprivate func headRepeats(
        _ node: NodeReader, _ parts: [ValueID?], _ queryHeads: Int?, _ keyHeads: Int?
    ) throws(ONNXError) -> [Int]? {
        var counts = (queryHeads, keyHeads)
        if counts.0 == nil || counts.1 == nil {
            let shapes = exampleShapes()?.shapes
            func heads(_ value: ValueID?) -> Int? {
                guard let value, let shape = shapes?[value] ?? graph.constants[value]?.shape, shape.rank == 4 else {
                    return nil
                }
                return shape[1]
            }
            counts = (heads(parts[0]), heads(parts[1]))
        }
        guard let queries = counts.0, let keys = counts.1, queries > 0, keys > 0 else {
            throw node.unsupported("a number of heads that is not known")
        }
        guard queries != keys else { return nil }
        guard queries % keys == 0, queries <= 1 << 12 else {
            throw node.invalid("\(queries) heads of queries and \(keys) of keys")
        }
        return (0..<queries).map { $0 / (queries / keys) }
    }
}

/// Turns pairs of values by an angle that depends on the position (Su et al. 2021).
///
/// Inputs x [N,heads,L,D] or [N,L,heads·D], cosines, sines [positions,D/2] or [N,L,D/2], positions [N,L]?.
func buildRotaryEmbedding(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.rotate(
        node, cosines: builder.input(node, 1), sines: builder.input(node, 2), places: builder.input(node, 3))
}

/// The same of ONNX Runtime, which has the positions before the tables.
func buildContributedRotaryEmbedding(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let places = builder.input(node, 1), builder.constant(node, 1)?.shape.rank == 2 else {
        throw node.unsupported("positions that are not stored as [N,L]")
    }
    guard node.float("scale") ?? 1 == 1, try !node.flag("is_packed_batching") else {
        throw node.unsupported("scale or is_packed_batching")
    }
    try builder.rotate(node, cosines: builder.input(node, 2), sines: builder.input(node, 3), places: places)
}

extension GraphBuilder {
    fileprivate mutating func rotate(
        _ node: NodeReader, cosines: ValueID?, sines: ValueID?, places: ValueID?
    ) throws(ONNXError) {
        guard let x = input(node, 0), let rank = rank(of: x), rank == 3 || rank == 4 else {
            throw node.invalid("its input has neither three nor four axes")
        }
        // [N,L,heads,D]
        var value: ValueID
        if rank == 3 {
            guard let heads = try node.integer("num_heads"), heads > 0 else {
                throw node.invalid("num_heads is missing")
            }
            value = try reshape(node, x, [0, 0, heads, -1], "heads")
        } else {
            value = try step(node, .transpose(order: [0, 2, 1, 3]), [x], named: "beside")
        }
        let turnedCount = try node.integer("rotary_embedding_dim") ?? 0
        var rest: ValueID?
        if turnedCount > 0 {
            let whole = value
            func bounds(_ name: String, _ value: Int) throws(ONNXError) -> ValueID { try derive(node, name, [value]) }
            let (zero, end) = (try bounds("first", 0), try bounds("turned.count", turnedCount))
            let last = try bounds("last", Shape.largestCount)
            value = try step(node, .slice(axes: [3]), [whole, zero, end], named: "turning")
            rest = try step(node, .slice(axes: [3]), [whole, end, last], named: "rest")
        }
        var tables: [ValueID] = []
        for (name, table) in [("cosines", cosines), ("sines", sines)] {
            var table = table
            if let places { table = try step(node, .gather(axis: 0), [table, places], named: "\(name).chosen") }
            tables.append(try step(node, .unsqueeze(axes: [2]), [table], named: name))
        }
        let isInterleaved = try node.flag("interleaved")
        if isInterleaved { value = try reshape(node, value, [0, 0, 0, -1, 2], "pairs") }
        var halves: [ValueID] = []
        for index in 0..<2 {
            var half = try step(
                node, .part(Part(axis: isInterleaved ? 4 : 3, pieces: .count(2), index: index)), [value],
                named: "half\(index)")
            if isInterleaved { half = try step(node, .squeeze(axes: [4]), [half], named: "member\(index)") }
            halves.append(half)
        }
        let (a, b) = (halves[0], halves[1])
        let real = try step(
            node, .arithmetic(.subtract),
            [try product(node, a, tables[0], "a.cosine"), try product(node, b, tables[1], "b.sine")], named: "real")
        let imaginary = try sum(
            node, try product(node, a, tables[1], "a.sine"), try product(node, b, tables[0], "b.cosine"), "imaginary")
        var result: ValueID
        if isInterleaved {
            let upper = try step(node, .unsqueeze(axes: [4]), [real], named: "real.pair")
            let lower = try step(node, .unsqueeze(axes: [4]), [imaginary], named: "imaginary.pair")
            let pairs = try step(node, .concatenation(axis: 4), [upper, lower], named: "turned.pairs")
            result = try reshape(node, pairs, [0, 0, 0, -1], "turned")
        } else {
            result = try step(node, .concatenation(axis: 3), [real, imaginary], named: "turned")
        }
        if let rest { result = try step(node, .concatenation(axis: 3), [result, rest], named: "whole") }
        guard rank == 3 else { return try append(node, .transpose(order: [0, 2, 1, 3]), inputs: [result]) }
        let shape = try derive(node, "shape", [0, 0, -1])
        try append(node, .reshape, inputs: [result, shape])
    }
}
