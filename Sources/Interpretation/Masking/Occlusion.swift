public import Execution
import Networks
import Tensors

/// What hiding a window does: a window of the image is painted over, wherever it fits on a grid, and the network is
/// asked again (Zeiler and Fergus 2014, §4.2).
///
/// The map is the class's probability with the window at each grid position [rows, columns], or its score where the
/// network gives raw numbers; `furtherMaps`' `score` is its score there. The attribution is the target lost by hiding, averaged over the windows that cover a pixel,
/// as Captum's `Occlusion` computes it; the last window of a row or column is cut off at the image's edge.
///
/// Only what a window changes is computed (``WindowSweep``), which is exact; ``AdaptiveOcclusion`` is rough at most
/// places.
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
            parameters: WindowGrid.parameters + [Self.fill, Self.precision] + AdaptiveOcclusion.parameters)
    }

    private static let fill = FillParameter("fill", "what hides")
    /// Whether the map is adaptive.
    private static let precision = ChoiceParameter(
        "precision", ["exact": false, "adaptive": true],
        "adaptive: roughly everywhere, in full at as many places as the tolerance needs, the error measured")

    public func explanations(
        of question: Question, classes: [Int?], on evaluator: Evaluator
    ) async throws(InterpretationError) -> [Explanation] {
        let sweep = HidingSweep(
            question: question, grid: try WindowGrid(question),
            fill: try question[Self.fill].image(for: question.input), evaluator: evaluator)
        if try question[Self.precision] {
            return try await AdaptiveOcclusion(question, sweep: sweep).explanations(of: classes)
        }
        if let stranger = AdaptiveOcclusion.parameters.first(where: question.states) {
            throw .badParameter("\(stranger.name) is for precision adaptive; an exact map needs none")
        }
        let exact = try sweep.shown()
        let targets = try ClassificationPass.targets(question, classes: classes, scores: exact.target.values)
        let readings = ClassReadings(targets, kind: question.network.kind)
        var hidden = HiddenReadings(grid: sweep.grid, readings: readings)
        question.progress?(0)
        try await sweep.run(exact, at: sweep.grid.places) { places, scores in
            for (place, scores) in zip(places, scores) { hidden[place] = readings.values(of: scores) }
            question.partialMap?(hidden.partialMap(of: targets[0]))
            question.progress?(Double(hidden.count) / Double(sweep.grid.count))
        }
        return targets.map { hidden.explanation(of: $0, unhidden: exact.target.values, input: question.input) }
    }
}

/// One image whose windows are hidden.
struct HidingSweep {
    let question: Question
    let grid: WindowGrid
    /// [1,C,H,W].
    let fill: Tensor
    let evaluator: Evaluator

    /// The image, shown to an exact sweep.
    ///
    /// - Parameter share: how much of the grid is likely to be asked about at once, 0…1.
    func shown(share: Double = 1) throws(InterpretationError) -> ShownImage {
        var request = try request()
        request.share = share
        return try shown(request)
    }

    /// The image, shown to a sweep that is fast rather than exact.
    ///
    /// - Parameter fieldCap: largest share of a layer's side that a change is followed over.
    func roughlyShown(fieldCap: Double) throws(InterpretationError) -> ShownImage {
        var request = try request()
        request.arithmetic = .eightBit
        request.fieldCap = fieldCap < 1 ? fieldCap : nil
        return try shown(request)
    }

    /// The numbers with the window at each of `places`, as they come.
    func run(
        _ shown: ShownImage, at places: [WindowSweep.Place],
        _ deliver: (_ places: [WindowSweep.Place], _ numbers: [[Float]]) -> Void
    ) async throws(InterpretationError) {
        do {
            try await shown.run(places: places) { places, numbers in
                deliver(places, numbers)
                return !Task.isCancelled
            }
        } catch {
            throw .execution(error)
        }
        if Task.isCancelled { throw .cancelled }
    }

    private func request() throws(InterpretationError) -> WindowSweep.Request {
        guard let classifier = question.network.classifier else { throw .notAClassifier }
        return WindowSweep.Request(
            imageShape: question.input.shape, rows: grid.rowRanges, columns: grid.columnRanges,
            target: classifier.scores, takesBatches: question.network.takesBatches, memory: question.memoryBudget)
    }

    private func shown(_ request: WindowSweep.Request) throws(InterpretationError) -> ShownImage {
        do {
            return try evaluator.sweep(request, image: question.input).show(image: question.input, fill: fill)
        } catch {
            throw .execution(error)
        }
    }
}
