import Tensors

extension Graph {
    /// Sums and products with a number, as one kind of operator.
    mutating func simplifyScalars() {
        for index in nodes.indices {
            guard case .arithmetic(let kind) = nodes[index].operation,
                let a = nodes[index].input(0), let b = nodes[index].input(1)
            else { continue }
            func scalar(_ value: ValueID) -> Float? {
                constants[value]?.tensor.flatMap { $0.shape.rank == 0 ? $0[0] : nil }
            }
            let linear: (source: ValueID, factor: Float, summand: Float)
            switch (kind, scalar(a), scalar(b)) {
            case (.add, let number?, nil): linear = (b, 1, number)
            case (.add, nil, let number?): linear = (a, 1, number)
            case (.multiply, let number?, nil): linear = (b, number, 0)
            case (.multiply, nil, let number?): linear = (a, number, 0)
            case (.subtract, let number?, nil): linear = (b, -1, number)
            case (.subtract, nil, let number?): linear = (a, 1, -number)
            case (.divide, nil, let number?): linear = (a, 1 / number, 0)
            default: continue
            }
            guard constants[linear.source] == nil, linear.factor.isFinite, linear.summand.isFinite else { continue }
            nodes[index].operation = .activation(.linear(factor: linear.factor, summand: linear.summand))
            nodes[index].inputs = [linear.source]
        }
    }

    /// Two scale-and-shifts in a row are one, and one that changes nothing is none.
    mutating func mergeLinear() {
        let uses = useCounts()
        var producers: [ValueID: Int] = [:]
        var result: [Node] = []
        for var node in nodes {
            if case .activation(.linear(var factor, var summand)) = node.operation, var source = node.input(0),
                uses[source] == 1, let producer = producers[source]
            {
                if case .activation(.linear(let innerFactor, let innerSummand)) = result[producer].operation,
                    let input = result[producer].input(0)
                {
                    (factor, summand) = (factor * innerFactor, factor * innerSummand + summand)
                    source = input
                    node.operation = .activation(.linear(factor: factor, summand: summand))
                    node.inputs = [source]
                }
                if factor == 1, summand == 0, uses[source] == 1, let producer = producers[source],
                    result[producer].outputs == [source]
                {
                    result[producer].outputs = node.outputs
                    producers[node.output] = producer
                    continue
                }
            }
            for output in node.outputs { producers[output] = result.count }
            result.append(node)
        }
        nodes = result
        dropDeadNodes()
    }

    /// x times a function of x, where that is an activation people have a name for.
    mutating func recognizeActivations() {
        let uses = useCounts()
        let producers = producers()
        var result: [Node] = []
        for node in nodes {
            guard node.operation == .arithmetic(.multiply), let a = node.input(0), let b = node.input(1), a != b,
                let found = gated(a, by: b, producers, uses) ?? gated(b, by: a, producers, uses)
            else {
                result.append(node)
                continue
            }
            if found.factor == 1 {
                result.append(
                    Node(
                        name: node.name, operation: .activation(found.activation), inputs: [found.source],
                        outputs: node.outputs))
            } else {
                let inner = freshValue("\(name(of: node.output)).unscaled")
                result.append(
                    Node(
                        name: node.name, operation: .activation(found.activation), inputs: [found.source],
                        outputs: [inner]))
                result.append(
                    Node(
                        name: node.name, operation: .activation(.linear(factor: found.factor, summand: 0)),
                        inputs: [inner], outputs: node.outputs))
            }
        }
        nodes = result
    }

    /// clip(αx + β, 0, 1), or clip(αx + β, 0, h)/h, by its name: a gate's cap is where it is open, no rectifier's.
    mutating func recognizeHardSigmoids() {
        let uses = useCounts()
        let producers = producers()
        /// The bound h, and what α and β are, of a node that clips.
        func clipped(_ node: Node) -> (bound: Float, alpha: Float, beta: Float, source: ValueID)? {
            guard case .activation(.clip(lowest: 0, let bound)) = node.operation, bound.isFinite, bound > 0,
                let shifted = node.input(0), uses[shifted] == 1, let shift = producers[shifted],
                case .activation(.linear(let factor, let summand)) = shift.operation, summand != 0,
                let source = shift.input(0)
            else { return nil }
            return (bound, factor / bound, summand / bound, source)
        }
        for index in nodes.indices {
            var clip = clipped(nodes[index])
            if clip?.bound != 1 { clip = nil }
            if case .activation(.linear(let factor, 0)) = nodes[index].operation, let value = nodes[index].input(0),
                uses[value] == 1, let inner = producers[value].flatMap(clipped),
                factor.isClose(to: 1 / inner.bound)
            {
                clip = inner
            }
            guard let clip else { continue }
            nodes[index].operation = .activation(.hardSigmoid(alpha: clip.alpha, beta: clip.beta))
            nodes[index].inputs = [clip.source]
        }
        dropDeadNodes()
    }

    private typealias Gate = (source: ValueID, activation: Activation, factor: Float)

    private func gated(
        _ x: ValueID, by gate: ValueID, _ producers: [ValueID: Node], _ uses: [ValueID: Int]
    ) -> Gate? {
        var chain: [Activation] = []
        var value = gate
        while value != x, chain.count < 4, uses[value] == 1, let node = producers[value],
            case .activation(let activation) = node.operation, let input = node.input(0)
        {
            chain.insert(activation, at: 0)
            value = input
        }
        if value == x, let (activation, factor) = Activation.gate(chain) { return (x, activation, factor) }
        // x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
        guard chain.count == 3, case .linear(let scale, 0) = chain[0], scale.isClose(to: 0.797_884_56),
            chain[1] == .tanh, let factor = chain[2].doubledHalf, uses[value] == 1,
            let sum = producers[value], sum.operation == .arithmetic(.add),
            let first = sum.input(0), let second = sum.input(1),
            (first == x && isCube(second, of: x, producers)) || (second == x && isCube(first, of: x, producers))
        else { return nil }
        return (x, .gelu(isApproximate: true), factor)
    }

    /// 0.044715·x³, by multiplications or as a power.
    private func isCube(_ value: ValueID, of x: ValueID, _ producers: [ValueID: Node]) -> Bool {
        guard let scale = producers[value], case .activation(.linear(let factor, 0)) = scale.operation,
            factor.isClose(to: 0.044_715), let inner = scale.input(0), let cube = producers[inner]
        else { return false }
        if cube.operation == .activation(.power(exponent: 3)) { return cube.input(0) == x }
        guard cube.operation == .arithmetic(.multiply) else { return false }
        return [(0, 1), (1, 0)].contains { own, other in
            guard cube.input(own) == x, let square = cube.input(other).flatMap({ producers[$0] }) else { return false }
            switch square.operation {
            case .arithmetic(.multiply): return square.input(0) == x && square.input(1) == x
            case .activation(.power(exponent: 2)): return square.input(0) == x
            default: return false
            }
        }
    }
}

extension Activation {
    /// The activation a, and the factor f, with x·chain(x) = f·a(x).
    fileprivate static func gate(_ chain: [Activation]) -> (Activation, factor: Float)? {
        switch chain.count {
        case 1:
            if chain[0] == .sigmoid { return (.silu, 1) }
            if case .hardSigmoid(let alpha, 0.5) = chain[0], alpha.isClose(to: 1 / 6) { return (.hardSwish, 1) }
        case 2:
            if chain == [.softplus, .tanh] { return (.mish, 1) }
            if chain == [.linear(factor: 1, summand: 3), .clip(lowest: 0, highest: 6)] { return (.hardSwish, 6) }
        case 3:
            if Array(chain[..<2]) == [.linear(factor: 1, summand: 3), .clip(lowest: 0, highest: 6)],
                case .linear(let factor, 0) = chain[2]
            {
                return (.hardSwish, 6 * factor)
            }
            if case .linear(let factor, 0) = chain[0], factor.isClose(to: 0.707_106_78), chain[1] == .erf,
                let doubled = chain[2].doubledHalf
            {
                return (.gelu(isApproximate: false), doubled)
            }
        default: break
        }
        return nil
    }

    /// 2·f of a scale and shift f·x + f.
    fileprivate var doubledHalf: Float? {
        if case .linear(let factor, let summand) = self, factor == summand { 2 * factor } else { nil }
    }
}

extension Float {
    fileprivate func isClose(to other: Float) -> Bool { abs(self - other) < 1e-4 * abs(other) }
}
