/// A mean over places, and how sure it is.
public struct MeanOfPlaces: Sendable, Hashable {
    public let mean: Double
    /// The 95 % interval of the mean, Student's t over the places, cut to 0…1; nil of a single place.
    public let interval: ClosedRange<Double>?
    public let places: Int

    /// - Parameter probabilities: one a place, 0…1; nil is returned where there is none.
    public init?(_ probabilities: some Collection<Double>) {
        places = probabilities.count
        guard places > 0 else { return nil }
        let mean = probabilities.reduce(0, +) / Double(places)
        self.mean = mean
        guard let quantile = Self.quantile(freedom: places - 1) else {
            interval = nil
            return
        }
        let squares = probabilities.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let half = quantile * (squares / Double(places - 1) / Double(places)).squareRoot()
        interval = max(mean - half, 0)...max(min(mean + half, 1), max(mean - half, 0))
    }

    /// The 97.5 % quantile of Student's t; that of the normal distribution beyond the table. Nil without a degree of freedom.
    static func quantile(freedom: Int) -> Double? {
        let table = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
        guard freedom > 0 else { return nil }
        return freedom <= table.count ? table[freedom - 1] : 1.96
    }
}
