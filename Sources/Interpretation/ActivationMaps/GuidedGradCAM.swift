public import Execution
import Tensors

/// Guided backpropagation times Grad-CAM's map, enlarged to the image (Selvaraju et al. 2017, §3.3). The map is the
/// maximum over the channels of the absolute value.
public struct GuidedGradCAM: InterpretationMethod {
    public init() {}

    public var card: MethodCard {
        MethodCard(
            name: "guided-grad-cam",
            summary: "guided backpropagation where Grad-CAM says that the evidence lies",
            cost: .oneGradient,
            needs: "networks of ReLU or ReLU6 with a convolution stage that all ways to the scores go through",
            caveat: "its detail is that of guided backpropagation: only the place depends on the class.",
            randomization: RandomizationCheck(
                .fails, paper: "Adebayo et al. 2018", correlation: 0.00,
                remark: "where Grad-CAM is empty so is this, which counts as 0"),
            paper: "Selvaraju et al. 2017, arXiv:1610.02391",
            parameters: [TargetLayer.parameter, Self.interpolation])
    }

    private enum Interpolation { case bilinear, nearest }
    private static let interpolation = ChoiceParameter(
        "interpolation", ["bilinear": Interpolation.bilinear, "nearest": .nearest],
        "how Grad-CAM's map is enlarged; nearest is Captum's")

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let interpolation = try question[Self.interpolation]
        let layer = try LayerReading(question, method: card.name, on: evaluator, imageRules: [.guided])
        let (height, width) = (question.input.shape[2], question.input.shape[3])
        var explanations: [Explanation] = []
        for target in try layer.pass.targets(question, classes: classes) {
            let map = try layer.gradCAM(of: target)
            let places = map.withUnsafeValues { values in
                switch interpolation {
                case .bilinear:
                    resizedBilinearly(
                        values, width: layer.width, toHeight: height, width: width, alignment: .areas)
                case .nearest:
                    (0..<height * width).map { index in
                        let (y, x) = index.quotientAndRemainder(dividingBy: width)
                        return values[y * layer.height / height * layer.width + x * layer.width / width]
                    }
                }
            }
            var signal = try layer.pass.signals(of: target, derivative: 1)[0] ?? Tensor(shape: question.input.shape)
            signal.withUnsafeMutableValues { values in
                for index in values.indices { values[index] *= places[index % places.count] }
            }
            explanations.append(
                Explanation(
                    scores: layer.pass.scores, classIndex: target.classIndex, map: channelMaximum(signal),
                    attribution: firstItem(signal), warnings: remarksOnRectifiers(of: question.network.graph)))
        }
        return explanations
    }
}
