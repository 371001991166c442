public import Execution
import Tensors

/// ReLU(Σₖ αₖ fₖ) over the last convolution's channels, αₖ the spatial mean of ∂s_c/∂fₖ (Selvaraju et al. 2017,
/// "Grad-CAM", eq. 1 and 2). On a network that class activation mapping works on, both differ by a factor and the ReLU.
public struct GradCAM: InterpretationMethod {
    public init() {}

    public var localizes: Bool { true }

    public var card: MethodCard {
        MethodCard(
            name: "grad-cam",
            summary: "the last convolution's maps, weighted by their mean gradient; what speaks against is cut off",
            cost: .oneGradient,
            needs: "a convolution stage that all ways to the scores go through",
            caveat: "coarse; averaging the gradient may point to places that do not matter where the head looks at "
                + "places differently, and shows one of several objects brightest.",
            randomization: RandomizationCheck(
                .passes, paper: "Adebayo et al. 2018", correlation: 0.00,
                remark: "where random weights leave no positive evidence the map is empty, which counts as 0"),
            paper: "Selvaraju et al. 2017, arXiv:1610.02391",
            parameters: [TargetLayer.parameter])
    }

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let layer = try LayerReading(question, method: card.name, on: evaluator)
        var explanations: [Explanation] = []
        for target in try layer.pass.targets(question, classes: classes) {
            explanations.append(
                Explanation(
                    scores: layer.pass.scores, classIndex: target.classIndex, map: try layer.gradCAM(of: target)))
        }
        return explanations
    }
}

extension LayerReading {
    /// The map [h,w] of Grad-CAM.
    func gradCAM(of target: ScoreTarget) throws(InterpretationError) -> Tensor {
        let gradient = try gradient(of: target)
        let weights = (0..<channels).map { channel in
            Float(gradient[channel * places..<(channel + 1) * places].reduce(0) { $0 + Double($1) } / Double(places))
        }
        return rectifiedSum(weights: weights)
    }
}
