/// How far a map that was not computed everywhere may be off, measured where it was computed afterwards.
public struct Approximation: Sendable, Hashable {
    /// Places of the map, and those of them that the network was asked about for the map.
    public let places: Int
    public let computed: Int
    /// Places drawn at random at which the exact value was computed afterwards and compared.
    public let sampled: Int
    /// Of the explained score (or probability), over the sample: the root of the mean square and the largest.
    public let rootMeanSquareError: Double
    public let largestError: Double
    /// Of the explained score over the whole map: its largest less its smallest value.
    public let range: Double
    /// Pearson's, between the map and the exact values over the sample; nil where one of them does not vary.
    public let correlation: Double?
}

extension Approximation {
    init(places: Int, computed: Int, range: Double, sample: [(approximate: Float, exact: Float)]) {
        self.places = places
        self.computed = computed
        self.range = range
        sampled = sample.count
        let errors = sample.map { Double($0.approximate) - Double($0.exact) }
        largestError = errors.map(abs).max() ?? 0
        rootMeanSquareError = (errors.reduce(0) { $0 + $1 * $1 } / Double(max(errors.count, 1))).squareRoot()
        correlation = Self.correlation(sample.map { (Double($0.approximate), Double($0.exact)) })
    }

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
