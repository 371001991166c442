public import Execution
import Tensors

/// The mean gradient of many copies of the image with noise added (Smilkov et al. 2017, "SmoothGrad"), or, as Captum's
/// `NoiseTunnel` offers beside it, the mean of its square or its variance. The map is the maximum over the channels of
/// the absolute value.
///
/// Sums run along, so memory does not grow with the number of samples; sample i depends on the seed and on i alone.
public struct SmoothGrad: InterpretationMethod {
    public init() {}

    public var attributesSlopes: Bool { true }

    public var card: MethodCard {
        MethodCard(
            name: "smoothgrad",
            summary: "the gradient, averaged over noisy copies of the image",
            cost: .manyPasses,
            needs: "any differentiable network",
            caveat: "an estimate of the gradient of a blurred network: smoother to look at, not truer.",
            randomization: RandomizationCheck(
                .partly,
                paper: "shown by Adebayo et al. 2018 beside the gradient; the verdict is that of our own measurement",
                correlation: 0.35),
            paper: "Smilkov et al. 2017, arXiv:1706.03825",
            parameters: [Self.samples, Self.steps, Self.noise, Self.deviation, Self.kind, Self.seed])
    }

    private enum Kind { case mean, squared, variance }

    private static let samples = WholeNumberParameter(
        "samples", in: 1...100_000, default: 50, "number of noisy copies")
    private static let steps = samples.synonym("steps")
    private static let noise = NumberParameter(
        "noise", in: 0...10, default: 0.15, "the noise's standard deviation as a share of the input's range")
    private static let deviation = NumberParameter(
        "deviation", in: 0...1e6,
        default: .rule("noise times the input's range") { (question) throws(InterpretationError) in
            let range = question.input.withUnsafeValues { values in
                Double(values.max() ?? 0) - Double(values.min() ?? 0)
            }
            return try question[noise] * range
        }, "the noise's standard deviation in units of the normalized input; counts before noise")
    private static let kind = ChoiceParameter(
        "kind", ["smoothgrad": Kind.mean, "squared": .squared, "variance": .variance],
        "what is kept of the copies' gradients: their mean, the mean of their squares or their variance")
    private static let seed = WholeNumberParameter.seed()

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let samples = try question[Self.samples, or: Self.steps]
        let kind = try question[Self.kind]
        let seed = UInt64(try question[Self.seed])
        // Refused where it is wrong, also beside a deviation.
        _ = try question[Self.noise]
        let deviation = try question[Self.deviation]
        let whole = try ClassificationPass(question.network, question.input, on: evaluator)
        let scores = whole.scores
        let targets = try whole.targets(question, classes: classes)
        var sums = targets.map { _ in [Double](repeating: 0, count: question.input.count) }
        var squares = sums

        let passes = BatchedPasses(
            question: question, evaluator: evaluator, derivatives: [([question.network.image], .gradient)])
        try await passes.run(samples) { sample, image in
            var generator = SeededGenerator(seed: seed, sample: sample)
            question.input.withUnsafeValues { input in
                for index in stride(from: 0, to: image.count, by: 2) {
                    let (first, second) = generator.normalPair()
                    image[index] = input[index] + Float(deviation * first)
                    if index + 1 < image.count { image[index + 1] = input[index + 1] + Float(deviation * second) }
                }
            }
        } read: { (pass, samples) throws(InterpretationError) in
            for (position, target) in targets.enumerated() {
                guard let signal = try pass.signals(of: target)[0] else { continue }
                signal.withUnsafeValues { values in
                    for item in samples.indices.map({ $0 - samples.lowerBound }) {
                        let offset = item * question.input.count
                        for index in sums[position].indices {
                            let value = Double(values[offset + index])
                            sums[position][index] += value
                            squares[position][index] += value * value
                        }
                    }
                }
            }
        }
        return targets.indices.map { position in
            let signal = Tensor(shape: question.input.shape) { values in
                for index in values.indices {
                    let mean = sums[position][index] / Double(samples)
                    let square = squares[position][index] / Double(samples)
                    switch kind {
                    case .mean: values[index] = Float(mean)
                    case .squared: values[index] = Float(square)
                    case .variance: values[index] = Float(max(square - mean * mean, 0))
                    }
                }
            }
            return Explanation(
                scores: scores, classIndex: targets[position].classIndex, map: channelMaximum(signal),
                attribution: firstItem(signal))
        }
    }
}
