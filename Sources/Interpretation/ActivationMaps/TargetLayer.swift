import Execution
import Networks
import Tensors

/// Where the methods that weight a layer's maps look.
struct TargetLayer {
    let value: ValueID
    /// Where the layer's maps lie in its value, whatever its axes are.
    let places: LayerPlaces

    static let parameter = LayerParameter(
        "layer", default: "the last convolution stage's output", "name of the layer to look at")

    /// The layer that parameter `layer` names, by its node's or its value's name, or the last one that still has a
    /// place: behind all convolutions and their activation, before anything only pools, and on every way to the scores.
    /// Of an attention network the tokens are the places; class tokens and registers are none.
    init(_ question: Question, method: String) throws(InterpretationError) {
        let graph = question.network.graph
        guard let classifier = question.network.classifier else { throw .notAClassifier }
        let roles: AxisRoles
        do { roles = try AxisRoles(graph, image: question.input.shape) } catch { throw .execution(.network(error)) }
        if let name = Self.parameter.value(in: question) {
            let named = graph.nodes.first { $0.name == name }?.output ?? graph.value(named: name)
            guard let named, let shape = roles.shape(of: named), graph.constants[named] == nil else {
                throw .execution(.unknownValue(name))
            }
            guard let places = roles.places(of: named) else {
                throw .badParameter(
                    "layer '\(name)' has no places that the graph shows to be rows and columns of the image: its output "
                        + "is \(shape); choose another one")
            }
            (value, self.places) = (named, places)
            return
        }
        guard let last = graph.lastStage(from: question.network.image, to: classifier.scores, roles: roles),
            let places = roles.places(of: last)
        else {
            throw .notApplicable(
                method: method,
                reason: "no layer with more than one place lies on every way from the image to the scores; "
                    + "name one with the parameter 'layer'",
                alternatives: ["gradient", "occlusion"])
        }
        (value, self.places) = (last, places)
    }
}

extension Operator {
    /// Whether the output holds nothing that the input does not, at most more coarsely.
    fileprivate var movesOrPools: Bool {
        switch self {
        case .pooling, .globalPooling, .flatten, .reshape, .identity, .transpose, .squeeze, .unsqueeze: true
        default: false
        }
    }
}

extension Graph {
    /// The last value on every way from `image` to `scores` that still has more than one place, whose places the scores
    /// still depend on, and that is not merely moved or pooled: the last convolution stage's output, behind its
    /// activation.
    ///
    /// - Parameter isPlanes: whether only values [N,C,h,w] count.
    func lastStage(
        from image: ValueID, to scores: ValueID, roles: AxisRoles, isPlanes: Bool = false
    ) -> ValueID? {
        bottlenecks(from: image, to: scores).last { node in
            guard !node.operation.movesOrPools, let places = roles.places(of: node.output) else { return false }
            if isPlanes { return places.isPlanes }
            return places.others == 0 || roles.readsPlaces(of: node.output)
        }?.output
    }

    /// The nodes that every way from `start` to `end` goes through, in order.
    private func bottlenecks(from start: ValueID, to end: ValueID) -> [Node] {
        let path = path(from: [start], to: end)
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
