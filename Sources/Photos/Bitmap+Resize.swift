extension Bitmap {
    /// The picture at another size, bit for bit as the `Image.resize` of Pillow 13 makes it: one pass for each axis,
    /// with rounding to 8 bits between them. (Pillow 12 and earlier always begin with the horizontal pass, which moves
    /// some samples by one.)
    ///
    /// - Throws: `PhotoError.invalidSize` where a side is not in 1...``longestSide`` or there would be more than
    ///   ``largestCount`` pixels.
    public func resized(
        toWidth targetWidth: Int, height targetHeight: Int, filter: ResamplingFilter
    ) throws(PhotoError) -> Bitmap {
        try PictureSize.check(targetWidth, targetHeight)
        if filter == .nearest { return resizedToNearest(width: targetWidth, height: targetHeight) }
        let rowsLost = height - targetHeight, columnsLost = width - targetWidth
        let verticalFirst = rowsLost > 0 && rowsLost > 2 * columnsLost
        return verticalFirst
            ? resizedVertically(to: targetHeight, filter: filter).resizedHorizontally(to: targetWidth, filter: filter)
            : resizedHorizontally(to: targetWidth, filter: filter).resizedVertically(to: targetHeight, filter: filter)
    }

    private func resizedToNearest(width targetWidth: Int, height targetHeight: Int) -> Bitmap {
        let columns = Self.nearest(source: width, target: targetWidth)
        let rows = Self.nearest(source: height, target: targetHeight)
        let resized = [UInt8](unsafeUninitializedCapacity: targetWidth * targetHeight * 3) { target, initialized in
            pixels.withUnsafeBufferPointer { source in
                var to = 0
                for row in rows {
                    for column in columns {
                        let from = (row * width + column) * 3
                        target[to] = source[from]
                        target[to + 1] = source[from + 1]
                        target[to + 2] = source[from + 2]
                        to += 3
                    }
                }
            }
            initialized = targetWidth * targetHeight * 3
        }
        return Bitmap(trustedWidth: targetWidth, height: targetHeight, pixels: resized)
    }

    /// The source pixel under the centre of each target pixel, summed up step by step as Pillow's `ImagingScaleAffine`
    /// does, so that its rounding is met, too.
    private static func nearest(source: Int, target: Int) -> [Int] {
        let step = Double(source) / Double(target)
        var position = step * 0.5
        return (0..<target).map { _ in
            defer { position += step }
            return min(Int(position), source - 1)
        }
    }

    private func resizedHorizontally(to targetWidth: Int, filter: ResamplingFilter) -> Bitmap {
        guard targetWidth != width else { return self }
        let windows = ResamplingWindows(source: width, target: targetWidth, filter: filter)
        let weights = windows.fixedPointWeights
        let count = targetWidth * height * 3
        let resized = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            pixels.withUnsafeBufferPointer { source in
                weights.withUnsafeBufferPointer { weights in
                    guard let source = source.baseAddress, let weights = weights.baseAddress,
                        let target = target.baseAddress
                    else { return }
                    for row in 0..<height {
                        Self.resize(
                            row: source + row * width * 3, to: target + row * targetWidth * 3, through: windows,
                            weights: weights)
                    }
                }
            }
            initialized = count
        }
        return Bitmap(trustedWidth: targetWidth, height: height, pixels: resized)
    }

    private static func resize(
        row source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, through windows: ResamplingWindows,
        weights: UnsafePointer<Int32>
    ) {
        var weights = weights
        var target = target
        for window in windows.windows {
            var (red, green, blue) = (half, half, half)
            var sample = source + window.first * 3
            for tap in 0..<window.count {
                let weight = weights[tap]
                red &+= Int32(sample[0]) &* weight
                green &+= Int32(sample[1]) &* weight
                blue &+= Int32(sample[2]) &* weight
                sample += 3
            }
            target[0] = clamped(red)
            target[1] = clamped(green)
            target[2] = clamped(blue)
            target += 3
            weights += windows.stride
        }
    }

    private func resizedVertically(to targetHeight: Int, filter: ResamplingFilter) -> Bitmap {
        guard targetHeight != height else { return self }
        let windows = ResamplingWindows(source: height, target: targetHeight, filter: filter)
        let weights = windows.fixedPointWeights
        let rowSamples = width * 3
        let resized = [UInt8](unsafeUninitializedCapacity: rowSamples * targetHeight) { target, initialized in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: rowSamples) { sums in
                pixels.withUnsafeBufferPointer { source in
                    guard let source = source.baseAddress, let target = target.baseAddress,
                        let sums = sums.baseAddress
                    else { return }
                    for (row, window) in windows.windows.enumerated() {
                        sums.initialize(repeating: Self.half, count: rowSamples)
                        for tap in 0..<window.count {
                            let weight = weights[row * windows.stride + tap]
                            let from = source + (window.first + tap) * rowSamples
                            for index in 0..<rowSamples { sums[index] &+= Int32(from[index]) &* weight }
                        }
                        let to = target + row * rowSamples
                        for index in 0..<rowSamples { to[index] = Self.clamped(sums[index]) }
                    }
                }
            }
            initialized = rowSamples * targetHeight
        }
        return Bitmap(trustedWidth: width, height: targetHeight, pixels: resized)
    }

    /// One half in fixed point: rounds to nearest.
    private static let half: Int32 = 1 << (ResamplingWindows.fractionBits - 1)

    @inline(__always)
    private static func clamped(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: min(max(sum >> ResamplingWindows.fractionBits, 0), 255))
    }
}
