import Execution
import Tensors

/// Occlusion at some of its places: coarse ones first, then between those where the map is strong or steep. What lies
/// between is interpolated, and how far that is off is measured at a sample of places.
struct AdaptiveOcclusion {
    private let question: Question
    private let sweep: HidingSweep
    private let unhidden: [Float]
    private let targets: [ScoreTarget]
    private let tolerance: Float
    private let fieldCap: Double?
    private var random: SeededGenerator
    private var known: HiddenScores
    private var cells: [Cell] = []

    /// Between four places of which the scores are known; rows and columns are inclusive.
    private struct Cell {
        var rows: ClosedRange<Int>
        var columns: ClosedRange<Int>
        /// How far interpolation over the cell that this is a part of was off, by target; nil at first.
        var errors: [Float]?

        var isWhole: Bool { rows.count <= 2 && columns.count <= 2 }

        var corners: [WindowSweep.Place] {
            [rows.lowerBound, rows.upperBound].flatMap { row in
                [columns.lowerBound, columns.upperBound].map { WindowSweep.Place(row: row, column: $0) }
            }
        }

        /// The cell in up to four.
        var parts: [Cell] {
            AdaptiveOcclusion.halves(of: rows).flatMap { rows in
                AdaptiveOcclusion.halves(of: columns).map { Cell(rows: rows, columns: $0) }
            }
        }
    }

    /// From one coarse place to the next, in places. Maps of real networks hold detail that coarser steps miss.
    private static let coarseStep = 2
    /// The share of the places that is likely to be asked about at once.
    private static let share = 1.0 / 4
    /// Where more than this share of the largest loss is lost, the map is looked at closely.
    private static let strong: Float = 0.5

    init(
        _ question: Question, sweep: HidingSweep, scores: [Float], targets: [ScoreTarget]
    ) throws(InterpretationError) {
        self.question = question
        self.sweep = sweep
        unhidden = scores
        self.targets = targets
        tolerance = Float(try question.number("tolerance", default: 0.1, in: 0.001...1))
        let cap = try question.number("field-cap", default: 1, in: 0.05...1)
        fieldCap = cap < 1 ? cap : nil
        random = SeededGenerator(seed: try question.seed())
        known = HiddenScores(grid: sweep.grid)
    }

    consuming func explanations() throws(InterpretationError) -> [Explanation] {
        let grid = sweep.grid
        let rows = Self.coarse(grid.rows)
        let columns = Self.coarse(grid.columns)
        try compute(rows.flatMap { row in columns.map { WindowSweep.Place(row: row, column: $0) } })
        cells = Self.spans(rows).flatMap { rows in Self.spans(columns).map { Cell(rows: rows, columns: $0) } }
        while true {
            let scale = scale()
            var (chosen, kept): ([Cell], [Cell]) = ([], [])
            for cell in cells {
                if !cell.isWhole && deserves(cell, scale) { chosen.append(cell) } else { kept.append(cell) }
            }
            if chosen.isEmpty { break }
            cells = kept
            try compute(chosen.flatMap { $0.parts.flatMap(\.corners) })
            for cell in chosen {
                let errors = interpolationErrors(in: cell)
                for var part in cell.parts {
                    part.errors = errors
                    cells.append(part)
                }
            }
        }
        let computed = known.count
        interpolate()
        return try measured(computed: computed)
    }

    // MARK: Places

    /// Every second place and the last.
    private static func coarse(_ count: Int) -> [Int] {
        let places = Array(stride(from: 0, to: count, by: coarseStep))
        return places.last == count - 1 ? places : places + [count - 1]
    }

    private static func spans(_ places: [Int]) -> [ClosedRange<Int>] {
        places.count == 1 ? [places[0]...places[0]] : zip(places, places.dropFirst()).map { $0...$1 }
    }

    fileprivate static func halves(of range: ClosedRange<Int>) -> [ClosedRange<Int>] {
        guard range.count > 2 else { return [range] }
        let middle = (range.lowerBound + range.upperBound) / 2
        return [range.lowerBound...middle, middle...range.upperBound]
    }

    /// Per target: the range of what is known, and the largest loss.
    private func scale() -> [(range: Float, loss: Float)] {
        targets.map { target in
            let values = known.scores.compactMap { $0.map(target.value) }
            let (least, most) = (values.min() ?? 0, values.max() ?? 0)
            return (most - least, max(target.value(of: unhidden) - least, 0))
        }
    }

    /// What interpolation over the cell would have given at the corners of its parts, against what is known there.
    private func interpolationErrors(in cell: Cell) -> [Float] {
        let corners = cell.corners.compactMap { known[$0] }
        guard corners.count == 4 else { return targets.map { _ in .infinity } }
        let places = Set(cell.parts.flatMap(\.corners))
        return targets.map { target in
            places.reduce(0) { worst, place in
                guard let exact = known[place] else { return worst }
                return max(
                    worst, abs(target.value(of: interpolated(place, in: cell, corners)) - target.value(of: exact)))
            }
        }
    }

    /// A part is cut again where interpolation over the whole was off; at first, cells that are steep, or strong and
    /// not flat.
    private func deserves(_ cell: Cell, _ scale: [(range: Float, loss: Float)]) -> Bool {
        if let errors = cell.errors {
            return zip(errors, scale).contains { $0 > tolerance / 2 * $1.range }
        }
        let corners = cell.corners.compactMap { known[$0] }
        return zip(targets, scale).contains { target, scale in
            let values = corners.map(target.value)
            guard let least = values.min(), let most = values.max() else { return false }
            let isSteep = most - least > tolerance * scale.range
            let isStrong = target.value(of: unhidden) - least > Self.strong * scale.loss
            // Beside the strongest places the map may be stronger still.
            return isSteep || isStrong && most - least > tolerance / 2 * scale.range
        }
    }

    private mutating func compute(_ places: [WindowSweep.Place]) throws(InterpretationError) {
        var wanted: [WindowSweep.Place] = []
        var seen: Set<WindowSweep.Place> = []
        for place in places where known[place] == nil && seen.insert(place).inserted { wanted.append(place) }
        guard !wanted.isEmpty else { return }
        var found = known
        let (question, target, count) = (question, targets[0], sweep.grid.count)
        try sweep.run(wanted, isPartOf: Self.share, fieldCap: fieldCap) { places, scores in
            for (place, scores) in zip(places, scores) { found[place] = scores }
            question.partialMap?(found.partialMap(of: target))
            question.progress?(Double(found.count) / Double(count))
        }
        known = found
    }

    // MARK: Between places

    /// Gives every place that was left out the bilinear mean of its cell's corners.
    private mutating func interpolate() {
        var filled = known
        for cell in cells where !cell.isWhole {
            let corners = cell.corners.compactMap { known[$0] }
            guard corners.count == 4 else { continue }
            for row in cell.rows {
                for column in cell.columns {
                    let place = WindowSweep.Place(row: row, column: column)
                    if filled[place] == nil { filled[place] = interpolated(place, in: cell, corners) }
                }
            }
        }
        known = filled
    }

    /// The bilinear mean of the corners' scores.
    private func interpolated(_ place: WindowSweep.Place, in cell: Cell, _ corners: [[Float]]) -> [Float] {
        let down = Self.share(of: place.row, in: cell.rows)
        let across = Self.share(of: place.column, in: cell.columns)
        let weights = [(1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across]
        return corners[0].indices.map { score in zip(weights, corners).reduce(0) { $0 + $1.0 * $1.1[score] } }
    }

    private static func share(of place: Int, in range: ClosedRange<Int>) -> Float {
        range.count > 1 ? Float(place - range.lowerBound) / Float(range.count - 1) : 0
    }

    // MARK: The error

    /// Computes a sample of all places exactly, and compares.
    private mutating func measured(computed: Int) throws(InterpretationError) -> [Explanation] {
        let grid = sweep.grid
        let size = min(max(24, grid.count / 100), grid.count)
        let sample = Array(grid.places.shuffled(using: &random).prefix(size))
        var exact: [WindowSweep.Place: [Float]] = [:]
        try sweep.run(sample, isPartOf: Self.share) { places, scores in
            for (place, scores) in zip(places, scores) { exact[place] = scores }
        }
        question.progress?(1)
        let approximate = known
        for (place, scores) in exact { known[place] = scores }
        return targets.map { target in
            let values = approximate.scores.compactMap { $0.map(target.value) }
            let pairs = sample.compactMap { place -> (approximate: Float, exact: Float)? in
                guard let approximate = approximate[place], let exact = exact[place] else { return nil }
                return (target.value(of: approximate), target.value(of: exact))
            }
            let approximation = Approximation(
                places: grid.count, computed: computed,
                range: Double((values.max() ?? 0) - (values.min() ?? 0)), sample: pairs)
            return known.explanation(
                of: target, unhidden: unhidden, input: question.input, approximation: approximation)
        }
    }
}
