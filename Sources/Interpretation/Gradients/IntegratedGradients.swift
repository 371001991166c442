public import Execution
import Foundation
import Tensors

/// (x − x′) ⊙ ∫₀¹ ∂s_c/∂x (x′ + t·(x − x′)) dt: the gradient along the straight way from a baseline x′ to the image
/// (Sundararajan, Taly and Yan 2017, "Axiomatic Attribution for Deep Networks", eq. 1). The attributions sum to the
/// target's difference between image and baseline, up to the integral's error, about which a warning tells.
///
/// As Captum's default the integral is Gauss and Legendre's with 50 points from a baseline of 0. The map is the
/// largest magnitude over the channels.
public struct IntegratedGradients: InterpretationMethod {
    public init() {}

    public var card: MethodCard {
        MethodCard(
            name: "integrated-gradients",
            summary: "what each pixel contributes to the score on the way from a baseline to the image",
            cost: .manyPasses,
            needs: "any differentiable network",
            caveat: "depends on the baseline: what looks like the baseline gets nothing. Noisy at single pixels, and "
                + "the image shines through.",
            randomization: RandomizationCheck(
                .partly, paper: "Adebayo et al. 2018, whose maps keep showing the image", correlation: 0.45),
            paper: "Sundararajan et al. 2017, arXiv:1703.01365",
            parameters: [Self.steps, Self.baseline])
    }

    private static let steps = WholeNumberParameter("steps", in: 1...10_000, default: 50, "points on the way")
    private static let baseline = FillParameter("baseline", "where it starts")

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let steps = try question[Self.steps]
        let baseline = try question[Self.baseline].image(for: question.input)
        let whole = try ClassificationPass(question.network, question.input, on: evaluator)
        let scores = whole.scores
        let targets = try whole.targets(question, classes: classes)
        let start = try ClassificationPass(question.network, baseline, on: evaluator).scores
        let rule = GaussLegendre(steps)
        var sums = targets.map { _ in [Double](repeating: 0, count: question.input.count) }

        let passes = BatchedPasses(
            question: question, evaluator: evaluator, derivatives: [([question.network.image], .gradient)])
        try await passes.run(steps) { step, image in
            let share = Float(rule.points[step])
            question.input.withUnsafeValues { input in
                baseline.withUnsafeValues { baseline in
                    for index in image.indices {
                        image[index] = baseline[index] + share * (input[index] - baseline[index])
                    }
                }
            }
        } read: { (pass, steps) throws(InterpretationError) in
            for (position, target) in targets.enumerated() {
                guard let signal = try pass.signals(of: target)[0] else { continue }
                signal.withUnsafeValues { values in
                    for (item, step) in steps.enumerated() {
                        let offset = item * question.input.count
                        for index in sums[position].indices {
                            sums[position][index] += rule.weights[step] * Double(values[offset + index])
                        }
                    }
                }
            }
        }
        return zip(targets, sums).map { target, sum in
            let attribution = Tensor(shape: question.input.shape) { values in
                for index in values.indices {
                    values[index] = Float(sum[index] * Double(question.input[index] - baseline[index]))
                }
            }
            let difference = Double(target.value(of: scores) - target.value(of: start))
            let total = attribution.withUnsafeValues { $0.reduce(0) { $0 + Double($1) } }
            let error = abs(total - difference)
            let warnings =
                error > max(0.05 * abs(difference), 1e-4)
                ? [
                    "the attributions sum to \(rounded(total)), but image and baseline differ by "
                        + "\(rounded(difference)); take more steps than \(steps)"
                ] : []
            return Explanation(
                scores: scores, classIndex: target.classIndex, map: channelMaximum(attribution),
                attribution: firstItem(attribution), warnings: warnings)
        }
    }

    private func rounded(_ number: Double) -> String { String(format: "%.4g", number) }
}

/// Points and weights on 0…1 that integrate polynomials up to degree 2n − 1 exactly.
struct GaussLegendre {
    let points: [Double]
    let weights: [Double]

    init(_ count: Int) {
        var points = [Double](repeating: 0.5, count: count)
        var weights = [Double](repeating: 1, count: count)
        for index in 0..<(count + 1) / 2 {
            // Newton's iteration for the zeros of the Legendre polynomial, from Tricomi's estimate.
            var x = cos(.pi * (Double(index) + 0.75) / (Double(count) + 0.5))
            var slope = 1.0
            for _ in 0..<100 {
                var (previous, value) = (1.0, x)
                for degree in stride(from: 2, through: count, by: 1) {
                    let n = Double(degree)
                    (previous, value) = (value, ((2 * n - 1) * x * value - (n - 1) * previous) / n)
                }
                slope = Double(count) * (x * value - previous) / (x * x - 1)
                let step = value / slope
                x -= step
                if abs(step) < 1e-15 { break }
            }
            points[index] = (1 - x) / 2
            points[count - 1 - index] = (1 + x) / 2
            let weight = 1 / ((1 - x * x) * slope * slope)
            weights[index] = weight
            weights[count - 1 - index] = weight
        }
        self.points = points
        self.weights = weights
    }
}
