public import Tensors

/// What is put where a part of an image is hidden. There are several, since one may leave a silhouette that decides.
public enum Filling: String, Sendable, Hashable, CaseIterable {
    /// What is not hidden, blurred until it reaches everywhere: see ``BlurredSurroundings``.
    case blurred
    /// 0 of the normalized input: the mean colour where preprocessing subtracts it.
    case mean
    /// Grown into the hole from its edge as heat spreads: see ``Diffusion``.
    case inpainted

    /// The image with the pixels of `hidden` filled; the others are as they were. No value of a hidden pixel has any
    /// influence. Where all pixels are hidden, they become 0.
    ///
    /// - Parameters:
    ///   - input: [1,C,H,W], normalized.
    ///   - hidden: [H,W].
    /// - Throws: `sizeMismatch` where they do not fit one another.
    public func fill(_ input: Tensor, _ hidden: PixelMask) throws(LocalizationError) -> Tensor {
        var result = input
        try fill(input, hidden) { filled in
            result.withUnsafeMutableValues { _ = $0.update(fromContentsOf: filled) }
        }
        return result
    }

    /// The same, the values [C,H,W] handed to `read`.
    func fill(
        _ input: Tensor, _ hidden: PixelMask, read: (UnsafeBufferPointer<Float>) -> Void
    ) throws(LocalizationError) {
        guard input.shape.rank == 4, input.shape[0] == 1 else {
            throw .sizeMismatch("the input should be one image [1,C,H,W], got shape \(input.shape)")
        }
        guard hidden.height == input.shape[2], hidden.width == input.shape[3] else {
            throw .sizeMismatch(
                "a mask of \(hidden.width)×\(hidden.height) pixels does not fit an input of shape \(input.shape)")
        }
        var values = input.values
        let plane = hidden.pixels.count
        values.withUnsafeMutableBufferPointer { values in
            for start in stride(from: 0, to: values.count, by: plane) {
                for (pixel, isHidden) in hidden.pixels.enumerated() where isHidden { values[start + pixel] = 0 }
            }
        }
        if hidden.pixels.contains(true), hidden.pixels.contains(false) {
            switch self {
            case .mean: break
            case .blurred: BlurredSurroundings.fill(&values, hidden)
            case .inpainted: Diffusion().fill(&values, hidden)
            }
        }
        values.withUnsafeBufferPointer(read)
    }
}

/// One number for each filling.
public struct FillingReadings: Sendable, Hashable {
    public var blurred: Double
    public var mean: Double
    public var inpainted: Double

    public init(blurred: Double, mean: Double, inpainted: Double) {
        self.blurred = blurred
        self.mean = mean
        self.inpainted = inpainted
    }

    /// In the order of `Filling.allCases`.
    init(_ numbers: ArraySlice<Double>) {
        let first = numbers.startIndex
        self.init(blurred: numbers[first], mean: numbers[first + 1], inpainted: numbers[first + 2])
    }

    /// The one in the middle: a single filling that deceives the network does not decide.
    public var median: Double { [blurred, mean, inpainted].sorted()[1] }
}
