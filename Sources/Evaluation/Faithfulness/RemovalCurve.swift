package import Interpretation
package import Tensors

/// What becomes of the class's probability while the most relevant pixels are taken away (deletion), or added to a blurred
/// photo (insertion), in equal steps (Petsiuk, Das and Saenko 2018, "RISE", §4.1). A map that names what the network decides
/// on makes the first fall soon, and the second rise soon.
public enum RemovalCurve: Sendable, CaseIterable {
    /// From the photo to 0, the mean colour of a normalized input.
    case deletion
    /// From the blurred photo to the photo.
    case insertion

    /// - Parameters:
    ///   - image: [1,C,H,W].
    ///   - ranking: of its H·W pixels.
    ///   - steps: how many; the authors change as many pixels at once as the photo is wide.
    /// - Returns: the class's number after each step, the first without any; ``PixelRanking/area(under:)`` is the measure.
    package func curve(
        of image: Tensor, _ ranking: PixelRanking, steps: Int, _ scoring: some ImageScoring
    ) async throws(InterpretationError) -> [Double] {
        let channels = image.shape[1]
        let plane = image.shape[2] * image.shape[3]
        let start: Tensor
        switch self {
        case .deletion: start = image
        case .insertion: start = RISEBlur.blurred(image)
        }
        let counts = PixelRanking.steps(steps, of: plane)
        return try await scoring.numbers(counts.count) { index, target in
            start.withUnsafeValues { _ = target.update(fromContentsOf: $0) }
            image.withUnsafeValues { image in
                for pixel in ranking.order.prefix(counts[index]) {
                    for channel in 0..<channels {
                        let place = channel * plane + pixel
                        target[place] = self == .deletion ? 0 : image[place]
                    }
                }
            }
        }
    }
}
