import Foundation

/// A linear map of images [C,H,W] to images of the same size, and its adjoint: gradients go back through the adjoint, and
/// so are exact. ⟨A·x, y⟩ = ⟨x, Aᵀ·y⟩ for all x and y.
public protocol ImageTransform: Sendable {
    /// A·x.
    func applied(to image: [Float], _ extents: ImageExtents) -> [Float]
    /// Aᵀ·y.
    func adjoint(of signal: [Float], _ extents: ImageExtents) -> [Float]
}

/// Shifts by whole pixels; what leaves at one side comes in at the other (Mordvintsev et al. 2015, "Inceptionism").
public struct Jitter: ImageTransform {
    public let down: Int
    public let right: Int

    public init(down: Int, right: Int) {
        self.down = down
        self.right = right
    }

    public func applied(to image: [Float], _ extents: ImageExtents) -> [Float] {
        rolled(image, extents, down: down, right: right)
    }

    public func adjoint(of signal: [Float], _ extents: ImageExtents) -> [Float] {
        rolled(signal, extents, down: -down, right: -right)
    }

    private func rolled(_ image: [Float], _ extents: ImageExtents, down: Int, right: Int) -> [Float] {
        var result = image
        let (height, width) = (extents.height, extents.width)
        let offset = ((right % width) + width) % width
        for channel in 0..<extents.channels {
            for y in 0..<height {
                let source = (channel * height + y) * width
                let target = (channel * height + ((y + down) % height + height) % height) * width
                for x in 0..<width { result[target + (x + offset) % width] = image[source + x] }
            }
        }
        return result
    }
}

/// Turns and scales about the centre, with linear interpolation; from outside comes 0, the mean colour of what is
/// normalized.
public struct Similarity: ImageTransform {
    /// Radians.
    public let angle: Double
    /// Above 1 enlarges.
    public let scale: Double

    public init(angle: Double, scale: Double) {
        self.angle = angle
        self.scale = scale
    }

    public func applied(to image: [Float], _ extents: ImageExtents) -> [Float] {
        var result = [Float](repeating: 0, count: image.count)
        forEachTap(extents) { target, source, weight in
            for plane in stride(from: 0, to: image.count, by: extents.planeCount) {
                result[plane + target] += weight * image[plane + source]
            }
        }
        return result
    }

    public func adjoint(of signal: [Float], _ extents: ImageExtents) -> [Float] {
        var result = [Float](repeating: 0, count: signal.count)
        forEachTap(extents) { target, source, weight in
            for plane in stride(from: 0, to: signal.count, by: extents.planeCount) {
                result[plane + source] += weight * signal[plane + target]
            }
        }
        return result
    }

    /// For each pixel of the result the up to four of the image that it is made of.
    private func forEachTap(_ extents: ImageExtents, _ body: (_ target: Int, _ source: Int, _ weight: Float) -> Void) {
        let (height, width) = (extents.height, extents.width)
        let (centreY, centreX) = (Double(height - 1) / 2, Double(width - 1) / 2)
        let (cosine, sine) = (cos(angle) / scale, sin(angle) / scale)
        for y in 0..<height {
            for x in 0..<width {
                let (fromCentreY, fromCentreX) = (Double(y) - centreY, Double(x) - centreX)
                let sourceX = cosine * fromCentreX - sine * fromCentreY + centreX
                let sourceY = sine * fromCentreX + cosine * fromCentreY + centreY
                let (left, top) = (sourceX.rounded(.down), sourceY.rounded(.down))
                let (shareX, shareY) = (Float(sourceX - left), Float(sourceY - top))
                guard left >= -1, top >= -1, left < Double(width), top < Double(height) else { continue }
                for (row, weightY) in [(Int(top), 1 - shareY), (Int(top) + 1, shareY)] where (0..<height).contains(row)
                {
                    for (column, weightX) in [(Int(left), 1 - shareX), (Int(left) + 1, shareX)]
                    where (0..<width).contains(column) {
                        body(y * width + x, row * width + column, weightY * weightX)
                    }
                }
            }
        }
    }
}

/// Gaussian blur; beyond the edge the outermost pixel continues (Yosinski et al. 2015, "Understanding Neural Networks
/// Through Deep Visualization", §4).
public struct GaussianBlur: ImageTransform {
    private let weights: [Float]

    /// - Parameter sigma: in pixels; 0 leaves the image as it is.
    public init(sigma: Double) {
        let radius = Int((3 * max(sigma, 0)).rounded(.up))
        let raw = (-radius...radius).map { sigma > 0 ? exp(-Double($0 * $0) / (2 * sigma * sigma)) : 1 }
        let sum = raw.reduce(0, +)
        weights = raw.map { Float($0 / sum) }
    }

    public func applied(to image: [Float], _ extents: ImageExtents) -> [Float] {
        blurred(
            blurred(image, extents, isVertical: false, isAdjoint: false), extents, isVertical: true, isAdjoint: false)
    }

    public func adjoint(of signal: [Float], _ extents: ImageExtents) -> [Float] {
        blurred(
            blurred(signal, extents, isVertical: true, isAdjoint: true), extents, isVertical: false, isAdjoint: true)
    }

    private func blurred(
        _ image: [Float], _ extents: ImageExtents, isVertical: Bool, isAdjoint: Bool
    ) -> [Float] {
        var result = [Float](repeating: 0, count: image.count)
        let (length, step) = isVertical ? (extents.height, extents.width) : (extents.width, 1)
        let radius = weights.count / 2
        for index in image.indices {
            let position = isVertical ? index / extents.width % extents.height : index % extents.width
            for (tap, weight) in weights.enumerated() {
                let other = index + (min(max(position + tap - radius, 0), length - 1) - position) * step
                if isAdjoint { result[other] += weight * image[index] } else { result[index] += weight * image[other] }
            }
        }
        return result
    }
}
