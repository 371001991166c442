public import Execution
public import Tensors

/// A way to ask a network why. One file a method, one line in ``Methods/all``.
public protocol InterpretationMethod: Sendable {
    var card: MethodCard { get }

    /// Why the method cannot be used on this network, nil where it can.
    func obstacle(for network: Network) -> String?

    /// Whether boxes may be cut from the map: it is high where the object is and low elsewhere.
    var localizes: Bool { get }

    /// Whether the attribution is the score's slope at each value of the input, and not the value's share of the score.
    var attributesSlopes: Bool { get }

    /// One explanation per class, from shared forward passes; nil stands for the class with the highest score.
    ///
    /// Called through ``explain(_:classes:on:)``, which has checked the parameters' names and the network. Between
    /// batches a method reports its progress and looks whether it has been cancelled.
    func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation]
}

extension InterpretationMethod {
    public func obstacle(for network: Network) -> String? { nil }
    public var localizes: Bool { false }
    public var attributesSlopes: Bool { false }

    /// Runs on the session's thread.
    public func explain(_ question: Question, on evaluator: Evaluator) async throws(InterpretationError) -> Explanation
    {
        let explanations = try await explain(question, classes: [question.classIndex], on: evaluator)
        guard let first = explanations.first else { throw .notAClassifier }
        return first
    }

    /// One explanation for each of `classes`; what they have in common is computed once.
    ///
    /// - Throws: `notApplicable` where the network lacks what the method needs, `badParameter`, `classOutOfRange`,
    ///   `cancelled` where the task was, and whatever the network's execution throws.
    public func explain(
        _ question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        if let reason = obstacle(for: question.network) {
            let alternatives = Methods.applicable(to: question.network).map(\.card.name)
            throw .notApplicable(method: card.name, reason: reason, alternatives: alternatives)
        }
        let known = card.parameters.map(\.name)
        if let stranger = question.parameters.keys.sorted().first(where: { !known.contains($0) }) {
            let names = known.isEmpty ? "none" : known.joined(separator: ", ")
            throw .badParameter("\(card.name) has no parameter '\(stranger)'; it knows \(names)")
        }
        guard question.input.shape.rank == 4, question.input.shape[0] == 1, question.input.count > 0 else {
            throw .badParameter("the input should be one image [1,C,H,W], got shape \(question.input.shape)")
        }
        return try await explanations(of: question, classes: classes, on: evaluator)
    }
}

/// What people should know of a method before they believe it.
public struct MethodCard: Sendable {
    /// How much work it is.
    public enum Cost: String, Sendable {
        case onePass = "one pass"
        case oneGradient = "one pass forward and back"
        case manyPasses = "many passes"
    }

    public let name: String
    public let summary: String
    public let cost: Cost
    /// What it asks of the network.
    public let needs: String
    /// What it does not show.
    public let caveat: String
    /// Whether its maps depend on what the network has learned.
    public let randomization: RandomizationCheck
    /// Where it is from.
    public let paper: String
    /// What can be told it by name.
    public let parameters: [any MethodParameter]

    public init(
        name: String, summary: String, cost: Cost, needs: String, caveat: String,
        randomization: RandomizationCheck, paper: String, parameters: [any MethodParameter] = []
    ) {
        self.name = name
        self.summary = summary
        self.cost = cost
        self.needs = needs
        self.caveat = caveat
        self.randomization = randomization
        self.paper = paper
        self.parameters = parameters
    }
}

/// What is asked: this network, this image, this class.
public struct Question: Sendable {
    public let network: Network
    /// [1,C,H,W], normalized as the network wants it.
    public let input: Tensor
    /// Nil asks for the class with the highest score.
    public let classIndex: Int?
    /// Contrast: explained is what sets the class apart from this one.
    public let against: Int?
    /// Explains the probability instead of the score before it.
    public let isProbability: Bool
    public let parameters: [String: ParameterValue]
    /// How the input was made of colours, for methods that paint into it.
    public let normalization: Normalization?
    /// Bytes of activations that a batch may need; what is to be computed is cut into batches accordingly.
    public let memoryBudget: Int
    /// Told how much is done, 0…1, by methods of many passes.
    public let progress: (@Sendable (Double) -> Void)?
    /// Shown a map that is still being made, by methods that make one place by place.
    public let partialMap: (@Sendable (PartialMap) -> Void)?

    public init(
        network: Network, input: Tensor, classIndex: Int? = nil, against: Int? = nil, isProbability: Bool = false,
        parameters: [String: ParameterValue] = [:], normalization: Normalization? = nil,
        memoryBudget: Int = 256 << 20, progress: (@Sendable (Double) -> Void)? = nil,
        partialMap: (@Sendable (PartialMap) -> Void)? = nil
    ) {
        self.network = network
        self.input = input
        self.classIndex = classIndex
        self.against = against
        self.isProbability = isProbability
        self.parameters = parameters
        self.normalization = normalization
        self.memoryBudget = memoryBudget
        self.progress = progress
        self.partialMap = partialMap
    }

    /// x = (value·scale − mean) / deviation per channel, value 0…255: what preprocessing did to the colours.
    public struct Normalization: Sendable, Hashable {
        public var scale: Float
        public var mean: [Float]
        public var deviation: [Float]

        public init(scale: Float = 1 / 255, mean: [Float], deviation: [Float]) {
            self.scale = scale
            self.mean = mean
            self.deviation = deviation
        }
    }
}

/// The answer.
public struct Explanation: Sendable {
    /// Scores of all classes, before softmax or sigmoid.
    public let scores: [Float]
    /// The class explained.
    public let classIndex: Int
    /// The method's own map [h,w], before upsampling, clipping or scaling.
    public let map: Tensor
    /// Signed attribution at the network's input [C,H,W], where the method has one.
    public let attribution: Tensor?
    /// Maps beside the method's own, by name, of the same grid.
    public let furtherMaps: [String: Tensor]
    /// What is drawn, [h,w], the higher the more it counts: the map, or what people read more easily.
    public let picture: Tensor
    /// What the reader should know of this very map.
    public let warnings: [String]
    /// Nil where the map is exact.
    public let approximation: Approximation?

    public init(
        scores: [Float], classIndex: Int, map: Tensor, attribution: Tensor? = nil,
        furtherMaps: [String: Tensor] = [:], picture: Tensor? = nil, warnings: [String] = [],
        approximation: Approximation? = nil
    ) {
        self.scores = scores
        self.classIndex = classIndex
        self.map = map
        self.attribution = attribution
        self.furtherMaps = furtherMaps
        self.approximation = approximation
        self.picture = picture ?? map
        self.warnings = warnings + Explanation.remarks(on: map)
    }

    /// A map without contrast is a result; it only has to be said.
    private static func remarks(on map: Tensor) -> [String] {
        map.withUnsafeValues { values in
            if values.contains(where: { !$0.isFinite }) {
                return ["the map holds values that are not finite; the network overflowed on this input"]
            }
            if values.allSatisfy({ $0 == 0 }) {
                return ["the map is zero everywhere: by this method nothing in the image moves the score"]
            }
            if values.allSatisfy({ $0 <= 0 }) {
                return ["the map is negative everywhere: by this method nothing speaks for this class"]
            }
            return []
        }
    }
}

/// The methods there are.
public enum Methods {
    /// In the order they are listed to people.
    public static let all: [any InterpretationMethod] = [
        ClassActivationMapping(),
        GradientSaliency(),
        RuleSaliency.deconvnet,
        RuleSaliency.guidedBackpropagation,
        GradCAM(),
        GradCAMPlusPlus(),
        LayerCAM(),
        ScoreCAM(),
        EigenCAM(),
        AttentionRollout(),
        TransformerAttribution(),
        Occlusion(),
        RISE(),
        GradientTimesInput(),
        IntegratedGradients(),
        SmoothGrad(),
        GuidedGradCAM(),
        LayerwiseRelevancePropagation(),
    ]

    public static func named(_ name: String) throws(InterpretationError) -> any InterpretationMethod {
        guard let method = all.first(where: { $0.card.name == name }) else {
            throw .unknownMethod(name, known: all.map(\.card.name))
        }
        return method
    }

    /// Those that can be used on `network`.
    public static func applicable(to network: Network) -> [any InterpretationMethod] {
        all.filter { $0.obstacle(for: network) == nil }
    }
}
