public import Execution
import Tensors

/// The score, shared out layer by layer among what it was computed from, down to the pixels (Bach et al. 2015, "On
/// Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation"). The rules are
/// those of `RelevanceRules`; batch normalization has been folded into the convolutions before. The relevance that
/// starts at the top is the score itself, so that the attributions sum to it but for what biases and ε take. The map
/// is the largest magnitude over the channels.
public struct LayerwiseRelevancePropagation: InterpretationMethod {
    public init() {}

    public var card: MethodCard {
        MethodCard(
            name: "lrp",
            summary: "the score itself, shared out layer by layer down to the pixels",
            cost: .oneGradient,
            needs: "convolutions, pooling, sums and activations that keep 0 at 0, as ReLU does",
            caveat: "the positive rules make sharp pictures that depend little on the upper layers; rule epsilon is "
                + "close to gradient-x-input. The rules are a convention: compare two.",
            randomization: RandomizationCheck(
                .fails, paper: "Sixt et al. 2020, of the positive rules", correlation: 0.72,
                remark: "of the default rule"),
            paper: "Bach et al. 2015, doi:10.1371/journal.pone.0130140",
            parameters: [Self.rule, Self.alpha, Self.beta, Self.epsilon])
    }

    private enum Composite { case epsilonPlus, alphaBeta, epsilon }

    private static let rule = ChoiceParameter(
        "rule", ["epsilon-plus": Composite.epsilonPlus, "alpha-beta": .alphaBeta, "epsilon": .epsilon],
        "epsilon-plus has z+ at convolutions, as zennit's composite; alpha-beta is zennit's EpsilonAlpha2Beta1; epsilon "
            + "everywhere is Captum's default")
    private static let alpha = NumberParameter(
        "alpha", in: 1...100, default: 2, "weight of positive contributions in rule alpha-beta")
    private static let beta = NumberParameter(
        "beta", in: 0...99,
        default: .rule("alpha - 1") { (question) throws(InterpretationError) in try question[alpha] - 1 },
        "weight of negative contributions in rule alpha-beta; nothing but alpha - 1 conserves relevance")
    private static let epsilon = NumberParameter(
        "epsilon", in: 1e-12...1e6, default: 1e-6, "keeps denominators from 0")

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let composite = try question[Self.rule]
        let alpha = try question[Self.alpha]
        guard try question[Self.beta] == alpha - 1 else {
            throw .badParameter("beta should be alpha - 1, which is \(alpha - 1): relevance would not be conserved")
        }
        let epsilon = Float(try question[Self.epsilon])
        let rules: RelevanceRules =
            switch composite {
            case .epsilonPlus: .epsilonPlus(epsilon)
            case .alphaBeta: .alphaBeta(Float(alpha), epsilon)
            case .epsilon: .epsilon(epsilon)
            }
        let pass = try ClassificationPass(
            question.network, question.input, on: evaluator,
            derivatives: [([question.network.image], .relevance(rules))])
        var explanations: [Explanation] = []
        for target in try pass.targets(question, classes: classes) {
            let relevance =
                try pass.signals(of: target, asRelevance: true)[0] ?? Tensor(shape: question.input.shape)
            explanations.append(
                Explanation(
                    scores: pass.scores, classIndex: target.classIndex, map: channelMaximum(relevance),
                    attribution: firstItem(relevance)))
        }
        return explanations
    }
}
