/// How much of a map is in few pixels: the Gini index of its magnitudes (Chalasani et al. 2020, "Concise Explanations of
/// Neural Networks using Adversarial Training", §4), 0 where all count the same, near 1 where one counts alone.
public enum Sparseness {
    /// Quantus adds so much to each magnitude, and equality with it is asked for.
    private static let least = 1e-7

    /// - Parameter values: of a map.
    /// - Returns: nil where there are none, or one that is not finite.
    public static func gini(_ values: [Float]) -> Double? {
        guard !values.isEmpty, values.allSatisfy(\.isFinite) else { return nil }
        let sorted = values.map { Double(abs($0)) + least }.sorted()
        let count = Double(sorted.count)
        var (weighted, sum) = (0.0, 0.0)
        for (index, value) in sorted.enumerated() {
            weighted += (2 * Double(index + 1) - count - 1) * value
            sum += value
        }
        return weighted / (count * sum)
    }
}
