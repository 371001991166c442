public import Execution
import Tensors

/// Relevance of tokens through attention weighted by its gradient (Chefer, Gur and Wolf 2021, "Generic Attention-model
/// Explainability for Interpreting Bi-Modal and Encoder-Decoder Transformers", eq. 5 and 6, for self-attention): R = I,
/// then for each layer R += Ā·R with Ā = mean over the heads of max(∇A ⊙ A, 0), ∇A = ∂s_c/∂A. The map is the class
/// token's row at the places; where the scores are read from all places, the mean of their rows.
public struct TransformerAttribution: InterpretationMethod {
    public init() {}

    public var card: MethodCard {
        MethodCard(
            name: "transformer-attribution",
            summary: "attention that speaks for the class, followed through all layers",
            cost: .oneGradient,
            needs: "an attention network whose tokens are the whole image in every layer",
            caveat:
                "follows attention alone; what the layers between do with a token is left out, and so is what speaks "
                + "against the class.",
            randomization: .withoutAttention,
            paper: "Chefer et al. 2021, arXiv:2103.15679")
    }

    public var localizes: Bool { true }

    public func obstacle(for network: Network) -> String? { AttentionReading.obstacle(for: network) }

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let reading = try AttentionReading(question, method: card.name, on: evaluator, isDifferentiated: true)
        var explanations: [Explanation] = []
        for target in try reading.pass.targets(question, classes: classes) {
            let signals = try reading.pass.signals(of: target)
            var relevance = reading.identity
            for index in reading.matrices.indices {
                guard let gradient = signals[index] else { continue }
                let weighted = try gradient.withUnsafeValues { (slopes) throws(InterpretationError) in
                    try reading.headMean(of: index) { value, position in max(value * slopes[position], 0) }
                }
                for (position, addend) in reading.product(weighted, relevance).enumerated() {
                    relevance[position] += addend
                }
            }
            explanations.append(
                Explanation(
                    scores: reading.pass.scores, classIndex: target.classIndex, map: reading.map(of: relevance)))
        }
        return explanations
    }
}
