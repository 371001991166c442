extension Bitmap {
    /// The picture turned upright. Its sides are swapped where the camera was held on its side.
    func upright(from orientation: EXIFOrientation) -> Bitmap {
        guard orientation != .upright else { return self }
        let (uprightWidth, uprightHeight) = orientation.swapsSides ? (height, width) : (width, height)
        let (lastColumn, lastRow) = (width - 1, height - 1)
        // Where the upright pixel (x, y) is stored: first + x·across + y·down, counted in pixels.
        let (first, across, down): (Int, Int, Int) =
            switch orientation {
            case .upright: (0, 1, width)
            case .mirrored: (lastColumn, -1, width)
            case .upsideDown: (lastRow * width + lastColumn, -1, -width)
            case .mirroredUpsideDown: (lastRow * width, 1, -width)
            case .transposed: (0, width, 1)
            case .turnedLeft: (lastRow * width, -width, 1)
            case .transversed: (lastRow * width + lastColumn, -width, -1)
            case .turnedRight: (lastColumn, width, -1)
            }
        let turned = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, initialized in
            pixels.withUnsafeBufferPointer { source in
                Self.copy(
                    from: source, first: first, across: across, down: down, to: target, width: uprightWidth,
                    height: uprightHeight)
            }
            initialized = pixels.count
        }
        return Bitmap(trustedWidth: uprightWidth, height: uprightHeight, pixels: turned)
    }

    /// In tiles, so that the lines of the cache that a column touches are still there for the next column.
    private static func copy(
        from source: UnsafeBufferPointer<UInt8>, first: Int, across: Int, down: Int,
        to target: UnsafeMutableBufferPointer<UInt8>, width: Int, height: Int
    ) {
        let tile = 32
        for top in stride(from: 0, to: height, by: tile) {
            for left in stride(from: 0, to: width, by: tile) {
                for y in top..<min(top + tile, height) {
                    var from = (first + y * down + left * across) * 3
                    var to = (y * width + left) * 3
                    for _ in left..<min(left + tile, width) {
                        target[to] = source[from]
                        target[to + 1] = source[from + 1]
                        target[to + 2] = source[from + 2]
                        from += across * 3
                        to += 3
                    }
                }
            }
        }
    }
}
