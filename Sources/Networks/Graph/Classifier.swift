public import Tensors

/// How a graph classifies: where its scores are, what they mean, and what class activation mapping needs of it.
public struct Classifier: Sendable {
    /// The graph's output that holds the scores or what an activation made of them.
    public let output: ValueID
    /// The scores before any softmax or sigmoid, [N, classes].
    public let scores: ValueID
    /// Number of classes; nil where the shapes could not be worked out.
    public let classes: Int?
    public let kind: OutputKind
    /// Whether the one output was made into two classes, the first of which is that the second does not hold.
    public let isBinary: Bool
    /// How the scores are scaled from those of the file; nil where they are not.
    public let scaling: ScoreScaling?
    /// Where the kind is known from, in words: "the network ends in a sigmoid".
    public let reason: String
    /// Whether nothing said what the scores mean.
    public let isAssumed: Bool
    /// What a person should know of it besides; of several outputs, which one was chosen.
    public let remarks: [String]
    /// Whether several images can be asked about at once.
    public let takesBatches: Bool
    /// Values that the graph got for the scores, beyond those that the file names.
    public let added: Set<ValueID>
    /// The activations that global average pooling reads, with the weights behind it, where the network is
    /// convolutions → global average pooling → one linear layer (Zhou et al. 2016).
    public let classActivation: ClassActivation?

    public struct ClassActivation: Sendable {
        /// [N,C,h,w]: f of "Learning Deep Features for Discriminative Localization", eq. 1.
        public let features: ValueID
        /// [classes, C]: w of the same equation. Nil where the pooled maps are the classes' own, so that class c's map is
        /// channel c (Lin et al. 2013, "Network In Network", §3.2).
        public let weights: Tensor?
    }

    /// Reads a graph as it is, by what it ends in alone; nil where it gives no class scores, or where nodes have to be
    /// added to get at them (see ``Graph/readingOutputs(_:)``).
    public init?(_ graph: Graph) {
        guard let classifier = (try? graph.readingOutputs())?.classifier, classifier.added.isEmpty else { return nil }
        self = classifier
    }

    init(
        output: ValueID, scores: ValueID, classes: Int?, kind: OutputKind, isBinary: Bool = false,
        scaling: ScoreScaling? = nil, reason: String, isAssumed: Bool, remarks: [String] = [], takesBatches: Bool,
        added: Set<ValueID> = [],
        classActivation: ClassActivation?
    ) {
        self.output = output
        self.scores = scores
        self.classes = classes
        self.kind = kind
        self.isBinary = isBinary
        self.scaling = scaling
        self.reason = reason
        self.isAssumed = isAssumed
        self.remarks = remarks
        self.takesBatches = takesBatches
        self.added = added
        self.classActivation = classActivation
    }
}

extension Classifier.ClassActivation {
    /// Walks back from the scores: scale and shift, one linear layer (fully connected, or a convolution of 1×1 maps),
    /// then reshapes that only drop extents of 1, then global average pooling. Or the pooling comes last, and a 1×1
    /// convolution before it counts as the linear layer, with which it can change places. Each step is exact.
    ///
    /// - Parameter value: a row of scores, [N,C], [N,C,1,1] or the like.
    init?(scores value: ValueID, in ending: NetworkEnding) {
        let graph = ending.graph
        guard let (head, factor) = Self.withoutScale(value, ending) else { return nil }
        if let (kernel, input) = Self.linear(head, ending) {
            guard let pool = ending.producers[ending.behindMoves(input)],
                let features = ending.pooledPlanes(pool)
            else { return nil }
            self.init(features: features, weights: kernel.scaled(by: factor))
            return
        }
        guard let pooled = ending.pooledPlanes(head) else { return nil }
        if let node = ending.producers[pooled], case .convolution(let convolution) = node.operation,
            convolution.isPointwise, let input = node.input(0), let kernel = graph.constantTensor(node, 1),
            let matrix = kernel.matrix
        {
            self.init(features: input, weights: matrix.scaled(by: factor))
        } else if factor == 1 {
            self.init(features: pooled, weights: nil)
        } else {
            return nil
        }
    }

    /// The node that makes a row, but for moves and scale and shift, and the scale.
    private static func withoutScale(_ value: ValueID, _ ending: NetworkEnding) -> (node: Node, factor: Float)? {
        var (value, factor) = (ending.behindMoves(value), Float(1))
        while let node = ending.producers[value] {
            guard case .activation(.linear(let scale, _)) = node.operation, let input = node.input(0) else {
                return (node, factor)
            }
            factor *= scale
            value = ending.behindMoves(input)
        }
        return nil
    }

    /// The weights [O,K] of a linear layer of a row, and what it reads.
    private static func linear(_ node: Node, _ ending: NetworkEnding) -> (weights: Tensor, input: ValueID)? {
        guard let input = node.input(0), let weights = ending.graph.constantTensor(node, 1) else { return nil }
        switch node.operation {
        case .fullyConnected: return weights.matrix.map { ($0, input) }
        case .convolution(let convolution) where convolution.isPointwise && ending.isRow(input):
            return weights.matrix.map { ($0, input) }
        default: return nil
        }
    }
}

extension Convolution {
    /// Whether each place is a linear function of the same place, by one matrix.
    fileprivate var isPointwise: Bool {
        guard groups == 1, window.kernel.allSatisfy({ $0 == 1 }), window.stride.allSatisfy({ $0 == 1 }) else {
            return false
        }
        switch window.padding {
        case .explicit(let begin, let end): return (begin + end).allSatisfy { $0 == 0 }
        case .same: return true
        }
    }
}

extension Tensor {
    /// [O,K] or [O,K,1,1] as [O,K].
    fileprivate var matrix: Tensor? {
        guard shape.rank >= 2, shape.dimensions.dropFirst(2).allSatisfy({ $0 == 1 }) else { return nil }
        if shape.rank == 2 { return self }
        return (try? Shape([shape[0], shape[1]])).flatMap { try? reshaped(to: $0) }
    }

    fileprivate func scaled(by factor: Float) -> Tensor {
        guard factor != 1 else { return self }
        return Tensor(shape: shape) { scaled in
            for index in scaled.indices { scaled[index] = self[index] * factor }
        }
    }
}
