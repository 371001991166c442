public import Execution
import Networks
import Tensors

/// What hiding a window does: a window of the image is painted over, wherever it fits on a grid, and the network is
/// asked again (Zeiler and Fergus 2014, §4.2).
///
/// The map is the class's softmax probability with the window at each grid position [rows, columns], `furtherMaps`'
/// `score` its score there. The attribution is the target lost by hiding, averaged over the windows that cover a pixel,
/// as Captum's `Occlusion` computes it; the last window of a row or column is cut off at the image's edge.
public struct Occlusion: InterpretationMethod {
    public init() {}

    public var card: MethodCard {
        MethodCard(
            name: "occlusion",
            summary: "how the class fares while a window of the image is hidden, everywhere in turn",
            cost: .manyPasses,
            needs: "any classifier",
            caveat: "what stands twice in the image hides behind its other copy, evidence larger than the window is "
                + "undervalued, and the painted window may be evidence of its own: compare fills.",
            randomization: RandomizationCheck(.passes, paper: nil, correlation: 0.09),
            paper: "Zeiler and Fergus 2014, arXiv:1311.2901",
            parameters: [
                MethodParameter("window", "side of the hidden square in input pixels; a fifth of the shorter side"),
                MethodParameter("stride", "from one window to the next in input pixels; half a window"),
                MethodParameter("fill", "what hides: \(Fill.summary); zero"),
            ])
    }

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) throws(InterpretationError) -> [Explanation] {
        let whole = try ClassificationPass(question.network, question.input, on: evaluator)
        let targets = try whole.targets(question, classes: classes)
        let scores = whole.scores
        let grid = try WindowGrid(question)
        let fill = try Fill(question, parameter: "fill").image(for: question.input)
        var sums = targets.map { OcclusionSums(target: $0, unhidden: $0.value(of: scores), grid: grid) }
        try BatchedPasses(question: question, evaluator: evaluator).run(grid.count) { position, image in
            question.input.withUnsafeValues { _ = image.update(fromContentsOf: $0) }
            fill.withUnsafeValues { grid.copy($0, at: position, into: image) }
        } read: { (pass, positions) throws(InterpretationError) in
            for (item, position) in positions.enumerated() {
                for index in sums.indices { sums[index].add(pass.batchScores[item], at: position) }
            }
        }
        return sums.map { $0.explanation(scores: scores, input: question.input) }
    }
}

/// Where the windows stand.
private struct WindowGrid {
    let window: Int
    let stride: Int
    let height: Int
    let width: Int
    let rows: Int
    let columns: Int

    init(_ question: Question) throws(InterpretationError) {
        (height, width) = (question.input.shape[2], question.input.shape[3])
        let shorter = min(height, width)
        window = try question.whole("window", default: max((shorter + 2) / 5, 1), in: 1...max(height, width))
        stride = try question.whole("stride", default: max(window / 2, 1), in: 1...max(height, width))
        guard stride <= window else {
            throw .badParameter(
                "stride \(stride) is more than window \(window): pixels between the windows would never be hidden")
        }
        rows = Self.positions(extent: height, window: window, stride: stride)
        columns = Self.positions(extent: width, window: window, stride: stride)
    }

    /// As many as reach the far edge.
    private static func positions(extent: Int, window: Int, stride: Int) -> Int {
        (max(extent - window, 0) + stride - 1) / stride + 1
    }

    var count: Int { rows * columns }

    func yRange(_ position: Int) -> Range<Int> {
        let start = position / columns * stride
        return start..<min(start + window, height)
    }

    func xRange(_ position: Int) -> Range<Int> {
        let start = position % columns * stride
        return start..<min(start + window, width)
    }

    func copy(
        _ fill: UnsafeBufferPointer<Float>, at position: Int, into image: UnsafeMutableBufferPointer<Float>
    ) {
        let xs = xRange(position)
        for plane in 0..<image.count / (height * width) {
            for y in yRange(position) {
                let start = (plane * height + y) * width
                for x in xs { image[start + x] = fill[start + x] }
            }
        }
    }
}

/// What is learned of one target while the window moves.
private struct OcclusionSums {
    let target: ScoreTarget
    let unhidden: Float
    let grid: WindowGrid
    var probability: [Float]
    var score: [Float]
    /// Per pixel [H·W]: what was lost while it was hidden, and how often it was.
    var lost: [Double]
    var coverage: [Double]

    init(target: ScoreTarget, unhidden: Float, grid: WindowGrid) {
        self.target = target
        self.unhidden = unhidden
        self.grid = grid
        probability = [Float](repeating: 0, count: grid.count)
        score = probability
        lost = [Double](repeating: 0, count: grid.height * grid.width)
        coverage = lost
    }

    mutating func add(_ scores: [Float], at position: Int) {
        probability[position] = softmax(scores)[target.classIndex]
        score[position] = scores[target.classIndex]
        let loss = Double(unhidden - target.value(of: scores))
        for y in grid.yRange(position) {
            for x in grid.xRange(position) {
                lost[y * grid.width + x] += loss
                coverage[y * grid.width + x] += 1
            }
        }
    }

    func explanation(scores: [Float], input: Tensor) -> Explanation {
        // Grid and input are shapes of tensors that exist.
        let gridShape = (try? Shape([grid.rows, grid.columns])) ?? .scalar
        let imageShape = (try? Shape(Array(input.shape.dimensions.dropFirst()))) ?? .scalar
        func map(_ values: [Float]) -> Tensor {
            Tensor(shape: gridShape) { target in _ = target.update(fromContentsOf: values) }
        }
        let attribution = Tensor(shape: imageShape) { values in
            for index in values.indices {
                let pixel = index % lost.count
                values[index] = Float(lost[pixel] / coverage[pixel])
            }
        }
        return Explanation(
            scores: scores, classIndex: target.classIndex, map: map(probability), attribution: attribution,
            furtherMaps: ["score": map(score)],
            // Where the score is lost, rather than where the class survives; the same for all channels.
            picture: try? attribution.item(0))
    }
}
