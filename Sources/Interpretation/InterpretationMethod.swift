public import Execution
public import Tensors

/// A way to ask a network why. One file a method, one line in ``Methods/all``.
public protocol InterpretationMethod: Sendable {
    var card: MethodCard { get }

    /// Runs on the session's thread.
    ///
    /// - Throws: `InterpretationError`
    func explain(_ question: Question, on evaluator: Evaluator) throws(InterpretationError) -> Explanation

    /// Why the method cannot be used on this network, nil where it can.
    func obstacle(for network: Network) -> String?
    /// Whether boxes may be cut from the map: it is high where the object is and low elsewhere.
    var localizes: Bool { get }
}

extension InterpretationMethod {
    public func obstacle(for network: Network) -> String? { nil }
    public var localizes: Bool { false }
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
    /// What it does not show, its behaviour in the randomization check of Adebayo et al. 2018 included.
    public let caveat: String
    /// Where it is from.
    public let paper: String

    public init(name: String, summary: String, cost: Cost, needs: String, caveat: String, paper: String) {
        self.name = name
        self.summary = summary
        self.cost = cost
        self.needs = needs
        self.caveat = caveat
        self.paper = paper
    }
}

/// What is asked: this network, this image, this class.
public struct Question: Sendable {
    public let network: Network
    /// [1,C,H,W], normalized as the network wants it.
    public let input: Tensor
    /// Nil asks for the class with the highest score.
    public let classIndex: Int?
    public let parameters: [String: ParameterValue]

    public init(
        network: Network, input: Tensor, classIndex: Int? = nil, parameters: [String: ParameterValue] = [:]
    ) {
        self.network = network
        self.input = input
        self.classIndex = classIndex
        self.parameters = parameters
    }
}

/// A method's parameter as the caller wrote it.
public enum ParameterValue: Sendable, Equatable {
    case number(Double)
    case text(String)
}

/// The answer.
public struct Explanation: Sendable {
    /// Pre-softmax scores of all classes.
    public let scores: [Float]
    /// The class explained.
    public let classIndex: Int
    /// The method's own map [h,w], before upsampling, clipping or scaling.
    public let map: Tensor
    /// Signed attribution at the network's input [C,H,W], where the method has one.
    public let attribution: Tensor?
    /// What the reader should know of this very map.
    public let warnings: [String]

    public init(
        scores: [Float], classIndex: Int, map: Tensor, attribution: Tensor? = nil, warnings: [String] = []
    ) {
        self.scores = scores
        self.classIndex = classIndex
        self.map = map
        self.attribution = attribution
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
