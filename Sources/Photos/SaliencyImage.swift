public import Tensors

/// Pictures of how much each pixel matters.
public enum SaliencyImage {
    /// The share of values that are not clipped to white: a few extreme pixels would else leave the rest black.
    public static let whitePercentile = 0.995

    /// A map [h, w] of values ≥ 0 as a grey picture of `width` × `height`, scaled so that the 99.5th percentile is
    /// white; negative values and NaN count as 0, and a map without a value above 0 is black.
    ///
    /// - Parameters:
    ///   - region: where on the picture the map lies; `nil` for all of it. The rest stays black.
    ///   - missing: what of the picture stays black although the map covers it; `nil` for nothing.
    /// - Throws: `PhotoError.invalidMap` or `.invalidSize`.
    public static func grey(
        from map: Tensor, width: Int, height: Int, region: PixelRectangle? = nil, without missing: PixelRectangle? = nil
    ) throws(PhotoError) -> GreyBitmap {
        try PictureSize.check(width, height)
        _ = try Resampling.planeSize(of: map)
        let white = whitePoint(of: map)
        guard white > 0, let placed = try PlacedMap(map, region: region, width: width, height: height) else {
            return try GreyBitmap(width: width, height: height, pixels: [UInt8](repeating: 0, count: width * height))
        }
        let scale = 255 / white
        var pixels = [UInt8](repeating: 0, count: width * height)
        placed.forEachRow { row, firstColumn, values in
            for (index, value) in values.enumerated() {
                // Written so that NaN becomes 0.
                pixels[row * width + firstColumn + index] = value > 0 ? UInt8(min(value * scale, 255) + 0.5) : 0
            }
        }
        if let missing, let range = PixelRange(missing, width: width, height: height) {
            for row in range.rows {
                for column in range.columns { pixels[row * width + column] = 0 }
            }
        }
        return try GreyBitmap(width: width, height: height, pixels: pixels)
    }

    /// The percentile, or the largest value where so few are above 0 that the percentile is 0.
    private static func whitePoint(of map: Tensor) -> Float {
        map.withUnsafeValues { values in
            let largest = values.reduce(0) { $1 > $0 && $1.isFinite ? $1 : $0 }
            let rank = Int((Double(values.count - 1) * whitePercentile).rounded())
            let percentile = smallest(rank, of: values)
            return percentile > 0 && percentile.isFinite ? percentile : largest
        }
    }

    /// The value of the given rank, 0 the smallest. The bits of floats ≥ 0 order as the floats do, so two histograms,
    /// of the upper and then the lower 16 bits, find it in linear time.
    private static func smallest(_ rank: Int, of values: UnsafeBufferPointer<Float>) -> Float {
        func bits(_ value: Float) -> UInt32 { value > 0 ? value.bitPattern : 0 }
        func find(_ rank: Int, in histogram: [Int]) -> (bin: Int, before: Int) {
            var before = 0
            for (bin, count) in histogram.enumerated() {
                if before + count > rank { return (bin, before) }
                before += count
            }
            return (histogram.count - 1, before)
        }
        var upper = [Int](repeating: 0, count: 1 << 16)
        for value in values { upper[Int(bits(value) >> 16)] += 1 }
        let high = find(rank, in: upper)
        var lower = [Int](repeating: 0, count: 1 << 16)
        for value in values where Int(bits(value) >> 16) == high.bin { lower[Int(bits(value) & 0xffff)] += 1 }
        let low = find(rank - high.before, in: lower)
        return Float(bitPattern: UInt32(high.bin) << 16 | UInt32(low.bin))
    }
}
