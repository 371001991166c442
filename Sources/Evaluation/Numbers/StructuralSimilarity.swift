public import Tensors

/// How much two maps look alike (Wang, Bovik, Sheikh and Simoncelli 2004, "Image Quality Assessment", eq. 13), with
/// scikit-image's defaults: windows of 7×7 pixels of equal weight, variances of n − 1, K₁ = 0.01, K₂ = 0.03, and the mean over
/// the windows that lie wholly within the map.
public enum StructuralSimilarity {
    private static let window = 7

    /// Of two maps of one size, each brought to 0…1 before; −1…1. Nil where a side is smaller than a window, or where the
    /// sizes differ.
    public static func ofNormalized(_ a: Tensor, _ b: Tensor) -> Double? {
        guard a.shape.rank == 2, a.shape == b.shape, min(a.shape[0], a.shape[1]) >= window else { return nil }
        let (height, width) = (a.shape[0], a.shape[1])
        let (x, y) = (NormalizedMap.values(of: a), NormalizedMap.values(of: b))
        let sums = [
            SummedArea(width: width, height: height) { Double(x[$0]) },
            SummedArea(width: width, height: height) { Double(y[$0]) },
            SummedArea(width: width, height: height) { Double(x[$0]) * Double(x[$0]) },
            SummedArea(width: width, height: height) { Double(y[$0]) * Double(y[$0]) },
            SummedArea(width: width, height: height) { Double(x[$0]) * Double(y[$0]) },
        ]
        let count = Double(window * window)
        let sample = count / (count - 1)
        let (c1, c2) = (0.01 * 0.01, 0.03 * 0.03)
        var total = 0.0
        for top in 0...height - window {
            for left in 0...width - window {
                let means = sums.map { $0.sum(left: left, top: top, side: window) / count }
                let (mx, my) = (means[0], means[1])
                let (vx, vy) = (sample * (means[2] - mx * mx), sample * (means[3] - my * my))
                let covariance = sample * (means[4] - mx * my)
                total +=
                    (2 * mx * my + c1) * (2 * covariance + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2))
            }
        }
        return total / Double((height - window + 1) * (width - window + 1))
    }
}

/// Sums over squares of a plane, in four steps each.
private struct SummedArea {
    /// [height + 1, width + 1]: the sum of all that lies above and to the left.
    private let table: [Double]
    private let stride: Int

    init(width: Int, height: Int, _ value: (Int) -> Double) {
        stride = width + 1
        var table = [Double](repeating: 0, count: stride * (height + 1))
        for y in 0..<height {
            var row = 0.0
            for x in 0..<width {
                row += value(y * width + x)
                table[(y + 1) * stride + x + 1] = table[y * stride + x + 1] + row
            }
        }
        self.table = table
    }

    func sum(left: Int, top: Int, side: Int) -> Double {
        let (upper, lower) = (top * stride, (top + side) * stride)
        return table[lower + left + side] - table[lower + left] - table[upper + left + side] + table[upper + left]
    }
}
