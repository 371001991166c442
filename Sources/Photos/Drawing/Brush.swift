/// How much of each pixel lines cover, gathered before it is painted: where pieces of a line meet, nothing is painted
/// twice.
struct Brush {
    private var width = 0
    /// 0...255, row by row; all 0 between two paintings.
    private var coverage: [UInt8] = []
    /// Of each row, the columns that may be covered.
    private var spans: [Range<Int>] = []
    private var rows = 0..<0

    /// Prepares for a picture of this size.
    mutating func begin(width: Int, height: Int) {
        guard width != self.width || spans.count != height else { return }
        self.width = width
        coverage = [UInt8](repeating: 0, count: width * height)
        spans = [Range<Int>](repeating: 0..<0, count: height)
        rows = 0..<0
    }

    /// Adds what lies within `radius` of the way from one point to the other.
    mutating func add(_ from: Point, _ to: Point, radius: Double) {
        let reach = radius + 0.5
        let box = PixelRectangle(
            x: (min(from.x, to.x) - reach).rounded(.down), y: (min(from.y, to.y) - reach).rounded(.down),
            width: (abs(from.x - to.x) + 2 * reach).rounded(.up) + 1,
            height: (abs(from.y - to.y) + 2 * reach).rounded(.up) + 1)
        guard let range = PixelRange(box, width: width, height: spans.count) else { return }
        let (wayX, wayY) = (Float(to.x - from.x), Float(to.y - from.y))
        let square = wayX * wayX + wayY * wayY
        let inverse = square > 0 ? 1 / square : 0
        let (outer, core) = (Float(reach * reach), Float(max(reach - 1, 0) * max(reach - 1, 0)))
        let width = width
        coverage.withUnsafeMutableBufferPointer { coverage in
            for row in range.rows {
                let y = Float(Double(row) + 0.5 - from.y)
                var x = Float(Double(range.columns.lowerBound) - 0.5 - from.x)
                for column in range.columns {
                    x += 1
                    let along = min(max((x * wayX + y * wayY) * inverse, 0), 1)
                    let (dx, dy) = (x - along * wayX, y - along * wayY)
                    let distance = dx * dx + dy * dy
                    guard distance < outer else { continue }
                    let value = distance <= core ? 255 : UInt8((Float(reach) - distance.squareRoot()) * 255)
                    let index = row * width + column
                    if value > coverage[index] { coverage[index] = value }
                }
            }
        }
        for row in range.rows { spans[row] = spans[row].isEmpty ? range.columns : spans[row].joined(range.columns) }
        rows = rows.isEmpty ? range.rows : rows.joined(range.rows)
    }

    /// Paints what was added, and forgets it.
    mutating func paint(_ bitmap: inout Bitmap, color: RGBColor) {
        let width = width
        let (red, green, blue) = (Int(color.red), Int(color.green), Int(color.blue))
        coverage.withUnsafeMutableBufferPointer { coverage in
            bitmap.pixels.withUnsafeMutableBufferPointer { pixels in
                @inline(__always)
                func mix(_ index: Int, _ above: Int, _ share: Int) {
                    let below = Int(pixels[index])
                    pixels[index] = UInt8(truncatingIfNeeded: (below * (255 - share) + above * share + 127) / 255)
                }
                for row in rows {
                    for column in spans[row] {
                        let share = Int(coverage[row * width + column])
                        guard share > 0 else { continue }
                        coverage[row * width + column] = 0
                        let index = (row * width + column) * 3
                        mix(index, red, share)
                        mix(index + 1, green, share)
                        mix(index + 2, blue, share)
                    }
                    spans[row] = 0..<0
                }
            }
        }
        rows = 0..<0
    }
}

extension Range<Int> {
    /// The smallest range that has both.
    fileprivate func joined(_ other: Range<Int>) -> Range<Int> {
        Swift.min(lowerBound, other.lowerBound)..<Swift.max(upperBound, other.upperBound)
    }
}
