public import Execution
import Tensors

/// x ⊙ ∂s_c/∂x: a first-order guess at what each input value contributes (Shrikumar et al. 2016, "Not Just a Black
/// Box"; Captum's `InputXGradient`). The map is the largest
/// magnitude over the channels.
public struct GradientTimesInput: InterpretationMethod {
    public init() {}

    public var card: MethodCard {
        MethodCard(
            name: "gradient-x-input",
            summary: "the gradient times the pixel's (normalized) value",
            cost: .oneGradient,
            needs: "any differentiable network",
            caveat: "the image itself shines through, and what has the mean colour gets nothing, however much it "
                + "matters.",
            randomization: RandomizationCheck(
                .partly, paper: "Adebayo et al. 2018, whose maps keep showing the image", correlation: 0.43),
            paper: "Shrikumar et al. 2016, arXiv:1605.01713")
    }

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let pass = try ClassificationPass(
            question.network, question.input, on: evaluator, derivatives: [([question.network.image], .gradient)])
        var explanations: [Explanation] = []
        for target in try pass.targets(question, classes: classes) {
            var signal = try pass.signals(of: target)[0] ?? Tensor(shape: question.input.shape)
            signal.withUnsafeMutableValues { values in
                question.input.withUnsafeValues { input in
                    for index in values.indices { values[index] *= input[index] }
                }
            }
            explanations.append(
                Explanation(
                    scores: pass.scores, classIndex: target.classIndex, map: channelMaximum(signal),
                    attribution: firstItem(signal)))
        }
        return explanations
    }
}
