/// How far probabilities are from how often they come true: the expected calibration error (Naeini et al. 2015; Guo, Pleiss,
/// Sun and Weinberger 2017, "On Calibration of Modern Neural Networks", eq. 3), with 15 bins of equal width as there.
public enum CalibrationError {
    public static let bins = 15

    /// One bar of a reliability diagram.
    public struct Bin: Sendable, Hashable {
        /// Predictions whose probability is above `low`, up to `high`; the first bin has 0 as well.
        public let low: Double
        public let high: Double
        public let count: Int
        /// Mean of their probabilities; 0 where there are none.
        public let confidence: Double
        /// Share of them that came true; 0 where there are none.
        public let accuracy: Double
    }

    /// - Parameters:
    ///   - probabilities: of what was predicted, 0…1.
    ///   - isRight: whether it came true, of each.
    public static func reliability(_ probabilities: [Double], _ isRight: [Bool]) -> [Bin] {
        var counts = [Int](repeating: 0, count: bins), right = counts
        var sums = [Double](repeating: 0, count: bins)
        for (probability, isRight) in zip(probabilities, isRight) {
            let bin = min(max(Int((probability * Double(bins)).rounded(.up)) - 1, 0), bins - 1)
            counts[bin] += 1
            sums[bin] += probability
            if isRight { right[bin] += 1 }
        }
        return (0..<bins).map { bin in
            let count = Double(max(counts[bin], 1))
            return Bin(
                low: Double(bin) / Double(bins), high: Double(bin + 1) / Double(bins), count: counts[bin],
                confidence: sums[bin] / count, accuracy: Double(right[bin]) / count)
        }
    }

    /// Σ share of the bin · |accuracy − confidence|, 0…1; nil where nothing was predicted.
    public static func expected(_ probabilities: [Double], _ isRight: [Bool]) -> Double? {
        let found = reliability(probabilities, isRight)
        let all = found.reduce(0) { $0 + $1.count }
        guard all > 0 else { return nil }
        return found.reduce(0) { $0 + Double($1.count) / Double(all) * abs($1.accuracy - $1.confidence) }
    }
}
