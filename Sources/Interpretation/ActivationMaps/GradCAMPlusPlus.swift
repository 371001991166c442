public import Execution
import Tensors

/// Grad-CAM whose weights count each place where the gradient is positive as much as its share in the score's second
/// and third derivatives says (Chattopadhay et al. 2018, "Grad-CAM++", eq. 19, for an exponential of the score, whose
/// higher derivatives are powers of the first). As in pytorch-grad-cam, 1e-6 keeps the denominator from 0.
public struct GradCAMPlusPlus: InterpretationMethod {
    public init() {}

    public var localizes: Bool { true }

    public var card: MethodCard {
        MethodCard(
            name: "grad-cam++",
            summary: "Grad-CAM with place-by-place weights, so that several objects of a class all show",
            cost: .oneGradient,
            needs: "a convolution stage that all ways to the scores go through",
            caveat: "coarse; only positive gradients count, so it cannot show what speaks against the class, and where "
                + "gradients are large it is close to a plain sum of active maps. Weakly class-dependent there.",
            randomization: RandomizationCheck(.passes, paper: nil, correlation: 0.21),
            paper: "Chattopadhay et al. 2018, arXiv:1710.11063",
            parameters: [TargetLayer.parameter])
    }

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let layer = try LayerReading(question, method: card.name, on: evaluator)
        let places = layer.places
        var explanations: [Explanation] = []
        for target in try layer.pass.targets(question, classes: classes) {
            let gradient = try layer.gradient(of: target)
            let weights = (0..<layer.channels).map { channel -> Float in
                let range = channel * places..<(channel + 1) * places
                let activation = layer.features[range].reduce(0, +)
                return range.reduce(Float(0)) { sum, index in
                    let g = gradient[index]
                    guard g > 0 else { return sum }
                    return sum + g * (g * g / (2 * g * g + activation * g * g * g + 1e-6))
                }
            }
            explanations.append(
                Explanation(
                    scores: layer.pass.scores, classIndex: target.classIndex,
                    map: layer.rectifiedSum(weights: weights)))
        }
        return explanations
    }
}
