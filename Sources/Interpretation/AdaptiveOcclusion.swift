import Execution
import Networks
import Tensors

/// Occlusion at some of its places, and an estimate at the others.
///
/// What a window does to the first layers is computed everywhere, which is cheap since it has not spread yet. From there
/// on the network is taken to be linear: the derivative of the score with respect to that layer times what the window
/// changes there, once with the derivative for the image as it is, and once for the image hidden by half, since a network
/// bends on the way (a control variate). At places of a coarse grid, and then wherever the map is least certain, the network
/// is asked in full; how the score depends on the two linear estimates is fitted, and what is left is interpolated
/// (``Kriging``). It ends when the error to be expected is within the tolerance, and measures the error at places drawn at
/// random.
struct AdaptiveOcclusion {
    private let question: Question
    private let sweep: HidingSweep
    private let tolerance: Double
    private let fieldCap: Double?
    private var random: SeededGenerator

    /// From one coarse place to the next, in places.
    private static let coarseStep = 3
    /// Of a window's multiplications, what the first layers may take.
    private static let firstLayers = 0.25
    /// Where more than this share of the places is needed, all are asked about at once.
    private static let most = 0.75
    private static let smallestSample = 24

    init(_ question: Question, sweep: HidingSweep) throws(InterpretationError) {
        self.question = question
        self.sweep = sweep
        tolerance = try question.number("tolerance", default: 0.2, in: 0.001...1)
        let cap = try question.number("field-cap", default: 1, in: 0.05...1)
        fieldCap = cap < 1 ? cap : nil
        random = SeededGenerator(seed: try question.seed())
    }

    consuming func explanations(of classes: [Int?]) throws(InterpretationError) -> [Explanation] {
        let grid = sweep.grid
        let coarse = Self.coarse(grid)
        let sampleSize = min(max(Self.smallestSample, grid.count / 100), grid.count)
        let sample = Array(grid.places.shuffled(using: &random).prefix(sampleSize))
        // What is asked about at once.
        let first = grid.places.filter(Set(coarse).union(sample).contains)
        let share = Double(first.count) / Double(grid.count)
        let exact = try sweep.shown(share: share)
        let asked = try fieldCap.map { cap throws(InterpretationError) in try sweep.shown(share: share, fieldCap: cap) }
        question.progress?(0)
        let cut = exact.cut(within: Self.firstLayers)
        let images = cut == nil ? [question.input] : self.images
        let whole = try pass(images[0], to: cut)
        let targets = try whole.targets(question, classes: classes)
        let scores = whole.scores
        let readings = ClassReadings(targets)
        var map = EstimatedMap(
            grid: grid, readings: readings, unhidden: readings.values(of: scores),
            relevant: targets.flatMap(readings.parts),
            linear: try cut.flatMap { cut throws(InterpretationError) in
                try linearEstimates(readings, at: cut, of: images, first: whole)
            })
        question.partialMap?(map.estimates().partialMap(of: targets[0]))

        // The sample is kept from the map until it has been compared with it.
        var truth = HiddenReadings(grid: grid, readings: readings)
        if let asked {
            try ask(asked, at: coarse, &map, targets)
            try sweep.run(exact, at: sample) { places, scores in
                for (place, scores) in zip(places, scores) { truth[place] = readings.values(of: scores) }
            }
        } else {
            try ask(exact, at: first, &map, targets)
            for place in sample {
                truth[place] = map.known[place]
                map.known[place] = nil
            }
            for place in coarse { map.known[place] = map.known[place] ?? truth[place] }
        }
        var estimates: HiddenReadings
        while true {
            map.fit()
            estimates = map.estimates()
            // What a field cap leaves out does not shrink by asking more.
            let surprises = map.surprises(truth, at: asked == nil ? sample : [], estimates)
            var places = map.leastCertain(within: tolerance, estimates, surprises: surprises)
            var isEnough = true
            if Double(map.known.count + places.count) > Self.most * Double(grid.count) {
                places = grid.places.filter { map.known[$0] == nil }
            } else if places.count > map.known.count {
                // More than as many again would trust a first impression too far.
                places.removeSubrange(map.known.count...)
                isEnough = false
            }
            try ask(asked ?? exact, at: places.filter { asked != nil || truth[$0] == nil }, &map, targets)
            if asked == nil { for place in places { map.known[place] = map.known[place] ?? truth[place] } }
            if places.isEmpty { break }
            if isEnough {
                map.fit()
                estimates = map.estimates()
                break
            }
        }
        question.progress?(1)
        return explanations(map, estimates, targets, truth, sample, scores: scores)
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

    /// The middle of every three places along both axes.
    private static func coarse(_ grid: WindowGrid) -> [WindowSweep.Place] {
        func places(_ count: Int) -> [Int] {
            Array(stride(from: min(coarseStep / 2, count - 1), to: count, by: coarseStep))
        }
        return places(grid.rows).flatMap { row in
            places(grid.columns).map { WindowSweep.Place(row: row, column: $0) }
        }
    }

    /// What the linear estimates start from: the image as it is and the same hidden by half, in one batch where the network
    /// takes batches, since every pass and every walk back reads all weights.
    private var images: [Tensor] {
        let images = [question.input, halfHidden]
        guard question.network.takesBatches, let batch = try? Tensor(stacking: images.map { try $0.item(0) }) else {
            return images
        }
        return [batch]
    }

    private func pass(_ image: Tensor, to cut: ValueID?) throws(InterpretationError) -> ClassificationPass {
        try ClassificationPass(
            question.network, image, on: sweep.evaluator,
            derivatives: cut.map { [(targets: [$0], rule: .gradient)] } ?? [])
    }

    /// How far each reading moves at each place if everything behind `cut` were linear, as it is for the whole image and
    /// as it is for one hidden by half [places][2·readings].
    private func linearEstimates(
        _ readings: ClassReadings, at cut: ValueID, of images: [Tensor], first: ClassificationPass
    ) throws(InterpretationError) -> [[Float]]? {
        // [images][readings].
        var slopes: [[Tensor]] = []
        for (index, image) in images.enumerated() {
            let pass = try index == 0 ? first : pass(image, to: cut)
            var own = [[Tensor]](repeating: [], count: pass.batchScores.count)
            for reading in 0..<readings.count {
                let signals = try pass.signals { readings.gradients(at: $0)[reading] }
                for item in own.indices {
                    guard let slope = try? signals[0]?.item(item) else { return nil }
                    own[item].append(slope)
                }
            }
            slopes += own
        }
        guard let together = try? Tensor(stacking: Array(slopes.joined())) else { return nil }
        let grid = sweep.grid
        var moves = [[Float]](repeating: [], count: grid.count)
        var done = 0
        try sweep.run(try sweep.shown(together, of: cut), at: grid.places) { places, numbers in
            for (place, numbers) in zip(places, numbers) { moves[grid.index(place)] = numbers }
            done += places.count
            question.progress?(Self.linearProgress * Double(done) / Double(grid.count))
        }
        return moves
    }

    private static let linearProgress = 0.3

    /// The image with every second window hidden, as on a chessboard.
    private var halfHidden: Tensor {
        let (grid, image, fill) = (sweep.grid, question.input, sweep.fill)
        let plane = grid.height * grid.width
        return Tensor(shape: image.shape) { values in
            for index in values.indices {
                let (y, x) = (index % plane / grid.width, index % grid.width)
                values[index] = (y / grid.window + x / grid.window).isMultiple(of: 2) ? image[index] : fill[index]
            }
        }
    }

    private func ask(
        _ asked: WindowSweep, at places: [WindowSweep.Place], _ map: inout EstimatedMap, _ targets: [ScoreTarget]
    ) throws(InterpretationError) {
        var found = map
        var shown = question.partialMap.map { _ in map.estimates() }
        let question = question
        let likely = Double(sweep.grid.count) / 3
        try sweep.run(asked, at: places) { places, scores in
            for (place, scores) in zip(places, scores) {
                let values = found.known.readings.values(of: scores)
                found.known[place] = values
                shown?[place] = values
            }
            if let shown { question.partialMap?(shown.partialMap(of: targets[0])) }
            let share = min(Double(found.known.count) / likely, 0.95)
            question.progress?(Self.linearProgress + (1 - Self.linearProgress) * share)
        }
        map = found
    }
}
