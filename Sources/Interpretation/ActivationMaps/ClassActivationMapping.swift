public import Execution
import Networks
public import Tensors

/// Σₖ wₖᶜ fₖ(x,y) over the last convolution's channels: where in the image the evidence for the class lies (Zhou et
/// al. 2016, "Learning Deep Features for Discriminative Localization", eq. 2). No clipping; the bias is left out.
public struct ClassActivationMapping: InterpretationMethod {
    public init() {}

    public var card: MethodCard {
        MethodCard(
            name: "cam",
            summary: "where the evidence lies: the last convolution's maps, weighted as the classifier weights them",
            cost: .onePass,
            needs: "global average pooling followed by one linear layer, or preceded by it",
            caveat:
                "exact for the score, but coarse (one value per cell of the last convolution), and a cell sees more "
                + "of the image than its place.",
            randomization: RandomizationCheck(.passes, paper: nil, correlation: 0.09),
            paper: "Zhou et al. 2016, arXiv:1512.04150")
    }

    public var localizes: Bool { true }

    public func obstacle(for network: Network) -> String? {
        network.classifier?.classActivation == nil
            ? "its head is not global average pooling and one linear layer" : nil
    }

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        guard let head = question.network.classifier?.classActivation else { throw .notAClassifier }
        let pass = try ClassificationPass(question.network, question.input, on: evaluator, keeping: [head.features])
        var explanations: [Explanation] = []
        for target in try pass.targets(question, classes: classes) {
            var map = try pass.classActivationMap(ofClass: target.classIndex, of: question.network)
            if let against = target.against {
                // The maps are linear in the weights, so the contrast's map is their difference.
                let other = try pass.classActivationMap(ofClass: against, of: question.network)
                map.withUnsafeMutableValues { values in
                    for index in values.indices { values[index] -= other[index] }
                }
            }
            explanations.append(Explanation(scores: pass.scores, classIndex: target.classIndex, map: map))
        }
        return explanations
    }
}

extension ClassificationPass {
    /// The class activation map [h,w] of a pass that kept the head's features.
    public func classActivationMap(
        ofClass classIndex: Int, of network: Network
    ) throws(InterpretationError) -> Tensor {
        guard let head = network.classifier?.classActivation else { throw .notAClassifier }
        let features = try activation(head.features)
        guard features.shape.rank == 4, (0..<scores.count).contains(classIndex) else { throw .notAClassifier }
        let channels = features.shape[1]
        let extents = Array(features.shape.dimensions.dropFirst(2))
        guard let shape = try? Shape(extents), features.count == channels * shape.count,
            head.weights.map({ $0.shape.dimensions == [scores.count, channels] }) ?? (channels == scores.count)
        else { throw .notAClassifier }
        guard let weights = head.weights else {
            return Tensor(shape: shape) { map in
                features.withUnsafeValues { values in
                    for index in map.indices { map[index] = values[classIndex * map.count + index] }
                }
            }
        }
        return Tensor(shape: shape) { map in
            features.withUnsafeValues { values in
                for channel in 0..<channels {
                    let weight = weights[classIndex * channels + channel]
                    for index in 0..<map.count { map[index] += weight * values[channel * map.count + index] }
                }
            }
        }
    }
}
