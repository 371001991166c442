public import Execution
import Tensors

/// ReLU(Σₖ ReLU(∂s_c/∂fₖ) ⊙ fₖ): every place of every map has a weight of its own (Jiang et al. 2021, "LayerCAM:
/// Exploring Hierarchical Class Activation Maps for Localization", eq. 5 to 7).
public struct LayerCAM: InterpretationMethod {
    public init() {}

    public var localizes: Bool { true }

    public var card: MethodCard {
        MethodCard(
            name: "layer-cam",
            summary: "the last convolution's maps times their positive gradient, place by place",
            cost: .oneGradient,
            needs: "a convolution stage that all ways to the scores go through",
            caveat: "leaves out what speaks against the class; at early layers ('layer') it turns into a picture of "
                + "edges. Behind global average pooling gradients are the same everywhere and so are the weights.",
            randomization: RandomizationCheck(.passes, paper: nil, correlation: 0.26),
            paper: "Jiang et al. 2021, IEEE TIP 30:5875",
            parameters: [TargetLayer.parameter])
    }

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let layer = try LayerReading(question, method: card.name, on: evaluator)
        var explanations: [Explanation] = []
        for target in try layer.pass.targets(question, classes: classes) {
            let gradient = try layer.gradient(of: target)
            let map = layer.rectifiedSum { _, index in max(gradient[index], 0) * layer.features[index] }
            explanations.append(Explanation(scores: layer.pass.scores, classIndex: target.classIndex, map: map))
        }
        return explanations
    }
}
