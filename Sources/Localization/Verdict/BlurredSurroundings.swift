import Foundation

/// Fills a hole with a Gaussian blur of what is around it (normalized convolution, Knutsson and Westin 1993): a value is
/// the Gaussian mean of the pixels that are not hidden, so that no colour of what is hidden leaks.
///
/// The blur is computed on cells of up to a 32nd of the shorter side, and interpolated between them (linearly). Its
/// standard deviation is two cells, a sixteenth of the shorter side, and doubled where less than a twentieth of its weight
/// falls on pixels that are not hidden, until every cell has a value.
enum BlurredSurroundings {
    private static let cellsOnShortSide = 32
    private static let deviation = 2.0
    private static let leastWeight: Float = 0.05

    /// - Parameters:
    ///   - values: [C,H,W]; hidden pixels are written, the others read.
    ///   - hidden: [H,W]; some pixels are, some are not.
    static func fill(_ values: inout [Float], _ hidden: PixelMask) {
        let cells = Cells(of: hidden)
        let planes = blurred(cells.means(of: values, hidden), cells)
        let plane = hidden.pixels.count
        let columns = cells.interpolation(along: hidden.width, cells: cells.columns)
        let rows = cells.interpolation(along: hidden.height, cells: cells.rows)
        for (channel, means) in planes.enumerated() {
            values.withUnsafeMutableBufferPointer { values in
                for y in 0..<hidden.height {
                    let row = rows[y]
                    let (upper, lower) = (row.low * cells.columns, row.high * cells.columns)
                    // Down first: what is between two rows of cells is the same for a whole row of pixels.
                    let line = (0..<cells.columns).map {
                        means[upper + $0] * (1 - row.share) + means[lower + $0] * row.share
                    }
                    let start = channel * plane + y * hidden.width
                    for x in 0..<hidden.width where hidden.pixels[y * hidden.width + x] {
                        let column = columns[x]
                        values[start + x] =
                            line[column.low] * (1 - column.share) + line[column.high] * column.share
                    }
                }
            }
        }
    }

    /// For each channel the blurred value of each cell.
    private static func blurred(_ sums: [[Float]], _ cells: Cells) -> [[Float]] {
        let channels = sums.count - 1
        var result = [[Float]](repeating: [Float](repeating: 0, count: cells.count), count: channels)
        var isOpen = [Bool](repeating: true, count: cells.count)
        var deviation = Self.deviation
        while isOpen.contains(true) {
            // A Gaussian as wide as the picture sees all of it; what it finds is taken however little it is.
            let isLast = deviation >= Double(max(cells.rows, cells.columns))
            let smooth = sums.map { cells.blurred($0, deviation: deviation) }
            for cell in 0..<cells.count where isOpen[cell] && smooth[channels][cell] >= (isLast ? 0 : leastWeight) {
                isOpen[cell] = false
                let weight = max(smooth[channels][cell], .leastNormalMagnitude)
                for channel in 0..<channels { result[channel][cell] = smooth[channel][cell] / weight }
            }
            deviation *= 2
        }
        return result
    }

    /// A coarse grid over the picture.
    private struct Cells {
        /// Side in pixels.
        let side: Int
        let columns: Int
        let rows: Int
        var count: Int { columns * rows }

        init(of mask: PixelMask) {
            side = max(min(mask.width, mask.height) / BlurredSurroundings.cellsOnShortSide, 1)
            columns = (mask.width + side - 1) / side
            rows = (mask.height + side - 1) / side
        }

        /// For each channel the sum of what is not hidden in each cell, and last the number of these pixels; both as shares of
        /// the cell's pixels.
        func means(of values: [Float], _ hidden: PixelMask) -> [[Float]] {
            let plane = hidden.pixels.count
            let channels = values.count / plane
            let share = 1 / Float(side * side)
            let cellOf = (0..<hidden.width).map { $0 / side }
            return (0...channels).map { channel in
                var sums = [Float](repeating: 0, count: count)
                for y in 0..<hidden.height {
                    let (line, cells) = (y * hidden.width, y / side * columns)
                    for x in 0..<hidden.width where !hidden.pixels[line + x] {
                        sums[cells + cellOf[x]] += channel < channels ? values[channel * plane + line + x] : 1
                    }
                }
                return sums.map { $0 * share }
            }
        }

        /// Rows, then columns; beyond the edge there is nothing.
        func blurred(_ plane: [Float], deviation: Double) -> [Float] {
            let across = Self.kernel(deviation, reach: columns), down = Self.kernel(deviation, reach: rows)
            var wide = [Float](repeating: 0, count: count), result = wide
            for y in 0..<rows {
                for x in 0..<columns {
                    var sum: Float = 0
                    for other in max(x - across.count + 1, 0)..<min(x + across.count, columns) {
                        sum += across[abs(other - x)] * plane[y * columns + other]
                    }
                    wide[y * columns + x] = sum
                }
            }
            for y in 0..<rows {
                for other in max(y - down.count + 1, 0)..<min(y + down.count, rows) {
                    let weight = down[abs(other - y)]
                    for x in 0..<columns { result[y * columns + x] += weight * wide[other * columns + x] }
                }
            }
            return result
        }

        /// From the middle outwards; all of it sums to 1.
        private static func kernel(_ deviation: Double, reach: Int) -> [Float] {
            let radius = min(Int((3 * deviation).rounded(.up)), reach)
            let half = (0...radius).map { exp(-Double($0 * $0) / (2 * deviation * deviation)) }
            let sum = 2 * half.reduce(0, +) - half[0]
            return half.map { Float($0 / sum) }
        }

        /// Between which two cells' centres each pixel lies, and the share of the second.
        func interpolation(along extent: Int, cells: Int) -> [(low: Int, high: Int, share: Float)] {
            (0..<extent).map { pixel in
                let position = min(max((Float(pixel) + 0.5) / Float(side) - 0.5, 0), Float(cells - 1))
                let low = Int(position)
                return (low, min(low + 1, cells - 1), position - Float(low))
            }
        }
    }
}
