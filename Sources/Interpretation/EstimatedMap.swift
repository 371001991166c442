import Execution

/// A map of which some places are known, and an estimate of the others.
struct EstimatedMap {
    /// What was asked for.
    var known: HiddenReadings
    /// Of the whole image.
    private let unhidden: [Float]
    /// The readings that have to be certain.
    private let relevant: [Int]
    /// [places][2·readings]; nil where nothing was estimated linearly.
    private let linear: [[Float]]?
    /// How each reading depends on its two linear estimates.
    private var trends: [Trend]
    /// What is left of the readings beside the trend.
    private var kriging: Kriging
    private var scales: [Double]?

    init(grid: WindowGrid, readings: ClassReadings, unhidden: [Float], relevant: [Int], linear: [[Float]]?) {
        known = HiddenReadings(grid: grid, readings: readings)
        self.unhidden = unhidden
        self.relevant = Array(Set(relevant)).sorted()
        self.linear = linear
        trends = unhidden.map { Trend(offset: Double($0), slopes: (1, 0)) }
        kriging = Kriging(
            rows: grid.rows, columns: grid.columns, emphasis: Self.emphasis(grid, linear, self.relevant))
    }

    /// Where the linear estimate moves most the network is expected to be least linear: the mean over the places around.
    private static func emphasis(_ grid: WindowGrid, _ linear: [[Float]]?, _ relevant: [Int]) -> [Double] {
        guard let linear else { return [Double](repeating: 1, count: grid.count) }
        var total = [Double](repeating: 0, count: grid.count)
        for reading in relevant {
            let sizes = linear.map { Double(abs($0[reading])) }
            let mean = sizes.reduce(0, +) / Double(sizes.count)
            guard mean > 0, mean.isFinite else { continue }
            for index in total.indices {
                let (row, column) = (index / grid.columns, index % grid.columns)
                var (sum, count) = (0.0, 0.0)
                for r in max(row - 1, 0)...min(row + 1, grid.rows - 1) {
                    for c in max(column - 1, 0)...min(column + 1, grid.columns - 1) {
                        sum += sizes[r * grid.columns + c]
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
        unhidden.indices.map { Float(trends[$0].value(at: estimates(index, of: $0))) }
    }

    private func estimates(_ index: Int, of reading: Int) -> (Double, Double) {
        guard let linear else { return (0, 0) }
        return (Double(linear[index][reading]), Double(linear[index][unhidden.count + reading]))
    }

    /// Learns from what is known: the trend by least squares, and how what is left of it varies.
    mutating func fit() {
        let pairs = known.values.enumerated().compactMap { index, values in values.map { (index, $0) } }
        for reading in unhidden.indices {
            trends[reading] = Trend(pairs.map { (estimates($0.0, of: reading), Double($0.1[reading])) })
        }
        scales = kriging.fit(rests(), known: isKnown)
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
            var values = trend(index)
            if scales != nil {
                let estimate = kriging.estimate(at: index, from: isKnown)
                for reading in values.indices {
                    values[reading] += Float(estimate.value(of: rests[reading]))
                }
            }
            result[index] = values
        }
        return result
    }

    /// How many times larger than expected the mean square of the errors at these places is, by reading; 1 where that may
    /// well be chance.
    func surprises(
        _ truth: HiddenReadings, at places: [WindowSweep.Place], _ estimates: HiddenReadings
    ) -> [Double] {
        let (isKnown, grid) = (isKnown, known.grid)
        let unknown = places.map(grid.index).filter { !isKnown[$0] && truth[$0] != nil }
        let variances = unknown.map { kriging.estimate(at: $0, from: isKnown).variance }
        return unhidden.indices.map { reading in
            let scale = scales?[reading] ?? 0
            let ratios = zip(unknown, variances).compactMap { place, variance -> Double? in
                guard let value = truth[place]?[reading], let estimate = estimates[place]?[reading] else { return nil }
                let error = Double(value - estimate)
                return error * error / max(scale * scale * variance, .leastNormalMagnitude)
            }
            let mean = ratios.reduce(0, +) / Double(max(ratios.count, 1))
            // Two standard deviations of a mean of squares of normal errors.
            let chance = 1 + 2 * (2 / Double(max(ratios.count, 1))).squareRoot()
            return mean > chance && mean.isFinite ? mean : 1
        }
    }

    /// The places to be asked about before the map is within the tolerance, the least certain first: the error to be
    /// expected against how much the map varies.
    ///
    /// - Parameters:
    ///   - estimates: of this map.
    ///   - surprises: by reading, how much larger the mean square of the errors is than the fit expects.
    func leastCertain(
        within tolerance: Double, _ estimates: HiddenReadings, surprises: [Double]
    ) -> [WindowSweep.Place] {
        let estimates = estimates.values.compactMap { $0 }
        let worst =
            relevant.map { reading in
                let values = estimates.map { Double($0[reading]) }
                let mean = values.reduce(0, +) / Double(max(values.count, 1))
                let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(values.count, 1))
                let scale = scales?[reading] ?? 0
                return variance > 0 ? surprises[reading] * scale * scale / variance : 0
            }.max() ?? 0
        let columns = known.grid.columns
        return kriging.choose(known: isKnown) { $0 * worst <= tolerance * tolerance }
            .map { WindowSweep.Place(row: $0 / columns, column: $0 % columns) }
    }
}

/// y = offset + slope₀·x₀ + slope₁·x₁.
private struct Trend {
    let offset: Double
    let slopes: (Double, Double)

    init(offset: Double, slopes: (Double, Double)) {
        self.offset = offset
        self.slopes = slopes
    }

    /// By least squares; a slope that the points say nothing of is 0.
    init(_ points: [(x: (Double, Double), y: Double)]) {
        let count = Double(max(points.count, 1))
        func mean(_ value: ((x: (Double, Double), y: Double)) -> Double) -> Double {
            points.reduce(0) { $0 + value($1) } / count
        }
        let (x0, x1, y) = (mean { $0.x.0 }, mean { $0.x.1 }, mean { $0.y })
        func moment(_ value: (_ x0: Double, _ x1: Double, _ y: Double) -> Double) -> Double {
            mean { value($0.x.0 - x0, $0.x.1 - x1, $0.y - y) }
        }
        // A little is added to the diagonal, so that two estimates that are nearly the same share the slope.
        let ridge = 1 + 1e-6
        let (s00, s11, s01) = (
            moment { a, _, _ in a * a } * ridge, moment { _, b, _ in b * b } * ridge, moment { a, b, _ in a * b }
        )
        let (t0, t1) = (moment { a, _, y in a * y }, moment { _, b, y in b * y })
        let determinant = s00 * s11 - s01 * s01
        if determinant > 0 {
            slopes = ((t0 * s11 - t1 * s01) / determinant, (t1 * s00 - t0 * s01) / determinant)
        } else {
            slopes = (s00 > 0 ? t0 / s00 : 0, s00 <= 0 && s11 > 0 ? t1 / s11 : 0)
        }
        offset = y - slopes.0 * x0 - slopes.1 * x1
    }

    func value(at x: (Double, Double)) -> Double { offset + slopes.0 * x.0 + slopes.1 * x.1 }
}
