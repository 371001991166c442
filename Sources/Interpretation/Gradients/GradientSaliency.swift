public import Execution
public import Networks
public import Tensors

/// The gradient of the pre-softmax score with respect to the input image, ∂s_c/∂x. The map is the maximum over the
/// channels of its absolute value (Simonyan, Vedaldi and Zisserman 2013, "Deep Inside Convolutional Networks", §3).
public struct GradientSaliency: InterpretationMethod {
    public init() {}

    public var attributesSlopes: Bool { true }

    public var card: MethodCard {
        MethodCard(
            name: "gradient",
            summary: "how much each pixel moves the class score: max over channels of |∂s/∂x|",
            cost: .oneGradient,
            needs: "any differentiable network",
            caveat: "shows sensitivity, not what the score is made of; noisy where the network saturates.",
            randomization: RandomizationCheck(.passes, paper: "Adebayo et al. 2018", correlation: 0.29),
            paper: "Simonyan et al. 2013, arXiv:1312.6034")
    }

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        try signalExplanations(question, classes: classes, on: evaluator, rule: .gradient)
    }
}

/// Backward passes that treat rectifiers otherwise than the chain rule does; see `BackwardRule`.
public struct RuleSaliency: InterpretationMethod {
    public let card: MethodCard
    public var attributesSlopes: Bool { true }
    private let rule: BackwardRule

    /// Zeiler and Fergus 2014: the rectified signal is sent down, whatever was active on the way up.
    public static let deconvnet = RuleSaliency(
        card: MethodCard(
            name: "deconvnet",
            summary: "the class score sent back through transposed convolutions and unpooling, rectified on the way",
            cost: .oneGradient,
            needs: "networks of ReLU or ReLU6",
            caveat: "sharp, but depends little on the class and on the upper layers. "
                + "Do not read it as a reason.",
            randomization: RandomizationCheck(
                .fails, paper: "Sixt et al. 2020, and the reason in Nie et al. 2018", correlation: 0.56),
            paper: "Zeiler and Fergus 2014, arXiv:1311.2901"),
        rule: .deconvnet)

    /// Springenberg et al. 2015: both rules at once.
    public static let guidedBackpropagation = RuleSaliency(
        card: MethodCard(
            name: "guided-backprop",
            summary: "the gradient, of which each rectifier passes on only what is positive",
            cost: .oneGradient,
            needs: "networks of ReLU or ReLU6",
            caveat: "draws edges of the input whatever the upper layers have learned. "
                + "Do not read it as a reason.",
            randomization: RandomizationCheck(.fails, paper: "Adebayo et al. 2018", correlation: 0.76),
            paper: "Springenberg et al. 2015, arXiv:1412.6806"),
        rule: .guided)

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        try signalExplanations(question, classes: classes, on: evaluator, rule: rule)
    }
}

/// The target's signal at the input by `rule`, and its largest magnitude over the channels.
private func signalExplanations(
    _ question: Question, classes: [Int?], on evaluator: Evaluator, rule: BackwardRule
) throws(InterpretationError) -> [Explanation] {
    let pass = try ClassificationPass(
        question.network, question.input, on: evaluator, derivatives: [([question.network.image], rule)])
    var explanations: [Explanation] = []
    for target in try pass.targets(question, classes: classes) {
        let signal = try pass.signals(of: target)[0] ?? Tensor(shape: question.input.shape)
        explanations.append(
            Explanation(
                scores: pass.scores, classIndex: target.classIndex, map: channelMaximum(signal),
                attribution: firstItem(signal),
                warnings: rule == .gradient ? [] : remarksOnRectifiers(of: question.network.graph)))
    }
    return explanations
}

/// What to know of rules for rectifiers in a network that has none.
public func remarksOnRectifiers(of graph: Graph) -> [String] {
    guard !graph.nodes.contains(where: \.operation.isRectifier) else { return [] }
    return [
        "this network has neither ReLU nor ReLU6, where alone the method differs from the gradient (other functions keep "
            + "their derivative): pixels get the gradient's values"
    ]
}

/// [1,C,H,W] → [C,H,W].
public func firstItem(_ tensor: Tensor) -> Tensor {
    (try? tensor.item(0)) ?? tensor
}

/// Largest absolute value over the channels of the first item: [1,C,H,W] → [H,W].
public func channelMaximum(_ signal: Tensor) -> Tensor {
    let extents = signal.shape.dimensions
    guard extents.count == 4, let shape = try? Shape([extents[2], extents[3]]) else { return signal }
    return Tensor(shape: shape) { map in
        signal.withUnsafeValues { values in
            for channel in 0..<extents[1] {
                for index in 0..<map.count { map[index] = max(map[index], abs(values[channel * map.count + index])) }
            }
        }
    }
}
