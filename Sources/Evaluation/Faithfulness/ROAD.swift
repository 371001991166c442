package import Interpretation
package import Tensors

/// Remove and debias (Rong et al. 2022): the class's probability after a share of the pixels was removed and filled linearly,
/// the most relevant first and the least relevant first.
public struct ROAD: Sendable, Hashable {
    /// Percentiles of the map that is kept, as pytorch-grad-cam has them.
    public static let percentiles = Array(stride(from: 10, through: 90, by: 10))

    /// Noise on what was filled, of which the imputation is named; the image is normalized.
    public static let noise: Float = 0.01

    /// The probability at each percentile with the most relevant pixels removed.
    public let mostRelevantFirst: [Double]
    /// … with the least relevant ones removed.
    public let leastRelevantFirst: [Double]

    /// Half of the mean difference, −0.5…0.5, the higher the better.
    public var combined: Double {
        let count = Double(max(mostRelevantFirst.count, 1))
        return (leastRelevantFirst.reduce(0, +) - mostRelevantFirst.reduce(0, +)) / count / 2
    }

    /// - Parameters:
    ///   - image: [1,C,H,W].
    ///   - map: of its size, its values as they are.
    ///   - noise: deviation of normal noise on filled values.
    ///   - seed: of the noise.
    package init(
        of image: Tensor, _ map: [Float], noise: Float = ROAD.noise, seed: UInt64 = 0, _ scoring: some ImageScoring
    ) async throws(InterpretationError) {
        let (channels, plane, width) = (image.shape[1], map.count, image.shape[3])
        let opposite = map.map { 1 - $0 }
        let variants = [map, opposite].flatMap { values in
            Self.percentiles.map { LinearImputation(removed: Self.removed(values, percentile: $0), width: width) }
        }
        let removed = [map, opposite].flatMap { values in
            Self.percentiles.map { Self.removed(values, percentile: $0) }
        }
        let numbers = try await scoring.numbers(variants.count) { index, target in
            image.withUnsafeValues { _ = target.update(fromContentsOf: $0) }
            var generator = SeededGenerator(seed: seed, sample: index)
            for channel in 0..<channels {
                let slice = UnsafeMutableBufferPointer(rebasing: target[channel * plane..<(channel + 1) * plane])
                variants[index].fill(slice)
                for pixel in 0..<plane where removed[index][pixel] {
                    slice[pixel] += noise * Float(generator.normalPair().0)
                }
            }
        }
        mostRelevantFirst = Array(numbers.prefix(Self.percentiles.count))
        leastRelevantFirst = Array(numbers.dropFirst(Self.percentiles.count))
    }

    /// What is at or above a percentile of the values.
    static func removed(_ values: [Float], percentile: Int) -> [Bool] {
        let sorted = values.map(Double.init).sorted()
        guard let threshold = Bootstrap.quantile(sorted, Double(percentile) / 100) else { return [] }
        return values.map { Double($0) >= threshold }
    }
}
