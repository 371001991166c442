import Execution
import Networks
import Tensors

/// Occlusion in full at some of its places, and roughly at the others.
///
/// The network is asked in full at coarse places first, one drawn at random in each cell of a grid of cells. Then it is
/// asked about every place in eight bits, following what a window changes over no more than a part of each layer: what lies
/// farther from the window's middle hardly moves (the projective field of Nakandala et al. 2019). How the exact readings
/// depend on the rough ones is fitted, and what is left is interpolated (``Kriging``). Wherever the map is then least
/// certain, which is where it is strong or steep, the network is asked in full again, until the error is within the
/// tolerance: the one to be expected, and the one that is measured at the coarse places, each left out in turn.
struct AdaptiveOcclusion {
    private let question: Question
    private let sweep: HidingSweep
    private let tolerance: Double
    private let fieldCap: Double
    private var random: SeededGenerator

    static let parameters: [any MethodParameter] = [tolerance, fieldCap, seed]

    private static let tolerance = NumberParameter(
        "tolerance", in: 0.001...1, default: 0.2,
        "adaptive: the error to be expected, root mean square over the map, as a share of the map's standard deviation")
    private static let fieldCap = NumberParameter(
        "field-cap", in: 0.05...1, default: 0.5,
        "adaptive: largest share of a layer's side that a window's change is roughly followed over, 1 for no cap")
    private static let seed = WholeNumberParameter.seed("adaptive: where the error is measured")
    /// Fewest coarse places, and more where they are less than such a share of all.
    private static let fewest = 24
    private static let coarseShare = 0.01
    /// Where more than this share of the places is needed, all are asked about at once.
    private static let most = 0.75

    init(_ question: Question, sweep: HidingSweep) throws(InterpretationError) {
        self.question = question
        self.sweep = sweep
        tolerance = try question[Self.tolerance]
        fieldCap = try question[Self.fieldCap]
        random = SeededGenerator(seed: UInt64(try question[Self.seed]))
    }

    consuming func explanations(of classes: [Int?]) async throws(InterpretationError) -> [Explanation] {
        let grid = sweep.grid
        let coarse = coarsePlaces(of: grid)
        let exact = try sweep.shown(share: Double(coarse.count) / Double(grid.count))
        question.progress?(0)
        let targets = try ClassificationPass.targets(question, classes: classes, scores: exact.target.values)
        let readings = ClassReadings(targets, kind: question.network.kind)
        var known = HiddenReadings(grid: grid, readings: readings)
        try await ask(exact, at: coarse, &known, targets, goal: coarse.count, part: (0, Self.coarseProgress))
        var map = EstimatedMap(
            known, unhidden: readings.values(of: exact.target.values), relevant: targets.flatMap(readings.parts),
            rough: try await roughReadings(known, targets))
        var estimates = map.estimates()
        var approximations: [Approximation] = []
        // What is expected to be within the tolerance and is measured not to be, has to be expected to be within less.
        var expected = tolerance
        while true {
            map.fit()
            estimates = map.estimates()
            question.partialMap?(estimates.partialMap(of: targets[0]))
            approximations = self.approximations(map, estimates, at: coarse, targets)
            let error = approximations.map(\.relativeError).max() ?? 0
            if map.known.count == grid.count || error.isNaN { break }
            if error > tolerance { expected *= tolerance / error }
            var places = map.leastCertain(within: expected, estimates)
            if places.isEmpty, error <= tolerance { break }
            if places.isEmpty { continue }
            if Double(map.known.count + places.count) > Self.most * Double(grid.count) {
                places = grid.places.filter { map.known[$0] == nil }
            } else if places.count > map.known.count {
                // More than as many again would trust a first impression too far.
                places.removeSubrange(map.known.count...)
            }
            try await ask(exact, at: places, &map.known, targets, goal: grid.count, part: (Self.roughProgress, 1))
        }
        question.progress?(1)
        return zip(targets, approximations).map { target, approximation in
            estimates.explanation(
                of: target, unhidden: exact.target.values, input: question.input, approximation: approximation)
        }
    }

    /// How far each target's map would be off at these places if they were not known.
    private func approximations(
        _ map: EstimatedMap, _ estimates: HiddenReadings, at places: [WindowSweep.Place], _ targets: [ScoreTarget]
    ) -> [Approximation] {
        let leftOut = map.leavingOut(places)
        return targets.map { target in
            func value(_ values: [Float]) -> Float { estimates.readings.value(of: target, in: values) }
            let sample = zip(places, leftOut).compactMap { place, estimate in
                map.known[place].map { (approximate: value(estimate), exact: value($0)) }
            }
            return Approximation(
                map: estimates.partialMap(of: target).values, computed: map.known.count, sample: sample)
        }
    }

    /// One place drawn at random in each of as many cells along both axes, where there are as many places.
    private mutating func coarsePlaces(of grid: WindowGrid) -> [WindowSweep.Place] {
        let wanted = max(Double(Self.fewest), Self.coarseShare * Double(grid.count))
        let side = Int(wanted.squareRoot().rounded(.up))
        func cells(_ count: Int) -> [Range<Int>] {
            let parts = min(side, count)
            return (0..<parts).map { $0 * count / parts..<($0 + 1) * count / parts }
        }
        return cells(grid.rows).flatMap { rows in
            cells(grid.columns).map { columns in
                WindowSweep.Place(
                    row: Int.random(in: rows, using: &random), column: Int.random(in: columns, using: &random))
            }
        }
    }

    /// What a rough computation says of every place [places][readings]; nil where most places are known in full.
    private func roughReadings(
        _ known: HiddenReadings, _ targets: [ScoreTarget]
    ) async throws(InterpretationError) -> [[Float]]? {
        let grid = sweep.grid
        guard Double(known.count) <= Self.most * Double(grid.count) else { return nil }
        var rough = [[Float]](repeating: [], count: grid.count)
        var shown = question.partialMap.map { _ in known }
        var done = 0
        try await sweep.run(try sweep.roughlyShown(fieldCap: fieldCap), at: grid.places) { places, scores in
            for (place, scores) in zip(places, scores) {
                let values = known.readings.values(of: scores)
                rough[grid.index(place)] = values
                if known[place] == nil { shown?[place] = values }
            }
            if let shown { question.partialMap?(shown.partialMap(of: targets[0])) }
            done += places.count
            report(Double(done) / Double(grid.count), of: (Self.coarseProgress, Self.roughProgress))
        }
        return rough
    }

    private static let coarseProgress = 0.2
    private static let roughProgress = 0.8

    private func report(_ share: Double, of part: (Double, Double)) {
        question.progress?(part.0 + (part.1 - part.0) * min(share, 1))
    }

    /// - Parameters:
    ///   - goal: how many places are to be known at the end of this part of the work.
    ///   - part: progress at its beginning and at its end.
    private func ask(
        _ asked: ShownImage, at places: [WindowSweep.Place], _ found: inout HiddenReadings, _ targets: [ScoreTarget],
        goal: Int, part: (Double, Double)
    ) async throws(InterpretationError) {
        var readings = found
        let isFirst = found.count == 0
        try await sweep.run(asked, at: places) { answered, scores in
            for (place, scores) in zip(answered, scores) { readings[place] = readings.readings.values(of: scores) }
            if isFirst { question.partialMap?(readings.partialMap(of: targets[0])) }
            report(Double(readings.count) / Double(max(goal, 1)), of: part)
        }
        found = readings
    }
}
