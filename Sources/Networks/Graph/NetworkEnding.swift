import Tensors

/// The last operators of a network, walked back from its outputs: what a row of class scores went through.
struct NetworkEnding {
    let graph: Graph
    let producers: [ValueID: Node]
    /// For some input that the network takes; nil where none is known.
    let shapes: [ValueID: Shape]?
    /// N of that input.
    let batch: Int

    init(_ graph: Graph, _ inputShapes: [ValueID: Shape]?) {
        self.graph = graph
        producers = graph.producers()
        shapes = inputShapes.flatMap { try? graph.shapes(for: $0) }
        batch = graph.inputs.first.flatMap { inputShapes?[$0.value]?.dimensions.first } ?? 1
    }

    // MARK: Rows

    /// How many numbers a value has for each image where it is a row of them: all extents but one are 1, besides the
    /// batch. Nil where it is none, where its shape is not known, and of integers.
    func rowCount(_ value: ValueID) -> Int? {
        guard let extents = shapes?[value]?.dimensions else { return nil }
        let others = batch > 1 ? Array(extents.dropFirst()) : extents
        guard batch == 1 || extents.first == batch, others.count(where: { $0 > 1 }) <= 1 else { return nil }
        return others.reduce(1, *)
    }

    func isRow(_ value: ValueID) -> Bool { rowCount(value) != nil }

    /// The axis of a row's numbers; nil where there is only one number.
    private func rowAxis(_ value: ValueID) -> Int? {
        shapes?[value]?.dimensions.indices.last { axis in
            (batch == 1 || axis > 0) && (shapes?[value]?[axis] ?? 1) > 1
        }
    }

    /// What a row was before it was only given another shape.
    func behindMoves(_ value: ValueID) -> ValueID {
        var value = value
        while let node = producers[value], let input = node.input(0), isMove(node, of: input) { value = input }
        return value
    }

    private func isMove(_ node: Node, of input: ValueID) -> Bool {
        switch node.operation {
        case .identity: true
        case .reshape, .squeeze, .flatten:
            shapes == nil || rowCount(node.output) != nil && rowCount(input) == rowCount(node.output)
        case .unsqueeze, .transpose: rowCount(node.output) != nil && rowCount(input) == rowCount(node.output)
        default: false
        }
    }

    /// The planes [N,C,h,w] that a node takes the mean of, one number each; nil where it does something else.
    func pooledPlanes(_ node: Node) -> ValueID? {
        guard let input = node.input(0) else { return nil }
        switch node.operation {
        case .globalPooling(.average): return input
        case .reduction(let reduction) where reduction.averagesPlanes(ofRank: 4): return input
        case .pooling(let pooling) where pooling.kind != .maximum:
            // A window as large as the plane, as older exporters write it.
            guard let extents = shapes?[input]?.dimensions, extents.count == 4,
                pooling.window.kernel == Array(extents.suffix(2)),
                shapes?[node.output]?.dimensions.suffix(2) == [1, 1],
                pooling.window.padding(for: Array(extents.suffix(2))) == ([0, 0], [0, 0])
            else { return nil }
            return input
        default: return nil
        }
    }

    // MARK: Activations

    /// The scores behind an output, and what their activation says of them.
    struct Scores {
        /// Before the activation, a row.
        var value: ValueID
        /// Nil where there is no activation that says anything.
        var kind: OutputKind?
        /// What was found, in words: "the network ends in a softmax".
        var finding: String?
        /// The scores are to be made of probabilities that are mixed of several; so much is their sum.
        var mass: Float?
    }

    /// A last scale or shift by no more than this is there for numerical safety, and so is a clip.
    private static let negligible: Float = 0.01

    func scores(of output: ValueID) -> Scores {
        let value = behindMoves(output)
        let plain = Scores(value: value)
        guard let node = producers[value] else { return plain }
        if let found = activated(node) { return found }
        switch node.operation {
        case .activation(.logarithm):
            // log p serves as score: its softmax is p.
            guard let input = node.input(0) else { return plain }
            let inner = scores(of: input)
            guard inner.kind == .exclusive else { return plain }
            let finding = "the network ends in the logarithm of a softmax"
            return inner.mass == nil
                ? Scores(value: inner.value, kind: .exclusive, finding: finding)
                : Scores(value: value, kind: .exclusive, finding: finding)
        case .activation(.clip(let lowest, let highest))
        where lowest <= Self.negligible && highest >= 1 - Self.negligible:
            return node.input(0).map(scores).flatMap { $0.kind == nil || $0.kind == .raw ? nil : $0 } ?? plain
        case .activation(.linear(factor: 1, let summand)) where abs(summand) <= Self.negligible:
            return node.input(0).map(scores).flatMap { $0.kind == nil || $0.kind == .raw ? nil : $0 } ?? plain
        case .activation(.tanh), .activation(.hardSigmoid):
            return Scores(value: value, kind: .raw, finding: "the network ends in a \(node.operation.name)")
        default:
            var known: [ValueID: Mixture?] = [:]
            guard let mixture = mixture(value, &known), mixture.axis == nil || mixture.axis == rowAxis(value) else {
                return plain
            }
            if mixture.kind == .independent, abs(mixture.mass - 1) > 1e-3 {
                return Scores(value: value, kind: .raw, finding: "the network ends in a sigmoid that is scaled")
            }
            let name = mixture.kind == .exclusive ? "softmaxes" : "sigmoids"
            return Scores(
                value: value, kind: mixture.kind, finding: "the network ends in a mixture of \(name)",
                mass: mixture.mass)
        }
    }

    /// The input of a softmax over the row, or of a sigmoid.
    private func activated(_ node: Node) -> Scores? {
        if let (input, axis, name) = softmax(node) {
            guard isWhole(axis, of: node.output) else { return nil }
            return Scores(value: behindMoves(input), kind: .exclusive, finding: "the network ends in a \(name)")
        }
        if let input = sigmoid(node) {
            return Scores(value: behindMoves(input), kind: .independent, finding: "the network ends in a sigmoid")
        }
        return nil
    }

    /// Whether an axis holds all numbers of a row.
    private func isWhole(_ axis: Int, of value: ValueID) -> Bool {
        guard shapes?[value] != nil else { return true }
        guard let count = rowCount(value) else { return false }
        return count == 1 || axis == rowAxis(value)
    }

    /// A softmax, as one operator or as exp x / Σ exp x: what it reads, and along which axis (not negative).
    private func softmax(_ node: Node) -> (input: ValueID, axis: Int, name: String)? {
        switch node.operation {
        case .softmax(let softmax):
            guard let input = node.input(0) else { return nil }
            let rank = shapes?[input]?.rank ?? 2
            var axis = softmax.axis < 0 ? softmax.axis + rank : softmax.axis
            if softmax.flattensTail, let own = rowAxis(input), axis <= own { axis = own }
            return (input, axis, softmax.isLogarithmic ? "log softmax" : "softmax")
        case .arithmetic(.divide):
            guard let above = node.input(0), let below = node.input(1), let exponential = producers[above],
                exponential.operation == .activation(.exponential), let input = exponential.input(0),
                let sum = producers[below], case .reduction(let reduction) = sum.operation, reduction.kind == .sum,
                sum.input(0) == above, let axes = reduction.axes, axes.count == 1, let rank = shapes?[above]?.rank
            else { return nil }
            let axis = axes[0] < 0 ? axes[0] + rank : axes[0]
            // The largest of them may have been subtracted before.
            if let shift = producers[input], shift.operation == .arithmetic(.subtract), let inner = shift.input(0),
                let largest = shift.input(1).flatMap({ producers[$0] }), largest.input(0) == inner,
                case .reduction(let reduction) = largest.operation, reduction.kind == .maximum
            {
                return (inner, axis, "softmax")
            }
            return (input, axis, "softmax")
        default: return nil
        }
    }

    /// A sigmoid, as one operator or as 1/(1 + exp −x): what it reads.
    private func sigmoid(_ node: Node) -> ValueID? {
        if case .activation(.sigmoid) = node.operation { return node.input(0) }
        var sum: ValueID?
        if node.operation == .activation(.reciprocal) { sum = node.input(0) }
        if node.operation == .arithmetic(.divide), let one = graph.constantTensor(node, 0), one.count == 1, one[0] == 1
        {
            sum = node.input(1)
        }
        guard let sum, let plus = producers[sum], plus.operation == .activation(.linear(factor: 1, summand: 1)),
            let exponential = plus.input(0).flatMap({ producers[$0] }),
            exponential.operation == .activation(.exponential),
            let minus = exponential.input(0).flatMap({ producers[$0] }),
            minus.operation == .activation(.linear(factor: -1, summand: 0))
        else { return nil }
        return minus.input(0)
    }

    // MARK: Mixtures

    /// Probabilities of one or several networks, side by side or added up.
    fileprivate struct Mixture {
        let kind: OutputKind
        /// What an image's probabilities sum to, in units of one network's: 1 where they are probabilities again.
        var mass: Float
        /// Networks side by side.
        var members: Int
        /// The classes' axis, where it matters.
        var axis: Int?
    }

    /// - Parameter known: what has been found of other values: a graph has more ways than values.
    private func mixture(_ value: ValueID, _ known: inout [ValueID: Mixture?]) -> Mixture? {
        if let found = known[value] { return found }
        known[value] = .some(nil)
        let found = producers[value].flatMap { mixture(of: $0, &known) }
        known[value] = .some(found)
        return found
    }

    private func mixture(of node: Node, _ known: inout [ValueID: Mixture?]) -> Mixture? {
        guard let shapes, let shape = shapes[node.output] else { return nil }
        if let (_, axis, name) = softmax(node), name == "softmax", shape.dimensions.indices.contains(axis) {
            guard let members = members(shape, shape[axis]) else { return nil }
            return Mixture(kind: .exclusive, mass: Float(members), members: members, axis: axis)
        }
        if sigmoid(node) != nil { return isRow(node.output) ? Mixture(kind: .independent, mass: 1, members: 1) : nil }
        guard let input = node.input(0), let first = mixture(input, &known) ?? second(node, &known) else { return nil }
        switch node.operation {
        case .identity: return first
        case .activation(.linear(let factor, let summand)):
            guard factor > 0, abs(summand) <= Self.negligible else { return nil }
            return first.with(mass: first.mass * factor)
        case .arithmetic(.add):
            guard let other = node.input(1).flatMap({ mixture($0, &known) }), other.kind == first.kind,
                other.axis == first.axis, other.members == first.members, let own = mixture(input, &known),
                shapes[input] == node.input(1).flatMap({ shapes[$0] })
            else { return nil }
            return own.with(mass: own.mass + other.mass)
        case .arithmetic(.multiply), .arithmetic(.divide):
            return weighted(first, node, shape)
        case .unsqueeze(let axes):
            let places = Set(axes.map { $0 < 0 ? $0 + shape.rank : $0 })
            return first.with(
                axis: first.axis.map { axis in
                    shape.dimensions.indices.filter { !places.contains($0) }[axis]
                })
        case .squeeze, .reshape, .flatten:
            guard isRow(input), isRow(node.output), rowCount(input) == rowCount(node.output) else { return nil }
            return first.with(axis: rowAxis(node.output))
        case .concatenation(let axis):
            let parts = node.inputs.compactMap { $0.flatMap { mixture($0, &known) } }
            guard parts.count == node.inputs.count,
                parts.allSatisfy({ $0.kind == first.kind && $0.axis == first.axis }),
                (axis < 0 ? axis + shape.rank : axis) != first.axis,
                first.kind == .exclusive
                    || shapes[input].map({ $0.dimensions[axis < 0 ? axis + shape.rank : axis] }) == 1
            else { return nil }
            return Mixture(
                kind: first.kind, mass: parts.reduce(0) { $0 + $1.mass }, members: parts.reduce(0) { $0 + $1.members },
                axis: first.axis)
        case .reduction(let reduction):
            return reduced(first, reduction, shapes[input], node.output)
        default: return nil
        }
    }

    /// The other factor or summand's, where the first input is a constant.
    private func second(_ node: Node, _ known: inout [ValueID: Mixture?]) -> Mixture? {
        guard node.operation == .arithmetic(.multiply), graph.constantTensor(node, 0) != nil else { return nil }
        return node.input(1).flatMap { mixture($0, &known) }
    }

    /// How many networks' rows a shape holds.
    private func members(_ shape: Shape, _ classes: Int) -> Int? {
        classes > 0 && batch > 0 && shape.count % (classes * batch) == 0 ? shape.count / (classes * batch) : nil
    }

    /// Times a constant: one number for all, or one a network.
    private func weighted(_ mixture: Mixture, _ node: Node, _ shape: Shape) -> Mixture? {
        let isQuotient = node.operation == .arithmetic(.divide)
        guard let weights = graph.constantTensor(node, 1) ?? (isQuotient ? nil : graph.constantTensor(node, 0)),
            weights.withUnsafeValues({ $0.allSatisfy { $0 > 0 } })
        else { return nil }
        let values = weights.values.map { isQuotient ? 1 / $0 : $0 }
        if let first = values.first, values.allSatisfy({ $0 == first }) {
            return mixture.with(mass: mixture.mass * first)
        }
        // Along the networks' axis only, and each network's probabilities still sum to 1.
        let extents = [Int](repeating: 1, count: max(shape.rank - weights.shape.rank, 0)) + weights.shape.dimensions
        guard extents.count == shape.rank, values.count == mixture.members,
            abs(mixture.mass - Float(mixture.members)) < 1e-3,
            mixture.axis.map({ extents[$0] == 1 }) ?? false
        else { return nil }
        return mixture.with(mass: values.reduce(0, +))
    }

    /// Sum or mean over the networks.
    private func reduced(_ mixture: Mixture, _ reduction: Reduction, _ input: Shape?, _ output: ValueID) -> Mixture? {
        guard let input, let axes = reduction.axes.map({ Set($0.map { $0 < 0 ? $0 + input.rank : $0 }) }),
            isRow(output), reduction.kind == .sum || reduction.kind == .mean,
            axes.reduce(1, { $0 * (input.dimensions.indices.contains($1) ? input[$1] : 0) }) == mixture.members,
            mixture.axis.map({ !axes.contains($0) }) ?? true, batch == 1 || !axes.contains(0)
        else { return nil }
        return Mixture(
            kind: mixture.kind,
            mass: reduction.kind == .sum ? mixture.mass : mixture.mass / Float(mixture.members), members: 1,
            axis: mixture.axis == nil ? nil : rowAxis(output))
    }
}

extension NetworkEnding.Mixture {
    fileprivate func with(mass: Float) -> Self {
        var copy = self
        copy.mass = mass
        return copy
    }

    fileprivate func with(axis: Int?) -> Self {
        var copy = self
        copy.axis = axis
        return copy
    }
}
