import Execution

/// A map of which some places are known, and an estimate of the others.
struct EstimatedMap {
    /// What was asked for.
    var known: HiddenReadings
    /// Of the whole image.
    private let unhidden: [Float]
    /// The readings that have to be certain.
    private let relevant: [Int]
    /// The readings by a rough computation [places][readings]; nil where there is none.
    private let rough: [[Float]]?
    /// How each reading depends on its rough value.
    private var trends: [Trend]
    /// What is left of the readings beside the trend.
    private var kriging: Kriging
    private var scales: [Double]?

    init(_ known: HiddenReadings, unhidden: [Float], relevant: [Int], rough: [[Float]]?) {
        self.known = known
        self.unhidden = unhidden
        let relevant = Array(Set(relevant)).sorted()
        self.relevant = relevant
        self.rough = rough
        trends = unhidden.map { Trend(offset: rough == nil ? Double($0) : 0, slope: rough == nil ? 0 : 1) }
        let moves = relevant.map { reading in (rough ?? []).map { abs($0[reading] - unhidden[reading]) } }
        let grid = known.grid
        kriging = Kriging(rows: grid.rows, columns: grid.columns, emphasis: Self.emphasis(grid, moves))
    }

    /// Where the readings move most a rough value is expected to be farthest off: the mean over the places around.
    ///
    /// - Parameter moves: [readings][places].
    private static func emphasis(_ grid: WindowGrid, _ moves: [[Float]]) -> [Double] {
        var total = [Double](repeating: 0, count: grid.count)
        for sizes in moves {
            let mean = sizes.reduce(0) { $0 + Double($1) } / Double(sizes.count)
            guard sizes.count == total.count, mean > 0, mean.isFinite else { continue }
            for index in total.indices {
                let (row, column) = (index / grid.columns, index % grid.columns)
                var (sum, count) = (0.0, 0.0)
                for r in max(row - 1, 0)...min(row + 1, grid.rows - 1) {
                    for c in max(column - 1, 0)...min(column + 1, grid.columns - 1) {
                        sum += Double(sizes[r * grid.columns + c])
                        count += 1
                    }
                }
                total[index] += sum / count / mean
            }
        }
        let mean = total.reduce(0, +) / Double(total.count)
        return mean > 0 ? total.map { $0 / mean } : total.map { _ in 1 }
    }

    private var isKnown: [Bool] { known.values.map { $0 != nil } }

    private func trend(_ index: Int) -> [Float] {
        unhidden.indices.map { Float(trends[$0].value(at: rough(index, $0))) }
    }

    private func rough(_ index: Int, _ reading: Int) -> Double { rough.map { Double($0[index][reading]) } ?? 0 }

    /// Learns from what is known: the trend by least squares, and how what is left of it varies.
    mutating func fit() {
        fitTrends()
        scales = kriging.fit(rests(), known: isKnown)
    }

    private mutating func fitTrends() {
        let pairs = known.values.enumerated().compactMap { index, values in values.map { (index, $0) } }
        for reading in unhidden.indices {
            trends[reading] = Trend(pairs.map { (rough($0.0, reading), Double($0.1[reading])) })
        }
    }

    /// [readings][places], 0 where nothing is known.
    private func rests() -> [[Double]] {
        var rests = unhidden.map { _ in [Double](repeating: 0, count: known.values.count) }
        for (index, values) in known.values.enumerated() {
            guard let values else { continue }
            let trend = trend(index)
            for reading in unhidden.indices { rests[reading][index] = Double(values[reading] - trend[reading]) }
        }
        return rests
    }

    /// The whole map: what is known, and the best guess elsewhere.
    func estimates() -> HiddenReadings {
        var result = known
        let (isKnown, rests) = (isKnown, rests())
        for index in known.values.indices where known[index] == nil {
            result[index] = estimate(at: index, isKnown, rests)
        }
        return result
    }

    private func estimate(at index: Int, _ isKnown: [Bool], _ rests: [[Double]]) -> [Float] {
        var values = trend(index)
        guard scales != nil else { return values }
        let estimate = kriging.estimate(at: index, from: isKnown)
        for reading in values.indices { values[reading] += Float(estimate.value(of: rests[reading])) }
        return values
    }

    /// What the map would say at each of these places, which are known, if it were not known there.
    func leavingOut(_ places: [WindowSweep.Place]) -> [[Float]] {
        places.map { place in
            var map = self
            map.known[place] = nil
            map.fitTrends()
            return map.estimate(at: known.grid.index(place), map.isKnown, map.rests())
        }
    }

    /// The places to be asked about before the map is within the tolerance, the least certain first: the error to be
    /// expected against how much the map varies.
    ///
    /// - Parameter estimates: of this map.
    func leastCertain(within tolerance: Double, _ estimates: HiddenReadings) -> [WindowSweep.Place] {
        let estimates = estimates.values.compactMap { $0 }
        let worst =
            relevant.map { reading in
                let values = estimates.map { Double($0[reading]) }
                let mean = values.reduce(0, +) / Double(max(values.count, 1))
                let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(values.count, 1))
                let scale = scales?[reading] ?? 0
                return variance > 0 ? scale * scale / variance : 0
            }.max() ?? 0
        let columns = known.grid.columns
        return kriging.choose(known: isKnown) { $0 * worst <= tolerance * tolerance }
            .map { WindowSweep.Place(row: $0 / columns, column: $0 % columns) }
    }
}

/// y = offset + slope·x.
private struct Trend {
    let offset: Double
    let slope: Double

    init(offset: Double, slope: Double) {
        self.offset = offset
        self.slope = slope
    }

    /// By least squares; where the points say nothing of the slope it is 0.
    init(_ points: [(x: Double, y: Double)]) {
        let count = Double(max(points.count, 1))
        let x = points.reduce(0) { $0 + $1.x } / count
        let y = points.reduce(0) { $0 + $1.y } / count
        let square = points.reduce(0) { $0 + ($1.x - x) * ($1.x - x) }
        let product = points.reduce(0) { $0 + ($1.x - x) * ($1.y - y) }
        slope = square > 0 ? product / square : 0
        offset = y - slope * x
    }

    func value(at x: Double) -> Double { offset + slope * x }
}
