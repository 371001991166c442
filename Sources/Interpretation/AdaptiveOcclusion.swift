import Execution
import Networks
import Tensors

/// Occlusion in full at some of its places, and roughly at the others.
///
/// The network is asked in full on a coarse grid first. Then it is asked about every place in eight bits, following what a
/// window changes over no more than a part of each layer: what lies farther from the window's middle hardly moves (the
/// projective field of Nakandala et al. 2019). How the exact readings depend on the rough ones is fitted, and what is left
/// is interpolated (``Kriging``). Wherever the map is then least certain, which is where it is strong or steep, the network
/// is asked in full again, until the error to be expected is within the tolerance. The error is measured at places drawn
/// at random.
struct AdaptiveOcclusion {
    private let question: Question
    private let sweep: HidingSweep
    private let tolerance: Double
    private let fieldCap: Double
    private var random: SeededGenerator

    static let usualFieldCap = 0.6
    /// Places of the coarse grid, along each axis.
    private static let coarseCount = 4
    /// Where more than this share of the places is needed, all are asked about at once.
    private static let most = 0.75
    private static let smallestSample = 24

    init(_ question: Question, sweep: HidingSweep) throws(InterpretationError) {
        self.question = question
        self.sweep = sweep
        tolerance = try question.number("tolerance", default: 0.2, in: 0.001...1)
        fieldCap = try question.number("field-cap", default: Self.usualFieldCap, in: 0.05...1)
        random = SeededGenerator(seed: try question.seed())
    }

    consuming func explanations(of classes: [Int?]) throws(InterpretationError) -> [Explanation] {
        let grid = sweep.grid
        let coarse = Self.coarse(grid)
        let sampleSize = min(max(Self.smallestSample, grid.count / 100), grid.count)
        let sample = Array(grid.places.shuffled(using: &random).prefix(sampleSize))
        // What is asked about at once.
        let first = grid.places.filter(Set(coarse).union(sample).contains)
        let exact = try sweep.shown(share: Double(first.count) / Double(grid.count))
        question.progress?(0)
        let whole = try ClassificationPass(question.network, question.input, on: sweep.evaluator)
        let targets = try whole.targets(question, classes: classes)
        let readings = ClassReadings(targets)

        // The sample is kept from the map until it has been compared with it.
        var truth = HiddenReadings(grid: grid, readings: readings)
        try ask(exact, at: first, &truth, targets, progress: (0, Self.coarseProgress))
        var map = EstimatedMap(
            grid: grid, readings: readings, unhidden: readings.values(of: whole.scores),
            relevant: targets.flatMap(readings.parts), rough: try roughReadings(readings, truth, targets))
        for place in coarse { map.known[place] = truth[place] }
        var estimates: HiddenReadings
        while true {
            map.fit()
            estimates = map.estimates()
            question.partialMap?(estimates.partialMap(of: targets[0]))
            var places = map.leastCertain(
                within: tolerance, estimates, surprises: map.surprises(truth, at: sample, estimates))
            var isEnough = true
            if Double(map.known.count + places.count) > Self.most * Double(grid.count) {
                places = grid.places.filter { map.known[$0] == nil }
            } else if places.count > map.known.count {
                // More than as many again would trust a first impression too far.
                places.removeSubrange(map.known.count...)
                isEnough = false
            }
            if places.isEmpty { break }
            try ask(exact, at: places.filter { truth[$0] == nil }, &truth, targets, progress: (Self.roughProgress, 1))
            for place in places { map.known[place] = truth[place] }
            if isEnough {
                map.fit()
                estimates = map.estimates()
                break
            }
        }
        question.progress?(1)
        return explanations(map, estimates, targets, truth, sample, scores: whole.scores)
    }

    /// - Parameters:
    ///   - estimates: the map's.
    ///   - truth: what was found at the places of `sample`, which is put into the map after it has been compared with it.
    ///   - scores: of the whole image.
    private func explanations(
        _ map: EstimatedMap, _ estimates: HiddenReadings, _ targets: [ScoreTarget], _ truth: HiddenReadings,
        _ sample: [WindowSweep.Place], scores: [Float]
    ) -> [Explanation] {
        var final = map
        for place in sample { final.known[place] = truth[place] }
        final.fit()
        let result = final.estimates()
        return targets.map { target in
            let values = estimates.partialMap(of: target).values
            let pairs = sample.compactMap { place -> (approximate: Float, exact: Float)? in
                guard let exact = truth[place] else { return nil }
                return (values[sweep.grid.index(place)], truth.readings.value(of: target, in: exact))
            }
            let approximation = Approximation(
                places: sweep.grid.count, computed: map.known.count,
                range: Double((values.max() ?? 0) - (values.min() ?? 0)), sample: pairs)
            return result.explanation(
                of: target, unhidden: scores, input: question.input, approximation: approximation)
        }
    }

    /// The middles of a few equal parts of both axes.
    private static func coarse(_ grid: WindowGrid) -> [WindowSweep.Place] {
        func places(_ count: Int) -> [Int] {
            let parts = min(coarseCount, count)
            return (0..<parts).map { (2 * $0 + 1) * count / (2 * parts) }
        }
        return places(grid.rows).flatMap { row in
            places(grid.columns).map { WindowSweep.Place(row: row, column: $0) }
        }
    }

    /// What a rough computation says of every place [places][readings]; nil where most places are known in full.
    private func roughReadings(
        _ readings: ClassReadings, _ known: HiddenReadings, _ targets: [ScoreTarget]
    ) throws(InterpretationError) -> [[Float]]? {
        let grid = sweep.grid
        guard Double(known.count) <= Self.most * Double(grid.count) else { return nil }
        var rough = [[Float]](repeating: [], count: grid.count)
        var shown = question.partialMap.map { _ in known }
        var done = 0
        try sweep.run(try sweep.roughlyShown(fieldCap: fieldCap), at: grid.places) { places, scores in
            for (place, scores) in zip(places, scores) {
                let values = readings.values(of: scores)
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

    /// - Parameter progress: at the beginning and at the end.
    private func ask(
        _ asked: WindowSweep, at places: [WindowSweep.Place], _ found: inout HiddenReadings, _ targets: [ScoreTarget],
        progress: (Double, Double)
    ) throws(InterpretationError) {
        var readings = found
        let before = found.count
        try sweep.run(asked, at: places) { answered, scores in
            for (place, scores) in zip(answered, scores) { readings[place] = readings.readings.values(of: scores) }
            if before == 0 { question.partialMap?(readings.partialMap(of: targets[0])) }
            report(Double(readings.count - before) / Double(max(places.count, 1)), of: progress)
        }
        found = readings
    }
}
