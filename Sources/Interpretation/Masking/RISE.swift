public import Execution
import Networks
import Tensors

/// The image is seen through many random masks; a pixel matters as much as the class's probability is high while it
/// shows (Petsiuk, Das and Saenko 2018, "RISE", eq. 6): S = 1/(N·p) Σᵢ f(x ⊙ Mᵢ)·Mᵢ.
///
/// As in the authors' code a mask is a small grid of zeros and ones, enlarged linearly and shifted by less than a cell.
/// Of a network that gives raw numbers f is the score.
///
/// Sums run along, so memory does not grow with the number of masks; mask i depends on the seed and on i alone.
public struct RISE: InterpretationMethod {
    public init() {}

    public var card: MethodCard {
        MethodCard(
            name: "rise",
            summary: "the mean of random masks, weighted by the probability the class has behind each",
            cost: .manyPasses,
            needs: "any classifier",
            caveat: "an estimate: its noise falls with the root of the number of masks, and the map sits on a base of "
                + "the mean probability. Masked images are unlike any the network has seen.",
            randomization: RandomizationCheck(
                .passes, paper: nil, correlation: 0.06,
                remark: "with 400 masks, of which two runs on the same network agree by 0.21 only: it decides little"),
            paper: "Petsiuk et al. 2018, arXiv:1806.07421",
            parameters: [Self.samples, Self.steps, Self.cells, Self.keep, Self.seed])
    }

    private static let samples = WholeNumberParameter("samples", in: 1...1_000_000, default: 2000, "number of masks")
    private static let steps = samples.synonym("steps")
    private static let cells = WholeNumberParameter("cells", in: 1...64, default: 7, "side of the random grid")
    private static let keep = NumberParameter("keep", in: 0.01...1, default: 0.5, "probability that a cell shows")
    private static let seed = WholeNumberParameter.seed()

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let count = try question[Self.samples, or: Self.steps]
        let masks = MaskSource(
            cells: try question[Self.cells], keep: try question[Self.keep], seed: UInt64(try question[Self.seed]),
            height: question.input.shape[2], width: question.input.shape[3])
        let whole = try ClassificationPass(question.network, question.input, on: evaluator)
        let scores = whole.scores
        let targets = try whole.targets(question, classes: classes).map { target in
            // By definition of the method the number is a probability; raw numbers have none.
            ScoreTarget(
                classIndex: target.classIndex, against: target.against, isProbability: true, kind: target.kind)
        }
        let plane = masks.height * masks.width
        var sums = targets.map { _ in [Double](repeating: 0, count: plane) }
        var shown: [[Float]] = []
        try await BatchedPasses(question: question, evaluator: evaluator).run(count) { sample, image in
            let mask = masks.mask(sample)
            question.input.withUnsafeValues { input in
                for index in image.indices { image[index] = input[index] * mask[index % plane] }
            }
            shown.append(mask)
        } read: { (pass, samples) throws(InterpretationError) in
            for (item, mask) in shown.enumerated() {
                for (position, target) in targets.enumerated() {
                    let weight = Double(target.value(of: pass.batchScores[item]))
                    for index in mask.indices { sums[position][index] += weight * Double(mask[index]) }
                }
            }
            shown.removeAll()
        }
        let shape = (try? Shape([masks.height, masks.width])) ?? .scalar
        return zip(targets, sums).map { target, sum in
            let map = Tensor(shape: shape) { values in
                for index in values.indices { values[index] = Float(sum[index] / (Double(count) * masks.keep)) }
            }
            // Every place has some probability left; the difference between places is what counts.
            let lowest = map.withUnsafeValues { $0.min() ?? 0 }
            let picture = Tensor(shape: shape) { values in
                for index in values.indices { values[index] = map[index] - lowest }
            }
            return Explanation(scores: scores, classIndex: target.classIndex, map: map, picture: picture)
        }
    }
}

/// The masks of one run, each made when it is asked for.
private struct MaskSource {
    let cells: Int
    let keep: Double
    let seed: UInt64
    let height: Int
    let width: Int

    /// Mask `sample` [H·W], 0…1.
    func mask(_ sample: Int) -> [Float] {
        var generator = SeededGenerator(seed: seed, sample: sample)
        let grid = (0..<cells * cells).map { _ -> Float in generator.uniform() < keep ? 1 : 0 }
        let cellHeight = (height + cells - 1) / cells
        let cellWidth = (width + cells - 1) / cells
        let top = Int(generator.uniform() * Double(cellHeight))
        let left = Int(generator.uniform() * Double(cellWidth))
        let (wideHeight, wideWidth) = ((cells + 1) * cellHeight, (cells + 1) * cellWidth)
        let wide = grid.withUnsafeBufferPointer { grid in
            resizedBilinearly(grid, width: cells, toHeight: wideHeight, width: wideWidth, alignment: .areas)
        }
        var mask: [Float] = []
        mask.reserveCapacity(height * width)
        for y in top..<top + height { mask += wide[y * wideWidth + left..<y * wideWidth + left + width] }
        return mask
    }
}
