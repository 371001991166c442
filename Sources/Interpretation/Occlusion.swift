public import Execution
import Networks
import Tensors

/// What hiding a window does: a window of the image is painted over, wherever it fits on a grid, and the network is
/// asked again (Zeiler and Fergus 2014, §4.2).
///
/// The map is the class's softmax probability with the window at each grid position [rows, columns], `furtherMaps`'
/// `score` its score there. The attribution is the target lost by hiding, averaged over the windows that cover a pixel,
/// as Captum's `Occlusion` computes it; the last window of a row or column is cut off at the image's edge.
///
/// Only what a window changes is computed (``WindowSweep``), which is exact; ``AdaptiveOcclusion`` leaves places out.
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
                MethodParameter(
                    "precision",
                    "exact, or adaptive: only where the map is strong or steep, the rest between, the error measured; "
                        + "exact"),
                MethodParameter(
                    "tolerance",
                    "adaptive: what is steeper between coarse places is looked at closer, and again where interpolation is "
                        + "off by half of it; a share of the map's range; 0.1"),
                MethodParameter(
                    "field-cap",
                    "adaptive: largest share of a layer's side that a window's change is followed over; 1, no cap"),
                MethodParameter("seed", "adaptive: where the error is measured; 0"),
            ])
    }

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) throws(InterpretationError) -> [Explanation] {
        let whole = try ClassificationPass(question.network, question.input, on: evaluator)
        let targets = try whole.targets(question, classes: classes)
        let sweep = HidingSweep(
            question: question, grid: try WindowGrid(question),
            fill: try Fill(question, parameter: "fill").image(for: question.input), evaluator: evaluator)
        let isAdaptive = try question.choice("precision", ["exact": false, "adaptive": true])
        if isAdaptive {
            return try AdaptiveOcclusion(question, sweep: sweep, scores: whole.scores, targets: targets).explanations()
        }
        for name in ["tolerance", "field-cap", "seed"] where question.parameters[name] != nil {
            throw .badParameter("\(name) is for precision adaptive; an exact map needs none")
        }
        var hidden = HiddenScores(grid: sweep.grid)
        question.progress?(0)
        try sweep.run(sweep.grid.places) { places, scores in
            for (place, scores) in zip(places, scores) { hidden[place] = scores }
            question.partialMap?(hidden.partialMap(of: targets[0]))
            question.progress?(Double(hidden.count) / Double(sweep.grid.count))
        }
        return targets.map { hidden.explanation(of: $0, unhidden: whole.scores, input: question.input) }
    }
}

/// One image whose windows are hidden.
struct HidingSweep {
    let question: Question
    let grid: WindowGrid
    /// [1,C,H,W].
    let fill: Tensor
    let evaluator: Evaluator

    /// The scores with the window at each of `places`, as they come.
    ///
    /// - Parameters:
    ///   - isPartOf: how much of the grid is likely to be asked about at once, 0…1.
    ///   - fieldCap: largest share of a layer's side that a change is followed over; nil is exact.
    func run(
        _ places: [WindowSweep.Place], isPartOf share: Double = 1, fieldCap: Double? = nil,
        _ deliver: (_ places: [WindowSweep.Place], _ scores: [[Float]]) -> Void
    ) throws(InterpretationError) {
        guard let classifier = question.network.classifier else { throw .notAClassifier }
        var request = WindowSweep.Request(
            imageShape: question.input.shape, rows: grid.rowRanges, columns: grid.columnRanges,
            target: classifier.scores, takesBatches: question.network.takesBatches, memory: question.memoryBudget)
        request.share = share
        request.fieldCap = fieldCap
        do {
            let sweep = try evaluator.sweep(request, image: question.input)
            try sweep.run(image: question.input, fill: fill, places: places) { places, scores in
                deliver(places, scores)
                return !Task.isCancelled
            }
        } catch {
            throw .execution(error)
        }
        if Task.isCancelled { throw .cancelled }
    }
}
