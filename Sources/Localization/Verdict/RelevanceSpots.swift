public import Tensors

/// Small places on the animal where relevance comes together: what a tag at a collar, or a seam that was pasted, would be.
///
/// A network that looks at an animal loses a small place of it without forgetting what the animal is. One that has learned
/// a mark which hangs on the animal does not, although all that hides the animal hides the mark as well.
public enum RelevanceSpots {
    /// The area of a spot, as a share of the animal's.
    public static let share = 0.08
    /// So many are tried at most.
    public static let most = 3

    /// The squares with most positive relevance whose middle lies on the animal, strongest first, none over another.
    ///
    /// - Parameters:
    ///   - attribution: [C,H,W], signed; channels are added up.
    ///   - region: what counts as the animal, [H,W].
    /// - Returns: masks [H,W]; none where the attribution has another size, or nothing positive on the animal.
    public static func spots(of attribution: Tensor, on region: PixelMask) -> [PixelMask] {
        let (width, height) = (region.width, region.height)
        guard attribution.shape.rank == 3, attribution.shape[1] == height, attribution.shape[2] == width else {
            return []
        }
        var relevance = [Double](repeating: 0, count: width * height)
        attribution.withUnsafeValues { values in
            for (index, value) in values.enumerated() where value.isFinite {
                relevance[index % relevance.count] += Double(value)
            }
        }
        for index in relevance.indices { relevance[index] = max(relevance[index], 0) }
        let side = max(Int((Double(region.area) * share).squareRoot().rounded()), 3)
        guard side < min(width, height) else { return [] }
        var found: [PixelMask] = []
        while found.count < most, let (x, y) = strongest(relevance, side, region) {
            var pixels = [Bool](repeating: false, count: width * height)
            for row in y..<y + side {
                for column in x..<x + side {
                    pixels[row * width + column] = true
                    relevance[row * width + column] = 0
                }
            }
            found.append(PixelMask(unchecked: pixels, width: width))
        }
        return found
    }

    /// The upper left corner of the square with the largest sum; nil where there is none above 0.
    private static func strongest(_ relevance: [Double], _ side: Int, _ region: PixelMask) -> (x: Int, y: Int)? {
        let (width, height) = (region.width, region.height)
        // Sums over everything above and to the left.
        var sums = [Double](repeating: 0, count: (width + 1) * (height + 1))
        for y in 0..<height {
            var row = 0.0
            for x in 0..<width {
                row += relevance[y * width + x]
                sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row
            }
        }
        var best: (sum: Double, x: Int, y: Int) = (0, 0, 0)
        for y in 0...height - side {
            for x in 0...width - side where region.pixels[(y + side / 2) * width + x + side / 2] {
                let (top, bottom) = (y * (width + 1), (y + side) * (width + 1))
                let sum = sums[bottom + x + side] - sums[bottom + x] - sums[top + x + side] + sums[top + x]
                if sum > best.sum { best = (sum, x, y) }
            }
        }
        return best.sum > 0 ? (best.x, best.y) : nil
    }
}
