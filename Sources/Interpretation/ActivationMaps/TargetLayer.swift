import Execution
import Networks
import Tensors

/// Where the methods that weight a layer's maps look.
struct TargetLayer {
    let value: ValueID

    static let parameter = LayerParameter(
        "layer", default: "the last convolution stage's output", "name of the layer to look at")

    /// The layer that parameter `layer` names, by its node's or its value's name, or the last one that still has a
    /// place: behind all convolutions and their activation, before anything only pools, and on every way to the scores.
    init(_ question: Question, method: String) throws(InterpretationError) {
        let graph = question.network.graph
        guard let classifier = question.network.classifier else { throw .notAClassifier }
        let shapes: [ValueID: Shape]
        do {
            shapes = try graph.shapes(for: [question.network.image: question.input.shape])
        } catch {
            throw .execution(.network(error))
        }
        if let name = Self.parameter.value(in: question) {
            let named = graph.nodes.first { $0.name == name }?.output ?? graph.value(named: name)
            guard let named, let shape = shapes[named], graph.constants[named] == nil else {
                throw .execution(.unknownValue(name))
            }
            guard shape.hasPlaces else {
                throw .badParameter("layer '\(name)' has no places: its output is \(shape); choose an earlier one")
            }
            value = named
            return
        }
        guard let last = graph.lastStage(from: question.network.image, to: classifier.scores, shapes: shapes) else {
            throw .notApplicable(
                method: method,
                reason: "no layer with more than one place lies on every way from the image to the scores; "
                    + "name one with the parameter 'layer'",
                alternatives: ["gradient", "occlusion"])
        }
        value = last
    }
}

extension Shape {
    /// Whether it is [N,C,h,w] with more than one place.
    fileprivate var hasPlaces: Bool { rank == 4 && dimensions[2] * dimensions[3] > 1 }
}

extension Operator {
    /// Whether the output holds nothing that the input does not, at most more coarsely.
    fileprivate var movesOrPools: Bool {
        switch self {
        case .pooling, .globalPooling, .flatten, .reshape, .identity: true
        default: false
        }
    }
}

extension Graph {
    /// The last value on every way from `image` to `scores` that still has more than one place and is not merely moved
    /// or pooled: the last convolution stage's output, behind its activation.
    func lastStage(from image: ValueID, to scores: ValueID, shapes: [ValueID: Shape]) -> ValueID? {
        bottlenecks(from: image, to: scores).last { node in
            !node.operation.movesOrPools && (shapes[node.output]?.hasPlaces ?? false)
        }?.output
    }

    /// The nodes that every way from `start` to `end` goes through, in order.
    private func bottlenecks(from start: ValueID, to end: ValueID) -> [Node] {
        var downstream: Set<ValueID> = [start]
        for node in nodes where node.inputs.contains(where: { $0.map(downstream.contains) ?? false }) {
            downstream.formUnion(node.outputs)
        }
        var upstream: Set<ValueID> = [end]
        for node in nodes.reversed() where node.outputs.contains(where: upstream.contains) {
            upstream.formUnion(node.inputs.compactMap { $0 })
        }
        let path = downstream.intersection(upstream)
        var lastReader: [ValueID: Int] = [:]
        for (index, node) in nodes.enumerated() where node.outputs.contains(where: path.contains) {
            for case let input? in node.inputs where path.contains(input) { lastReader[input] = index }
        }
        // A value is a bottleneck where nothing older is read any more once it has been made.
        var result: [Node] = []
        var reach = lastReader[start] ?? -1
        for (index, node) in nodes.enumerated() where path.contains(node.output) {
            if reach <= index { result.append(node) }
            for output in node.outputs where path.contains(output) { reach = max(reach, lastReader[output] ?? index) }
        }
        return result
    }
}
