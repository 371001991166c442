public import Tensors

/// Numbers in the network's own units as pictures.
public enum TensorPicture {
    /// A signed tensor [C,H,W] around grey: the largest magnitude is black or white. Three channels are red, green and
    /// blue; of any other number the mean is drawn.
    ///
    /// - Throws: `PhotoError.invalidMap` where the tensor is no image, `.invalidSize`.
    public static func signed(_ tensor: Tensor) throws(PhotoError) -> Bitmap {
        let largest = tensor.withUnsafeValues { values in
            values.reduce(Float(0)) { $1.isFinite ? max($0, abs($1)) : $0 }
        }
        let factor = largest > 0 ? 0.5 / largest : 0
        return try picture(of: tensor) { value, _ in 0.5 + factor * value }
    }

    /// An input of a network [3,H,W] as the colours it was made of.
    ///
    /// - Parameter stretches: whether the deviations from the mean colour are stretched such that 99.5 % of them fit between
    ///   black and white; for images that nothing keeps in the range of colours. Else what is outside is clipped.
    /// - Returns: the picture, and the factor by which the contrast was stretched.
    /// - Throws: `PhotoError.invalidMap` where the tensor has not three channels, `.invalidSize`.
    public static func colours(
        _ tensor: Tensor, preprocessing: PreprocessorConfiguration, stretches: Bool
    ) throws(PhotoError) -> (picture: Bitmap, contrast: Double) {
        guard tensor.shape.rank == 3, tensor.shape[0] == 3 else {
            throw .invalidMap(reason: "colours have three channels, this has the shape \(tensor.shape)")
        }
        let mean = (preprocessing.normalization?.mean ?? [0, 0, 0]).map { Float($0 - preprocessing.rescaleOffset) }
        let deviation = (preprocessing.normalization?.standardDeviation ?? [1, 1, 1]).map { Float($0) }
        let white = Float(255 * preprocessing.rescaleFactor)
        guard stretches else {
            let picture = try picture(of: tensor) { value, channel in
                (value * deviation[channel] + mean[channel]) / white
            }
            return (picture, 1)
        }
        let plane = tensor.count / 3
        let magnitudes = tensor.withUnsafeValues { values in
            values.indices.map { index in
                let magnitude = abs(values[index]) * deviation[index / max(plane, 1)] / white
                return magnitude.isFinite ? magnitude : 0
            }.sorted()
        }
        let typical = magnitudes.isEmpty ? 0 : magnitudes[Int(Double(magnitudes.count - 1) * 0.995)]
        let factor = typical > 0 ? 0.5 / typical : 1
        let picture = try picture(of: tensor) { value, channel in
            0.5 + factor * value * deviation[channel] / white
        }
        return (picture, Double(factor))
    }

    /// - Parameter brightness: of a value of a channel, 0…1.
    private static func picture(
        of tensor: Tensor, brightness: (_ value: Float, _ channel: Int) -> Float
    ) throws(PhotoError) -> Bitmap {
        let extents = tensor.shape.dimensions
        guard extents.count == 3, extents[0] > 0, tensor.count > 0 else {
            throw .invalidMap(reason: "an image [C,H,W] is needed, this has the shape \(tensor.shape)")
        }
        let (channels, plane) = (extents[0], extents[1] * extents[2])
        let pixels = tensor.withUnsafeValues { values in
            [UInt8](unsafeUninitializedCapacity: plane * 3) { target, initialized in
                for index in 0..<plane {
                    for channel in 0..<3 {
                        var value: Float = 0
                        if channels == 3 {
                            value = brightness(values[channel * plane + index], channel)
                        } else {
                            for other in 0..<channels { value += brightness(values[other * plane + index], other) }
                            value /= Float(channels)
                        }
                        // Written so that NaN becomes 0.
                        target[index * 3 + channel] = value > 0 ? UInt8(min(value, 1) * 255 + 0.5) : 0
                    }
                }
                initialized = plane * 3
            }
        }
        return try Bitmap(width: extents[2], height: extents[1], pixels: pixels)
    }
}
