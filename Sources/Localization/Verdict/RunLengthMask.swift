/// A mask as COCO writes it without compression, column by column, the first run outside of the object. It is never
/// unpacked at its own size, which anybody may claim to be anything.
public struct RunLengthMask: Sendable {
    public let width: Int
    public let height: Int
    /// Where each run ends, in pixels column by column.
    private let ends: [Int]

    /// The longest side that is read, in pixels.
    public static let longestSide = 65_535

    /// - Throws: `sizeMismatch` where a side is not in 1…65535, a run is negative, or the runs do not fill the picture.
    public init(width: Int, height: Int, counts: [Int]) throws(LocalizationError) {
        let sides = 1...Self.longestSide
        guard sides.contains(width), sides.contains(height) else {
            throw .sizeMismatch(
                "the mask's size should be [height, width], 1 to \(Self.longestSide) each, got [\(height), \(width)]")
        }
        var ends: [Int] = []
        ends.reserveCapacity(counts.count)
        var end = 0
        for count in counts {
            let (sum, overflow) = end.addingReportingOverflow(count)
            guard count >= 0, !overflow, sum <= width * height else {
                throw .sizeMismatch(
                    "the mask's counts should be run lengths that sum to \(height)·\(width) = \(height * width); "
                        + (count < 0 ? "one is \(count)" : "they sum to more"))
            }
            end = sum
            ends.append(end)
        }
        guard end == width * height else {
            throw .sizeMismatch(
                "the mask's counts should sum to \(height)·\(width) = \(height * width), they sum to \(end)")
        }
        self.width = width
        self.height = height
        self.ends = ends
    }

    /// The mask at another size, each pixel that of the one under its centre.
    ///
    /// - Throws: `sizeMismatch` where the new size has no pixels.
    public func sampled(width newWidth: Int, height newHeight: Int) throws(LocalizationError) -> PixelMask {
        guard newWidth > 0, newHeight > 0 else {
            throw .sizeMismatch("a mask of \(newWidth)×\(newHeight) pixels has none")
        }
        var pixels = [Bool](repeating: false, count: newWidth * newHeight)
        for x in 0..<newWidth {
            let column = (2 * x + 1) * width / (2 * newWidth) * height
            for y in 0..<newHeight {
                let place = column + (2 * y + 1) * height / (2 * newHeight)
                pixels[y * newWidth + x] = run(of: place) % 2 == 1
            }
        }
        return try PixelMask(width: newWidth, height: newHeight, pixels: pixels)
    }

    /// Whether the pixel in column `x` and row `y` belongs to the object; none beyond the mask does.
    public func contains(x: Int, y: Int) -> Bool {
        (0..<width).contains(x) && (0..<height).contains(y) && run(of: x * height + y) % 2 == 1
    }

    /// The run that a pixel belongs to: the first that ends behind it.
    private func run(of place: Int) -> Int {
        var (low, high) = (0, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] > place { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
