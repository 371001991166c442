/// How much an image changes from pixel to pixel: Σ √((∂ₓx)² + (∂ᵧx)² + ε²) − ε over all channels, with differences to the
/// right and downwards, none beyond the edge (Rudin, Osher and Fatemi 1992; Mahendran and Vedaldi 2015). The ε makes it
/// differentiable where nothing changes.
public enum TotalVariation {
    static let epsilon: Float = 1e-3

    /// The sum and its gradient [C·H·W].
    public static func valueAndGradient(of image: [Float], _ extents: ImageExtents) -> (
        value: Double, gradient: [Float]
    ) {
        var gradient = [Float](repeating: 0, count: image.count)
        var value = 0.0
        for index in image.indices {
            let (y, x) = (index / extents.width % extents.height, index % extents.width)
            let right = x + 1 < extents.width ? image[index + 1] - image[index] : 0
            let down = y + 1 < extents.height ? image[index + extents.width] - image[index] : 0
            let length = (right * right + down * down + epsilon * epsilon).squareRoot()
            value += Double(length - epsilon)
            if x + 1 < extents.width {
                gradient[index + 1] += right / length
                gradient[index] -= right / length
            }
            if y + 1 < extents.height {
                gradient[index + extents.width] += down / length
                gradient[index] -= down / length
            }
        }
        return (value, gradient)
    }
}
