/// How a graph classifies: where its scores are, and what class activation mapping needs of it.
public struct Classifier: Sendable {
    /// The scores before any softmax, [N, classes].
    public let scores: ValueID
    /// The activations that global average pooling reads, with the weights behind it, where the network is
    /// convolutions → global average pooling → one fully-connected layer (Zhou et al. 2016).
    public let classActivation: ClassActivation?

    public struct ClassActivation: Sendable {
        /// [N,C,h,w]: f of "Learning Deep Features for Discriminative Localization", eq. 1.
        public let features: ValueID
        /// [classes, C]: w of the same equation.
        public let weights: ValueID
        /// [classes].
        public let bias: ValueID?
    }

    /// Reads the first output of `graph`.
    public init?(_ graph: Graph) {
        guard let output = graph.outputs.first else { return nil }
        let producers = graph.producers()
        var scores = output
        if let last = producers[scores], case .softmax = last.operation, let input = last.input(0) { scores = input }
        self.scores = scores
        classActivation = ClassActivation(scores: scores, producers: producers, graph: graph)
    }
}

extension Classifier.ClassActivation {
    /// Walks back from the scores: fully connected, then reshapes that only drop the 1×1 extents, then pooling.
    fileprivate init?(scores: ValueID, producers: [ValueID: Node], graph: Graph) {
        guard let head = producers[scores], head.operation == .fullyConnected, var value = head.input(0),
            let weights = head.input(1), graph.constants[weights] != nil
        else { return nil }
        while let node = producers[value] {
            guard let input = node.input(0) else { return nil }
            switch node.operation {
            case .flatten(axis: 1), .reshape, .squeeze, .identity:
                value = input
            case .globalPooling(.average):
                self.init(features: input, weights: weights, bias: head.input(2))
                return
            case .reduction(let reduction) where reduction.averagesPlanes(ofRank: 4):
                self.init(features: input, weights: weights, bias: head.input(2))
                return
            default:
                return nil
            }
        }
        return nil
    }
}
