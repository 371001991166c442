extension Bitmap {
    /// A picture of `width` × `height` on which this one lies with its corner at (`x`, `y`), cut off where it reaches
    /// beyond; the rest is `fill`.
    ///
    /// - Throws: `PhotoError.invalidSize` where a side is not in 1...``longestSide`` or there would be more than
    ///   ``largestCount`` pixels.
    func placed(onWidth width: Int, height: Int, x: Int, y: Int, fill: RGBColor) throws(PhotoError) -> Bitmap {
        if x == 0, y == 0, width == self.width, height == self.height { return self }
        var result = try Bitmap(width: width, height: height, color: fill)
        let columns = max(x, 0)..<max(min(x + self.width, width), max(x, 0))
        for row in max(y, 0)..<max(min(y + self.height, height), max(y, 0)) where !columns.isEmpty {
            let from = ((row - y) * self.width + columns.lowerBound - x) * 3
            let to = (row * width + columns.lowerBound) * 3
            result.pixels.replaceSubrange(to..<to + columns.count * 3, with: pixels[from..<from + columns.count * 3])
        }
        return result
    }

    /// ITU-R 601 luma in all three samples, in the fixed point of Pillow's `convert("L")`.
    var grey: Bitmap {
        var grey = self
        grey.pixels.withUnsafeMutableBufferPointer { samples in
            for pixel in stride(from: 0, to: samples.count - 2, by: 3) {
                let (red, green, blue) = (Int(samples[pixel]), Int(samples[pixel + 1]), Int(samples[pixel + 2]))
                let luma = UInt8((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16)
                (samples[pixel], samples[pixel + 1], samples[pixel + 2]) = (luma, luma, luma)
            }
        }
        return grey
    }
}
