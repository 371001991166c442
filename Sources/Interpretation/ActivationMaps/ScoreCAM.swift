public import Execution
import Networks
import Tensors

/// Grad-CAM without gradients: each map is stretched to 0…1 over the image and multiplied into it, and the score the
/// network then gives says how much the map counts (Wang et al. 2020, "Score-CAM"). As in pytorch-grad-cam the weights
/// are the softmax, over the maps, of these scores, and maps are enlarged with their corners in place.
public struct ScoreCAM: InterpretationMethod {
    public init() {}

    public var localizes: Bool { true }

    public var card: MethodCard {
        MethodCard(
            name: "score-cam",
            summary: "the last convolution's maps, weighted by the score of the image seen through each",
            cost: .manyPasses,
            needs: "a convolution stage that all ways to the scores go through; one pass per channel of it",
            caveat: "an image faded by a mask is unlike any the network has seen, and the softmax leaves few maps "
                + "with any weight.",
            randomization: RandomizationCheck(.fails, paper: nil, correlation: 0.57),
            paper: "Wang et al. 2020, arXiv:1910.01279",
            parameters: [TargetLayer.parameter])
    }

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let layer = try LayerReading(question, method: card.name, on: evaluator, isDifferentiated: false)
        let targets = try layer.pass.targets(question, classes: classes)
        let scores = layer.pass.scores
        let (height, width) = (question.input.shape[2], question.input.shape[3])
        let plane = height * width
        var values = targets.map { _ in [Float]() }
        try await BatchedPasses(question: question, evaluator: evaluator).run(layer.channels) { channel, image in
            let mask = layer.mask(ofChannel: channel, height: height, width: width)
            question.input.withUnsafeValues { input in
                for index in image.indices { image[index] = input[index] * mask[index % plane] }
            }
        } read: { (pass, channels) throws(InterpretationError) in
            for (position, target) in targets.enumerated() {
                values[position] += pass.batchScores.prefix(channels.count).map { target.value(of: $0) }
            }
        }
        return zip(targets, values).map { target, values in
            Explanation(
                scores: scores, classIndex: target.classIndex, map: layer.rectifiedSum(weights: softmax(values)))
        }
    }
}

extension LayerReading {
    /// Map `channel` over the whole image, stretched to 0…1; all 0 where the map is the same everywhere.
    fileprivate func mask(ofChannel channel: Int, height: Int, width: Int) -> [Float] {
        var mask = features.withUnsafeBufferPointer { values in
            resizedBilinearly(
                UnsafeBufferPointer(rebasing: values[channel * places..<(channel + 1) * places]), width: self.width,
                toHeight: height, width: width, alignment: .corners)
        }
        let lowest = mask.min() ?? 0
        let highest = mask.max() ?? 0
        for index in mask.indices { mask[index] = (mask[index] - lowest) / (highest - lowest + 1e-8) }
        return mask
    }
}
