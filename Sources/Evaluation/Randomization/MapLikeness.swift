public import Interpretation
public import Tensors

/// How much of a map is left when the network is random: 1 where it is the same, 0 where nothing is.
public struct MapLikeness: Sendable, Hashable {
    /// Rank correlation of the magnitudes, −1…1; 0 where a map has no contrast.
    public let correlation: Double
    /// Structural similarity of the magnitudes, −1…1; nil of maps too small for it.
    public let similarity: Double?

    public init(_ trained: Tensor, _ random: Tensor) {
        let (a, b) = (Self.magnitudes(trained), Self.magnitudes(random))
        correlation = RankCorrelation.spearman(a.values, b.values) ?? 0
        similarity = StructuralSimilarity.ofNormalized(a, b)
    }

    private static func magnitudes(_ map: Tensor) -> Tensor {
        Tensor(shape: map.shape) { target in
            map.withUnsafeValues { for index in target.indices { target[index] = abs($0[index]) } }
        }
    }

    /// What the likeness says where the upper half of the layers is random; the bounds are those of
    /// `Documentation/RandomizationCheck.md`.
    public static func verdict(_ correlation: Double) -> RandomizationCheck.Verdict {
        correlation >= 0.5 ? .fails : correlation >= 0.35 ? .partly : .passes
    }
}
