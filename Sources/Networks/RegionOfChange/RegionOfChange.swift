public import Tensors

/// Which part of every value changes when a rectangle of the image does.
///
/// A rectangle stays one through convolutions, pooling and everything that works value by value; it grows by what the
/// windows see around it (Nakandala et al. 2019, "Incremental and Approximate Inference for Faster Occlusion-based Deep
/// CNN Explanations", §4.1). Rows and columns are followed by themselves. Behind a global operator everything changes.
public struct RegionOfChange: Sendable {
    /// How the region at a node's output follows from those at its inputs.
    public enum Step: Sendable, Hashable {
        /// What has changed in one of the inputs changes, and nothing else.
        case same
        /// Every position changes whose window touches the region; `begin` is the padding before the first row and column,
        /// which reads as `outside`.
        case window(Window, begin: [Int], outside: Float)
        /// So many rows and columns are put before the first.
        case shifted(by: [Int])
        /// The mean of each plane, which changes by what the region adds to it.
        case mean
        /// All of it changes.
        case everything
    }

    public let graph: Graph
    public let image: ValueID
    public let target: ValueID
    /// What the shapes decide for as many images as a batch has.
    public let specialization: Specialization
    /// The nodes that the target depends on, in order.
    public let nodes: [Node]
    /// What each node of `nodes` does to the region.
    public let steps: [Step]

    /// - Parameters:
    ///   - imageShape: [N,C,H,W] of the batches to come.
    ///   - target: the value wanted of a changed image, the class scores.
    /// - Throws: `NetworkError` where the shape does not fit.
    public init(graph: Graph, imageShape: Shape, target: ValueID) throws(NetworkError) {
        let image = graph.inputs[0].value
        let specialization = try graph.specialized(for: [image: imageShape])
        self.graph = graph
        self.image = image
        self.target = target
        self.specialization = specialization
        nodes = graph.nodes(neededFor: target) { specialization.constants[$0] != nil }
        let classifier = StepClassifier(graph: graph, specialization: specialization)
        steps = nodes.map(classifier.step)
    }

    /// Whether the value is the same for every image.
    public func isConstant(_ value: ValueID) -> Bool {
        graph.constants[value] != nil || specialization.constants[value] != nil
    }

    /// [N,C,H,W], or whatever axes the value has.
    public func extents(_ value: ValueID) -> [Int] { specialization.shapes[value]?.dimensions ?? [] }

    /// The inputs of a node that depend on the image.
    public func changingInputs(_ node: Node) -> [ValueID] { node.inputs.compactMap { $0 }.filter { !isConstant($0) } }

    /// How many positions two 3×3 convolutions see along an axis: where there are few, a share of them would be less.
    static let leastKept = 5

    /// The changed positions of every value that a region can be followed to, along one axis.
    ///
    /// - Parameters:
    ///   - axis: 0 for rows, 1 for columns.
    ///   - changed: what changes of the image, one range for each place of the window.
    ///   - cap: the largest share of an axis that a range may have; what lies farther from the middle of what the image's
    ///     change is seen in is cut off, but for ``leastKept`` positions.
    /// - Returns: one range for each place. An empty range says that the change has been stepped over.
    public func ranges(axis: Int, changed: [Range<Int>], cap: Double? = nil) -> [ValueID: [Range<Int>]] {
        var ranges: [ValueID: [Range<Int>]] = [image: changed]
        var middles: [ValueID: [Double]] = [image: changed.map { Double($0.lowerBound + $0.upperBound - 1) / 2 }]
        for (node, step) in zip(nodes, steps) {
            let inputs = changingInputs(node).compactMap { ranges[$0] }
            guard let first = inputs.first, inputs.count == changingInputs(node).count else { continue }
            switch step {
            case .same:
                ranges[node.output] = inputs.dropFirst().reduce(first) { zip($0, $1).map { $0.joined($1) } }
            case .window(let window, let begin, _):
                let extent = extents(node.output)[2 + axis]
                ranges[node.output] = first.map { range in
                    range.seen(through: window, axis: axis, begin: begin[axis], outputs: extent)
                }
            case .shifted(let begin):
                ranges[node.output] = first.map { ($0.lowerBound + begin[axis])..<($0.upperBound + begin[axis]) }
            case .mean, .everything: break
            }
            guard let cap, let own = ranges[node.output] else { continue }
            let before = changingInputs(node).first.flatMap { middles[$0] } ?? []
            let around = before.map { step.middle(seeing: $0, axis: axis) }
            middles[node.output] = around
            let most = max(Int((Double(extents(node.output)[2 + axis]) * cap).rounded(.up)), Self.leastKept)
            ranges[node.output] = zip(own, around).map { $0.capped(to: most, around: $1) }
        }
        return ranges
    }
}

extension RegionOfChange.Step {
    /// Where in the output the middle of what is seen at `middle` of the input lies.
    fileprivate func middle(seeing middle: Double, axis: Int) -> Double {
        switch self {
        case .window(let window, let begin, _):
            (middle + Double(begin[axis]) - Double(window.span(axis) - 1) / 2) / Double(window.stride[axis])
        case .shifted(let begin): middle + Double(begin[axis])
        case .same, .mean, .everything: middle
        }
    }
}

extension Range<Int> {
    /// At most `most` of its positions, as near to the middle as it reaches.
    fileprivate func capped(to most: Int, around middle: Double) -> Range<Int> {
        guard count > most else { return self }
        let wanted = Int((middle - Double(most - 1) / 2).rounded())
        let first = Swift.min(Swift.max(wanted, lowerBound), upperBound - most)
        return first..<first + most
    }

    /// The outputs, 0..<outputs, whose windows touch the range.
    fileprivate func seen(through window: Window, axis: Int, begin: Int, outputs: Int) -> Range<Int> {
        let stride = window.stride[axis]
        let first = (lowerBound + begin - window.span(axis) + 1).dividedRoundingUp(by: stride)
        let end = isEmpty ? first : (upperBound - 1 + begin).dividedRoundingDown(by: stride) + 1
        let start = Swift.min(Swift.max(first, 0), outputs)
        return start..<Swift.max(Swift.min(end, outputs), start)
    }

    fileprivate func joined(_ other: Range<Int>) -> Range<Int> {
        if isEmpty { return other }
        if other.isEmpty { return self }
        return Swift.min(lowerBound, other.lowerBound)..<Swift.max(upperBound, other.upperBound)
    }
}

extension Int {
    fileprivate func dividedRoundingDown(by divisor: Int) -> Int {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }

    fileprivate func dividedRoundingUp(by divisor: Int) -> Int {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder > 0 ? quotient + 1 : quotient
    }
}
