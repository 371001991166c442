internal import Tensors

/// A map at the size and place it has on a picture, of which only the part inside the picture is handed out.
struct PlacedMap {
    private let values: Tensor
    private let width: Int
    /// Picture position of the map's first pixel; negative where the map reaches beyond the picture.
    private let left: Int
    private let top: Int
    private let columns: Range<Int>
    private let rows: Range<Int>

    /// `nil` where the map lies outside of the picture.
    ///
    /// - Parameter region: where the map lies, in pixels of the picture; `nil` for all of it.
    /// - Throws: `PhotoError.invalidMap`, or `.invalidSize` where the region is far larger than the picture.
    init?(_ map: Tensor, region: PixelRectangle?, width pictureWidth: Int, height pictureHeight: Int) throws(PhotoError)
    {
        let region =
            region ?? PixelRectangle(x: 0, y: 0, width: Double(pictureWidth), height: Double(pictureHeight))
        guard region.clipped(toWidth: pictureWidth, height: pictureHeight) != nil else { return nil }
        // A narrow photo may be padded to many times its width, but no honest region needs more than this.
        let longest = Double(Bitmap.longestSide)
        guard abs(region.x) < longest, abs(region.y) < longest, region.width <= longest, region.height <= longest else {
            throw .invalidSize(reason: "the map's region \(region) is too large")
        }
        width = max(Int(region.width.rounded()), 1)
        left = Int(region.x.rounded())
        top = Int(region.y.rounded())
        let height = max(Int(region.height.rounded()), 1)
        let columns = max(left, 0)..<max(min(left + width, pictureWidth), max(left, 0))
        let rows = max(top, 0)..<max(min(top + height, pictureHeight), max(top, 0))
        guard !columns.isEmpty, !rows.isEmpty else { return nil }
        self.columns = columns
        self.rows = rows
        values = try Resampling.bilinear(map: map, toWidth: width, height: height)
    }

    /// Some of the map's values, up to about `longSide` of them along a side of the picture.
    func grid(longSide: Int) -> ScalarGrid {
        let spacing = max((max(columns.count, rows.count) + longSide - 1) / longSide, 1)
        // In the middle of as many pixels each, so that the first and the last are as far from the edge.
        func places(_ range: Range<Int>) -> [Int] {
            let count = max(range.count / spacing, 1)
            return (0..<count).map { range.lowerBound + ($0 * 2 + 1) * range.count / (count * 2) }
        }
        let (xs, ys) = (places(columns), places(rows))
        return values.withUnsafeValues { values in
            ScalarGrid(
                columns: xs.map { Double($0) + 0.5 }, rows: ys.map { Double($0) + 0.5 },
                left: Double(columns.lowerBound), right: Double(columns.upperBound), top: Double(rows.lowerBound),
                bottom: Double(rows.upperBound), border: .continued
            ) { column, row in values[(ys[row] - top) * width + xs[column] - left] }
        }
    }

    /// Calls `body` with a row of the picture, the first column the map covers there, and the map's values from there.
    func forEachRow(_ body: (_ row: Int, _ firstColumn: Int, _ values: Slice<UnsafeBufferPointer<Float>>) -> Void) {
        values.withUnsafeValues { values in
            for row in rows {
                let start = (row - top) * width + columns.lowerBound - left
                body(row, columns.lowerBound, values[start..<start + columns.count])
            }
        }
    }
}
