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
            parameters: [
                MethodParameter(
                    "rule",
                    "epsilon-plus (z+ at convolutions, as zennit's composite), alpha-beta (as zennit's "
                        + "EpsilonAlpha2Beta1) or epsilon (everywhere, as Captum's default); epsilon-plus"),
                MethodParameter("alpha", "weight of positive contributions in rule alpha-beta; 2"),
                MethodParameter("beta", "weight of negative ones, alpha - 1"),
                MethodParameter("epsilon", "keeps denominators from 0; 1e-6"),
            ])
    }

    private enum Composite { case epsilonPlus, alphaBeta, epsilon }

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let composite = try question.choice(
            "rule", ["epsilon-plus": Composite.epsilonPlus, "alpha-beta": .alphaBeta, "epsilon": .epsilon])
        let alpha = try question.number("alpha", default: 2, in: 1...100)
        guard try question.number("beta", default: alpha - 1, in: 0...99) == alpha - 1 else {
            throw .badParameter("beta should be alpha - 1, which is \(alpha - 1): relevance would not be conserved")
        }
        let epsilon = Float(try question.number("epsilon", default: 1e-6, in: 1e-12...1e6))
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
