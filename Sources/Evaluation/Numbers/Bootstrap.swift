import Tensors
public import WireProtocol

/// How sure a figure is that was measured on some photos: the percentile bootstrap (Efron and Tibshirani 1993, "An
/// Introduction to the Bootstrap", chapter 13). Photos are drawn with replacement, as many as there are, and the figure is
/// computed of each draw.
public struct Bootstrap: Sendable {
    /// How many draws.
    public let resamples: Int
    /// The same seed gives the same draws.
    public let seed: UInt64
    /// Share of the draws that lie between the bounds, 0…1.
    public let level: Double

    public init(resamples: Int = 1000, seed: UInt64 = 0, level: Double = 0.95) {
        self.resamples = resamples
        self.seed = seed
        self.level = level
    }

    /// The mean of `values`, one a photo; nil where there is none.
    public func mean(of values: [Double]) -> Estimate? {
        estimate(count: values.count) { drawn in
            var sum = 0.0
            for index in drawn { sum += values[index] }
            return sum / Double(drawn.count)
        }
    }

    /// Any figure of `count` photos.
    ///
    /// - Parameter figure: of photos by their numbers, of which a draw has some several times; nil where it is not defined
    ///   for them, and such a draw counts for nothing.
    /// - Returns: nil where there are no photos, or where the figure is not defined for all of them.
    public func estimate(count: Int, _ figure: ([Int]) -> Double?) -> Estimate? {
        guard count > 0, let value = figure(Array(0..<count)) else { return nil }
        var generator = SeededGenerator(seed: seed)
        var found: [Double] = []
        var drawn = [Int](repeating: 0, count: count)
        for _ in 0..<resamples {
            for index in drawn.indices { drawn[index] = Int(generator.uniform() * Double(count)) }
            if let value = figure(drawn) { found.append(value) }
        }
        found.sort()
        let outside = (1 - level) / 2
        return Estimate(
            value: value, low: Self.quantile(found, outside) ?? value, high: Self.quantile(found, 1 - outside) ?? value,
            count: count)
    }

    /// Linear between the two values around it, as NumPy has it; nil of none.
    ///
    /// - Parameter sorted: rising.
    static func quantile(_ sorted: [Double], _ share: Double) -> Double? {
        guard let last = sorted.indices.last else { return nil }
        let position = min(max(share, 0), 1) * Double(last)
        let low = Int(position)
        let high = min(low + 1, last)
        return sorted[low] + (sorted[high] - sorted[low]) * (position - Double(low))
    }
}
