package import Photos
package import Tensors
import WireProtocol

/// What a network that draws has drawn.
package enum GeneratedPictures {
    private static let mostPictures = 1024

    /// One picture as it is; several in rows, as square as can be, with a gap between them.
    ///
    /// - Parameter tensor: [N,3,H,W] red, green, blue, or [N,1,H,W] grey.
    /// - Throws: `RPCError` for other shapes, `PhotoError` where the sheet would be too large.
    package static func sheet(of tensor: Tensor, _ range: ValueRange) throws -> Bitmap {
        let extents = tensor.shape.dimensions
        guard extents.count == 4, extents[1] == 1 || extents[1] == 3, extents.allSatisfy({ $0 > 0 }),
            extents[0] <= mostPictures
        else {
            throw RPCError(
                .methodNotApplicable,
                "a picture needs an output [N,3,H,W] or [N,1,H,W] with up to \(mostPictures) pictures, this one is "
                    + "\(tensor.shape); write it as .npy")
        }
        let (count, height, width) = (extents[0], extents[2], extents[3])
        if count == 1 { return try picture(0, of: tensor, range) }
        let columns = Int(Double(count).squareRoot().rounded(.up))
        let rows = (count + columns - 1) / columns
        let gap = max(width / 32, 2)
        var canvas = Canvas(
            try Bitmap(
                width: columns * (width + gap) + gap, height: rows * (height + gap) + gap, color: .white))
        for index in 0..<count {
            canvas.paste(
                try picture(index, of: tensor, range), x: gap + index % columns * (width + gap),
                y: gap + index / columns * (height + gap))
        }
        return canvas.bitmap
    }

    private static func picture(_ item: Int, of tensor: Tensor, _ range: ValueRange) throws -> Bitmap {
        let extents = tensor.shape.dimensions
        let (channels, height, width) = (extents[1], extents[2], extents[3])
        let plane = height * width
        let pixels = tensor.withUnsafeValues { values in
            var pixels = [UInt8](repeating: 0, count: plane * 3)
            for channel in 0..<3 {
                let start = (item * channels + min(channel, channels - 1)) * plane
                for index in 0..<plane { pixels[index * 3 + channel] = range.sample(values[start + index]) }
            }
            return pixels
        }
        return try Bitmap(width: width, height: height, pixels: pixels)
    }
}
