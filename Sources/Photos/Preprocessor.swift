internal import Foundation
public import Tensors

/// Turns photos into a network's input, number for number as Hugging Face's image processors do with Pillow.
public struct Preprocessor: Sendable {
    public let configuration: PreprocessorConfiguration
    /// For each channel, the input value of each of the 256 samples.
    private let values: [[Float]]

    public init(configuration: PreprocessorConfiguration) {
        self.configuration = configuration
        values = (0..<3).map { channel in
            (0..<256).map { sample in
                // In the precision that Hugging Face computes in: float64 to rescale, float32 to normalize.
                let rescaled = Float(Double(sample) * (configuration.rescaleFactor ?? 1))
                guard let normalization = configuration.normalization else { return rescaled }
                return (rescaled - Float(normalization.mean[channel]))
                    / Float(normalization.standardDeviation[channel])
            }
        }
    }

    /// The input for `bitmap`, with the geometry in pixels of the bitmap.
    ///
    /// - Throws: `PhotoError.invalidSize` where the resized picture would be too large.
    public func input(from bitmap: Bitmap) throws(PhotoError) -> NetworkInput {
        try input(from: bitmap, photoWidth: bitmap.width, photoHeight: bitmap.height)
    }

    /// The input for `photo`, with the geometry in pixels of the full-size upright photo.
    ///
    /// - Throws: `PhotoError.invalidSize` where the resized picture would be too large.
    public func input(from photo: DecodedPhoto) throws(PhotoError) -> NetworkInput {
        try input(from: photo.bitmap, photoWidth: photo.width, photoHeight: photo.height)
    }

    /// What ``input(from:)-(Bitmap)`` gives, as a pair.
    public func tensor(from bitmap: Bitmap) throws(PhotoError) -> (tensor: Tensor, geometry: InputGeometry) {
        let input = try input(from: bitmap)
        return (input.tensor, input.geometry)
    }

    private func input(from bitmap: Bitmap, photoWidth: Int, photoHeight: Int) throws(PhotoError) -> NetworkInput {
        // The size follows from the photo, not from the scale at which it was decoded.
        let size = try resizedSize(width: photoWidth, height: photoHeight)
        let resized =
            if size.width == bitmap.width, size.height == bitmap.height {
                bitmap
            } else {
                try bitmap.resized(toWidth: size.width, height: size.height, filter: configuration.filter)
            }
        let columns = CenteredSpan(length: size.width, crop: configuration.cropWidth)
        let rows = CenteredSpan(length: size.height, crop: configuration.cropHeight)
        return NetworkInput(
            tensor: try tensor(of: resized, columns: columns, rows: rows),
            geometry: try geometry(photoWidth: photoWidth, photoHeight: photoHeight))
    }

    /// Where the input of a photo of this size lies on it, without the photo.
    ///
    /// - Throws: `PhotoError.invalidSize` where the resized picture would be too large.
    public func geometry(photoWidth: Int, photoHeight: Int) throws(PhotoError) -> InputGeometry {
        try PictureSize.check(photoWidth, photoHeight)
        let size = try resizedSize(width: photoWidth, height: photoHeight)
        let columns = CenteredSpan(length: size.width, crop: configuration.cropWidth)
        let rows = CenteredSpan(length: size.height, crop: configuration.cropHeight)
        return InputGeometry(
            inputWidth: columns.extent, inputHeight: rows.extent, photoWidth: photoWidth, photoHeight: photoHeight,
            resizedWidth: size.width, resizedHeight: size.height, offsetX: columns.offset, offsetY: rows.offset)
    }

    /// torchvision's rule for the shortest edge: the longer side is cut off to whole pixels, not rounded.
    private func resizedSize(width: Int, height: Int) throws(PhotoError) -> (width: Int, height: Int) {
        switch configuration.size {
        case nil:
            return (width, height)
        case .exact(let width, let height):
            return (width, height)
        case .shortestEdge(let length, let longest):
            let (short, long) = (min(width, height), max(width, height))
            var newShort = length
            var newLong = Int(Double(length * long) / Double(short))
            if let longest, newLong > longest {
                newShort = max(Int(Double(longest * newShort) / Double(newLong)), 1)
                newLong = longest
            }
            guard newLong <= PreprocessorConfiguration.longestSide else {
                throw .invalidSize(
                    reason: "a photo of \(width)×\(height) pixels is too narrow for a shortest edge of \(length)")
            }
            return width <= height ? (newShort, newLong) : (newLong, newShort)
        }
    }

    /// [1, 3, H, W]; what lies outside of the picture is black before it is normalized, as Hugging Face pads.
    private func tensor(
        of bitmap: Bitmap, columns: CenteredSpan, rows: CenteredSpan
    ) throws(PhotoError) -> Tensor {
        let shape: Shape
        do {
            shape = try Shape([1, 3, rows.extent, columns.extent])
        } catch {
            throw .invalidSize(reason: "\(error)")
        }
        return Tensor(shape: shape) { target in
            bitmap.pixels.withUnsafeBufferPointer { pixels in
                for channel in 0..<3 {
                    values[channel].withUnsafeBufferPointer { values in
                        let plane = channel * rows.extent * columns.extent
                        for row in 0..<rows.extent {
                            let start = plane + row * columns.extent
                            guard rows.inside.contains(row) else {
                                for column in 0..<columns.extent { target[start + column] = values[0] }
                                continue
                            }
                            for column in 0..<columns.inside.lowerBound { target[start + column] = values[0] }
                            var from = ((row - rows.offset) * bitmap.width - columns.offset) * 3 + channel
                            from += columns.inside.lowerBound * 3
                            for column in columns.inside {
                                target[start + column] = values[Int(pixels[from])]
                                from += 3
                            }
                            for column in columns.inside.upperBound..<columns.extent {
                                target[start + column] = values[0]
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A network's input and where it lies on the photo.
public struct NetworkInput: Sendable {
    /// [1, 3, H, W]: red, green and blue planes.
    public let tensor: Tensor
    public let geometry: InputGeometry
}

/// One axis of a centre crop, with Hugging Face's rounding: a crop takes the odd pixel off the far side, a padding adds
/// it to the near side.
private struct CenteredSpan {
    /// Extent of the input.
    let extent: Int
    /// Input position of the picture's first pixel.
    let offset: Int
    /// Input positions that the picture covers.
    let inside: Range<Int>

    init(length: Int, crop: Int?) {
        extent = crop ?? length
        let surplus = length - extent
        offset = surplus >= 0 ? -(surplus / 2) : (1 - surplus) / 2
        inside = max(offset, 0)..<min(offset + length, extent)
    }
}
