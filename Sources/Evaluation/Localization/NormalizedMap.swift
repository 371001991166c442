public import Tensors

/// A heat map brought to 0…1 by its lowest and highest value, as Choe et al. 2020 ("Evaluating Weakly Supervised Object
/// Localization Methods Right") do before they cut at a threshold.
public struct NormalizedMap: Sendable {
    public let width: Int
    public let height: Int
    /// Row by row, 0…1; all 0 where the map has no contrast.
    public let values: [Float]

    /// - Parameter map: [h,w], the higher the more it counts. What is not finite counts as the lowest value.
    public init?(_ map: Tensor) {
        guard map.shape.rank == 2, map.count > 0 else { return nil }
        (height, width) = (map.shape[0], map.shape[1])
        values = Self.values(of: map)
    }

    /// - Parameter values: width·height of them.
    init(width: Int, height: Int, stretching values: [Float]) {
        self.width = width
        self.height = height
        self.values = values.withUnsafeBufferPointer(Self.stretched)
    }

    /// The map (value − min) / (max − min).
    static func values(of map: Tensor) -> [Float] { map.withUnsafeValues(stretched) }

    private static func stretched(_ values: UnsafeBufferPointer<Float>) -> [Float] {
        var (low, high) = (Float.infinity, -Float.infinity)
        for value in values where value.isFinite { (low, high) = (min(low, value), max(high, value)) }
        guard high > low else { return [Float](repeating: 0, count: values.count) }
        let scale = 1 / (high - low)
        return values.map { $0.isFinite ? ($0 - low) * scale : 0 }
    }
}
