public import Execution

/// Attention matrices multiplied up through the layers, half of each the identity for the residual connection (Abnar and
/// Zuidema 2020, "Quantifying Attention Flow in Transformers", eq. 1): Ã = (Ā + I)/2 with the mean Ā over the heads,
/// R = Ã_L·…·Ã_1. The map is the class token's row at the places; where the scores are read from all places, the mean of
/// their rows.
public struct AttentionRollout: InterpretationMethod {
    public init() {}

    public var card: MethodCard {
        MethodCard(
            name: "attention-rollout",
            summary: "where the attention comes from in the end, multiplied up through all layers",
            cost: .onePass,
            needs: "an attention network whose tokens are the whole image in every layer",
            caveat:
                "the same for every class: it follows where information may have come from, not what speaks for the "
                + "class.",
            randomization: .withoutAttention,
            paper: "Abnar and Zuidema 2020, arXiv:2005.00928")
    }

    public func obstacle(for network: Network) -> String? { AttentionReading.obstacle(for: network) }

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let reading = try AttentionReading(question, method: card.name, on: evaluator, isDifferentiated: false)
        var rollout = reading.identity
        for index in reading.matrices.indices {
            var mixed = try reading.headMean(of: index) { value, _ in value / 2 }
            for token in 0..<reading.tokens { mixed[token * reading.tokens + token] += 0.5 }
            rollout = reading.product(mixed, rollout)
        }
        let map = reading.map(of: rollout)
        return try reading.pass.targets(question, classes: classes).map { target in
            Explanation(scores: reading.pass.scores, classIndex: target.classIndex, map: map)
        }
    }
}
