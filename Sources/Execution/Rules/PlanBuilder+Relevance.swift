import CVectors
import Networks
import Tensors

// Layer-wise relevance propagation needs no backward kernels of its own. A layer's contributions are x·Wᵀ, and the
// transposed W is what its vector-Jacobian product applies: R_x = x · vjp(R / z).

extension PlanBuilder {
    /// `signal`, which arrives at the entry's output, as the rule passes it to the node's inputs.
    func passed(
        _ signal: PlannedTensor, through entry: TapeEntry, by rule: BackwardRule
    ) throws(ExecutionError) -> [(input: ValueID, signal: PlannedTensor)] {
        guard let rules = rule.relevance else { return try entry.vectorJacobianProduct(self, signal, rule) }
        let node = entry.node
        switch rules.passage(through: node.operation.layerKind) {
        case .shared(let rule): return try shared(signal, through: entry, by: rule, epsilon: rules.epsilon)
        case .inProportion: return try proportional(signal, through: entry, epsilon: rules.epsilon)
        case .asGradient: return try entry.vectorJacobianProduct(self, signal, .gradient)
        case .unchanged: return [(try inputID(node, 0), signal)]
        }
    }

    /// R_x = x · vjp(R / (z ± ε)) for any node whose output is kept.
    private func proportional(
        _ relevance: PlannedTensor, through entry: TapeEntry, epsilon: Float
    ) throws(ExecutionError) -> [(input: ValueID, signal: PlannedTensor)] {
        let node = entry.node
        let quotient = try quotient(relevance, try tensor(entry.output, for: node), epsilon: epsilon, for: node)
        var result: [(input: ValueID, signal: PlannedTensor)] = []
        for (input, signal) in try entry.vectorJacobianProduct(self, quotient, .gradient) {
            result.append((input, try product(try tensor(input, for: node), signal, for: node)))
        }
        return result
    }

    /// A convolution or fully-connected layer.
    private func shared(
        _ relevance: PlannedTensor, through entry: TapeEntry, by rule: RelevanceRules.Rule, epsilon: Float
    ) throws(ExecutionError) -> [(input: ValueID, signal: PlannedTensor)] {
        let node = entry.node
        let inputID = try inputID(node, 0)
        let x = try input(node, 0)
        switch rule {
        case .epsilon:
            // What else was fused behind the layer has overwritten its output, so it is computed once more.
            let kept = keptOutput(of: node)
            let z = if let kept { kept } else { try applied(node, to: x, hasBias: true) }
            let quotient = try quotient(relevance, z, epsilon: epsilon, for: node)
            let signal = try transposed(node, to: quotient, inputExtents: x.extents)
            return [(inputID, try product(x, signal, for: node))]
        case .alphaBeta(let alpha, let beta):
            let signs = graph.isNowhereNegative(inputID) ? (positive: x, negative: nil) : try signs(of: x, for: node)
            var parts: [(tensor: PlannedTensor, factor: Float)] = []
            for (factor, same, other) in [
                (alpha, WeightStore.Sign.positive, WeightStore.Sign.negative), (-beta, .negative, .positive),
            ] where factor != 0 {
                let fromPositive = try applied(node, to: signs.positive, weights: same, hasBias: true)
                let fromNegative = try signs.negative.map { (negative) throws(ExecutionError) in
                    try applied(node, to: negative, weights: other, hasBias: false)
                }
                let quotient = try quotient(relevance, fromPositive, fromNegative, epsilon: epsilon, for: node)
                let toPositive = try transposed(node, to: quotient, inputExtents: x.extents, weights: same)
                guard signs.negative != nil else {
                    parts.append((try product(x, toPositive, for: node), factor))
                    continue
                }
                let toNegative = try transposed(node, to: quotient, inputExtents: x.extents, weights: other)
                parts.append((try product(x, wherePositive: toPositive, whereNegative: toNegative, for: node), factor))
            }
            return [(inputID, try combined(parts, for: node))]
        }
    }

    /// A layer's output, or what a ReLU computed with it has left of that: where it left nothing no relevance arrives, and
    /// elsewhere it is the very value that the relevance was shared out by. Computed anew, a value close to 0 would come out
    /// as another multiple of its rounding.
    private func keptOutput(of node: Node) -> PlannedTensor? {
        if let own = tensors[node.output] { return own }
        guard let reader = onlyReader(of: node), reader.operation == .activation(.relu), isFused(reader) else {
            return nil
        }
        return tensors[reader.output]
    }

    // MARK: Value by value

    // In the layout of what the kernels before them left. What pads a blocked layout stays 0.

    /// a / (z ± ε) with z = b + c; the sign of ε is z's, and + where z is 0.
    private func quotient(
        _ a: PlannedTensor, _ b: PlannedTensor, _ c: PlannedTensor? = nil, epsilon: Float, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        try valueByValue([a, b] + [c].compactMap { $0 }, as: b, for: node) { addresses, count in
            cvectors_quotient(
                addresses[0], addresses[1], c == nil ? nil : addresses[2], count, epsilon, addresses[c == nil ? 2 : 3])
        }
    }

    private func product(
        _ a: PlannedTensor, _ b: PlannedTensor, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        try product(a, wherePositive: b, whereNegative: b, for: node)
    }

    /// x times one of two tensors, by its sign.
    private func product(
        _ x: PlannedTensor, wherePositive: PlannedTensor, whereNegative: PlannedTensor, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        try valueByValue([x, wherePositive, whereNegative], as: x, for: node) { addresses, count in
            cvectors_product_by_sign(addresses[0], addresses[1], addresses[2], count, addresses[3])
        }
    }

    /// Σ factorᵢ·tensorᵢ.
    private func combined(
        _ terms: [(tensor: PlannedTensor, factor: Float)], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        if terms.count == 1, terms[0].factor == 1 { return terms[0].tensor }
        let factors = terms.map(\.factor)
        return try valueByValue(terms.map(\.tensor), as: terms[0].tensor, for: node) { addresses, count in
            var targets = [addresses.last ?? nil]
            let sources = addresses.dropLast().map { UnsafePointer($0) }
            cvectors_combine(factors, 1, Int32(factors.count), sources, &targets, count, nil, 0)
        }
    }

    /// max(x, 0) and min(x, 0).
    private func signs(
        of x: PlannedTensor, for node: Node
    ) throws(ExecutionError) -> (positive: PlannedTensor, negative: PlannedTensor?) {
        let positive = allocate(x.extents, x.layout)
        let negative = allocate(x.extents, x.layout)
        let count = Int64(x.layout.byteCount / MemoryLayout<Float>.stride)
        emit(node, reading: [x], writing: [positive, negative]) { addresses in
            let floats = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            cvectors_signs(floats[0], count, floats[1], floats[2])
        }
        return (positive, negative)
    }

    /// A new tensor in the layout of `model`, to which the operands are brought.
    ///
    /// - Parameter kernel: gets the addresses of the operands and of the result, and how many values each has.
    private func valueByValue(
        _ operands: [PlannedTensor], as model: PlannedTensor, for node: Node,
        _ kernel: @escaping (_ addresses: [UnsafeMutablePointer<Float>?], _ count: Int64) -> Void
    ) throws(ExecutionError) -> PlannedTensor {
        var sources: [PlannedTensor] = []
        for operand in operands {
            guard operand.extents == model.extents else {
                throw .unsupported(
                    node: node.name, operation: node.operation.name,
                    reason: "relevance of shape \(operand.extents) meets values of shape \(model.extents)")
            }
            sources.append(try converted(operand, to: model.layout, for: node))
        }
        let result = allocate(model.extents, model.layout)
        let count = Int64(model.layout.byteCount / MemoryLayout<Float>.stride)
        emit(node, reading: sources, writing: [result]) { addresses in
            kernel(addresses.map { $0.assumingMemoryBound(to: Float.self) }, count)
        }
        return result
    }
}
