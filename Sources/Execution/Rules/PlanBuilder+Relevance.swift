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
        let z = try tensor(entry.output, for: entry.node)
        let quotient = try quotient(relevance, z, epsilon: epsilon, for: entry.node)
        var result: [(input: ValueID, signal: PlannedTensor)] = []
        for (input, signal) in try entry.vectorJacobianProduct(self, quotient, .gradient) {
            result.append((input, try product(try tensor(input, for: entry.node), signal, for: entry.node)))
        }
        return result
    }

    /// A convolution or fully-connected layer.
    private func shared(
        _ relevance: PlannedTensor, through entry: TapeEntry, by rule: RelevanceRules.Rule, epsilon: Float
    ) throws(ExecutionError) -> [(input: ValueID, signal: PlannedTensor)] {
        let node = entry.node
        let x = try input(node, 0)
        switch rule {
        case .epsilon:
            // What else was fused behind the layer has overwritten its output, so it is computed once more.
            let kept = keptOutput(of: node)
            let z = if let kept { kept } else { try applied(node, to: x, weights: .all, bias: .all) }
            let quotient = try quotient(relevance, z, epsilon: epsilon, for: node)
            let signal = try transposed(node, to: quotient, inputExtents: x.extents, weights: .all)
            return [(try inputID(node, 0), try product(x, signal, for: node))]
        case .alphaBeta(let alpha, let beta):
            let signs = try signs(of: x, for: node)
            var parts: [(tensor: PlannedTensor, factor: Float)] = []
            for (factor, same, other) in [
                (alpha, WeightStore.Part.positive, WeightStore.Part.negative), (-beta, .negative, .positive),
            ] where factor != 0 {
                let fromPositive = try applied(node, to: signs.positive, weights: same, bias: same)
                let fromNegative = try applied(node, to: signs.negative, weights: other, bias: nil)
                let z = try combined([(fromPositive, 1), (fromNegative, 1)], for: node)
                let quotient = try quotient(relevance, z, epsilon: epsilon, for: node)
                for (source, part) in [(signs.positive, same), (signs.negative, other)] {
                    let signal = try transposed(node, to: quotient, inputExtents: x.extents, weights: part)
                    parts.append((try product(source, signal, for: node), factor))
                }
            }
            return [(try inputID(node, 0), try combined(parts, for: node))]
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

    /// a / (b ± ε), the sign of ε being b's, and + where b is 0.
    private func quotient(
        _ a: PlannedTensor, _ b: PlannedTensor, epsilon: Float, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        try elementwise(a, b, for: node) { a, b in a / (b + (b < 0 ? -epsilon : epsilon)) }
    }

    private func product(
        _ a: PlannedTensor, _ b: PlannedTensor, for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        try elementwise(a, b, for: node) { a, b in a * b }
    }

    private func elementwise(
        _ a: PlannedTensor, _ b: PlannedTensor, for node: Node, _ function: @escaping (Float, Float) -> Float
    ) throws(ExecutionError) -> PlannedTensor {
        let count = a.extents.reduce(1, *)
        guard count == b.extents.reduce(1, *) else {
            throw .unsupported(
                node: node.name, operation: node.operation.name,
                reason: "relevance of shape \(a.extents) meets values of shape \(b.extents)")
        }
        let result = try allocatePlain(a.extents, for: node)
        emit(node, reading: [try plain(a, for: node), try plain(b, for: node)], writing: [result]) { addresses in
            let a = addresses[0].assumingMemoryBound(to: Float.self)
            let b = addresses[1].assumingMemoryBound(to: Float.self)
            let result = addresses[2].assumingMemoryBound(to: Float.self)
            for index in 0..<count { result[index] = function(a[index], b[index]) }
        }
        return result
    }

    /// max(x, 0) and min(x, 0).
    private func signs(
        of x: PlannedTensor, for node: Node
    ) throws(ExecutionError) -> (positive: PlannedTensor, negative: PlannedTensor) {
        let count = x.extents.reduce(1, *)
        let positive = try allocatePlain(x.extents, for: node)
        let negative = try allocatePlain(x.extents, for: node)
        emit(node, reading: [try plain(x, for: node)], writing: [positive, negative]) { addresses in
            let x = addresses[0].assumingMemoryBound(to: Float.self)
            let positive = addresses[1].assumingMemoryBound(to: Float.self)
            let negative = addresses[2].assumingMemoryBound(to: Float.self)
            for index in 0..<count {
                positive[index] = max(x[index], 0)
                negative[index] = min(x[index], 0)
            }
        }
        return (positive, negative)
    }

    /// Σ factorᵢ·tensorᵢ.
    private func combined(
        _ terms: [(tensor: PlannedTensor, factor: Float)], for node: Node
    ) throws(ExecutionError) -> PlannedTensor {
        let extents = terms[0].tensor.extents
        let count = extents.reduce(1, *)
        let result = try allocatePlain(extents, for: node)
        var sources: [PlannedTensor] = []
        for term in terms { sources.append(try plain(term.tensor, for: node)) }
        let factors = terms.map(\.factor)
        emit(node, reading: sources, writing: [result]) { addresses in
            let result = addresses[factors.count].assumingMemoryBound(to: Float.self)
            for index in 0..<count {
                var sum: Float = 0
                for (address, factor) in zip(addresses, factors) {
                    sum += factor * address.assumingMemoryBound(to: Float.self)[index]
                }
                result[index] = sum
            }
        }
        return result
    }
}
