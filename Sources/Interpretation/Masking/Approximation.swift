/// How far a map that was not computed in full everywhere may be off, measured where it was.
public struct Approximation: Sendable, Hashable {
    /// Places of the map, and those of them that the network was asked about in full.
    public let places: Int
    public let computed: Int
    /// Those of them, drawn at random, whose exact values were compared with what the map would say without them.
    public let sampled: Int
    /// Of the explained score (or probability), over the sample: the root of the mean square and the largest.
    public let rootMeanSquareError: Double
    public let largestError: Double
    /// Of the explained score over the whole map: its largest less its smallest value.
    public let range: Double
    /// The same map's.
    let standardDeviation: Double
    /// Pearson's, between the map and the exact values over the sample; nil where one of them does not vary.
    public let correlation: Double?
}

extension Approximation {
    /// - Parameters:
    ///   - map: of the explained score (or probability).
    ///   - sample: of places that are known, what the map would say without them and what is right.
    init(map: [Float], computed: Int, sample: [(approximate: Float, exact: Float)]) {
        places = map.count
        self.computed = computed
        range = Double((map.max() ?? 0) - (map.min() ?? 0))
        let mean = map.reduce(0) { $0 + Double($1) } / Double(max(map.count, 1))
        let square = map.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        standardDeviation = (square / Double(max(map.count, 1))).squareRoot()
        sampled = sample.count
        let errors = sample.map { Double($0.approximate) - Double($0.exact) }
        largestError = errors.map(abs).max() ?? 0
        rootMeanSquareError = (errors.reduce(0) { $0 + $1 * $1 } / Double(max(errors.count, 1))).squareRoot()
        correlation = Self.correlation(sample.map { (Double($0.approximate), Double($0.exact)) })
    }

    /// The root of the mean square error as a share of the map's standard deviation.
    var relativeError: Double { standardDeviation > 0 ? rootMeanSquareError / standardDeviation : 0 }

    private static func correlation(_ pairs: [(Double, Double)]) -> Double? {
        let count = Double(max(pairs.count, 1))
        let means = (pairs.reduce(0) { $0 + $1.0 } / count, pairs.reduce(0) { $0 + $1.1 } / count)
        var (cross, first, second) = (0.0, 0.0, 0.0)
        for pair in pairs {
            let (a, b) = (pair.0 - means.0, pair.1 - means.1)
            cross += a * b
            first += a * a
            second += b * b
        }
        let product = (first * second).squareRoot()
        return product > 0 ? cross / product : nil
    }
}

/// A map of which some places are known, [rows, columns].
public struct PartialMap: Sendable {
    public let rows: Int
    public let columns: Int
    /// Row by row: the explained score (or probability), estimated at first where the map is adaptive; NaN where nothing
    /// is known of it yet.
    public let values: [Float]
}
