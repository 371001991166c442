package import Interpretation
package import Tensors

/// What the class's probability becomes where the photo is seen only as far as the map lets it through (Chattopadhyay et al.
/// 2018, "Grad-CAM++", §4.1).
public struct ConfidenceChange: Sendable, Hashable {
    /// Of the photo as it is.
    public let before: Double
    /// Of the photo times its map.
    public let after: Double

    public init(before: Double, after: Double) {
        self.before = before
        self.after = after
    }

    /// max(0, Y − O)/Y: its mean over photos is the average drop, 0…1, the lower the better.
    public var drop: Double { before > 0 ? max(0, before - after) / before : 0 }
    /// Whether the probability grew: its share over photos is the average increase, the higher the better.
    public var isIncrease: Bool { after > before }

    /// - Parameters:
    ///   - image: [1,C,H,W].
    ///   - map: of its size; each value multiplies its pixel's channels.
    package init(
        of image: Tensor, _ map: NormalizedMap, _ scoring: some ImageScoring
    ) async throws(InterpretationError) {
        let plane = map.values.count
        let numbers = try await scoring.numbers(2) { index, target in
            image.withUnsafeValues { image in
                for place in target.indices {
                    target[place] = image[place] * (index == 0 ? 1 : map.values[place % plane])
                }
            }
        }
        self.init(before: numbers[0], after: numbers[1])
    }
}
