public import Execution
public import Networks
public import Tensors

/// One forward pass of a classifier, with what the methods read from it: nothing is computed twice.
public struct ClassificationPass {
    /// Scores before softmax or sigmoid of each item of the batch, [N][classes].
    public let batchScores: [[Float]]
    /// What the scores mean.
    public let kind: OutputKind
    private let pass: ForwardPass
    private let scoreShape: Shape

    /// Scores of the first item before softmax or sigmoid [classes].
    public var scores: [Float] { batchScores[0] }

    /// - Parameters:
    ///   - input: [N,C,H,W].
    ///   - keeping: activations to be read afterwards.
    ///   - derivatives: targets and rules of the signals to be taken back from the scores.
    public init(
        _ network: Network, _ input: Tensor, on evaluator: Evaluator, keeping: [ValueID] = [],
        derivatives: [(targets: [ValueID], rule: BackwardRule)] = []
    ) throws(InterpretationError) {
        guard let classifier = network.classifier else { throw .notAClassifier }
        let wanted = derivatives.map { derivative in
            Derivative(of: classifier.scores, withRespectTo: derivative.targets, rule: derivative.rule)
        }
        let tensor: Tensor
        do {
            pass = try evaluator.forward([input], keeping: keeping + [classifier.scores], derivatives: wanted)
            tensor = try pass.value(classifier.scores)
        } catch {
            throw .execution(error)
        }
        guard tensor.shape.rank == 2, tensor.shape[0] > 0, tensor.shape[1] > 0,
            input.shape.rank > 0, tensor.shape[0] == input.shape[0]
        else { throw .notAClassifier }
        let classes = tensor.shape[1]
        batchScores = tensor.withUnsafeValues { values in
            (0..<tensor.shape[0]).map { Array(values[$0 * classes..<($0 + 1) * classes]) }
        }
        guard batchScores.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { throw .scoresNotFinite }
        scoreShape = tensor.shape
        kind = classifier.kind
    }

    /// The class asked for, or the one with the highest score.
    public func resolve(_ classIndex: Int?) throws(InterpretationError) -> Int {
        try Self.resolve(classIndex, scores)
    }

    /// What `question` wants explained of each of `classes`; nil stands for the class with the highest score.
    public func targets(
        _ question: Question, classes: [Int?]
    ) throws(InterpretationError) -> [ScoreTarget] {
        try Self.targets(question, classes: classes, scores: scores)
    }

    /// The same, given the scores of the image [classes].
    static func targets(
        _ question: Question, classes: [Int?], scores: [Float]
    ) throws(InterpretationError) -> [ScoreTarget] {
        let kind = question.network.kind
        guard !question.isProbability || kind.hasProbabilities else {
            throw .badParameter("this network gives raw numbers without a probability; explain the score")
        }
        var against: Int?
        if let other = question.against { against = try resolve(other, scores) }
        var targets: [ScoreTarget] = []
        for wanted in classes {
            let classIndex = try resolve(wanted, scores)
            guard against != classIndex else {
                throw .badParameter("class \(classIndex) cannot be set against itself; choose another class")
            }
            targets.append(
                ScoreTarget(
                    classIndex: classIndex, against: against, isProbability: question.isProbability, kind: kind))
        }
        return targets
    }

    private static func resolve(_ classIndex: Int?, _ scores: [Float]) throws(InterpretationError) -> Int {
        guard let classIndex else { return scores.indices.max { scores[$0] < scores[$1] } ?? 0 }
        guard scores.indices.contains(classIndex) else {
            throw .classOutOfRange(classIndex, count: scores.count)
        }
        return classIndex
    }

    /// The first item's probabilities [classes]; nil of raw numbers.
    public var probabilities: [Float]? { kind.probabilities(scores) }

    /// An activation kept, [N,…].
    public func activation(_ value: ValueID) throws(InterpretationError) -> Tensor {
        do { return try pass.value(value) } catch { throw .execution(error) }
    }

    /// The derivative of each item's target by the rule of derivative `index`, at the derivative's targets, [N,…] each;
    /// nil where the score does not depend on it. Relevance rules start from the target's relevance instead.
    public func signals(
        of target: ScoreTarget, derivative index: Int = 0, asRelevance: Bool = false
    ) throws(InterpretationError) -> [Tensor?] {
        let classes = scoreShape[1]
        let seed = Tensor(shape: scoreShape) { values in
            for (item, scores) in batchScores.enumerated() {
                let gradient = asRelevance ? target.relevance(at: scores) : target.gradient(at: scores)
                for (offset, value) in gradient.enumerated() { values[item * classes + offset] = value }
            }
        }
        do { return try pass.derivative(index, seed: seed) } catch { throw .execution(error) }
    }

    /// ∂s_c of derivative `index` at its targets, by its rule; nil where the score does not depend on a target.
    public func signals(ofClass classIndex: Int, derivative index: Int = 0) throws(InterpretationError) -> [Tensor?] {
        try signals(of: ScoreTarget(classIndex: classIndex, kind: kind), derivative: index)
    }
}
