import Photos
import Tensors

/// A map brought onto the upright photo in even cells, whatever part of the photo the network saw and however wide it is.
struct PhotoGrid {
    /// [side, side]: means over each cell; what speaks against the class counts as 0, and so does what the network did not
    /// see.
    let values: [Float]
    /// Whether the network saw all of a cell.
    let isSeen: [Bool]

    /// - Parameters:
    ///   - map: [h,w] over `region`, any resolution; each of its cells is taken as even.
    ///   - region: what the network saw, in pixels of the bitmap.
    ///   - missing: what the photo's file does not have, in pixels of the bitmap: 0 there.
    ///   - width, height: of the bitmap.
    /// - Returns: nil where the map has another rank, or numbers that are not finite.
    init?(
        _ map: Tensor, region: PixelRectangle, without missing: PixelRectangle?, width: Int, height: Int, side: Int
    ) {
        guard map.shape.rank == 2, map.count > 0 else { return nil }
        let columns = map.shape[1]
        let down = PhotoGrid.overlaps(height, side, from: region.y, to: region.y + region.height, cells: map.shape[0])
        let across = PhotoGrid.overlaps(width, side, from: region.x, to: region.x + region.width, cells: columns)
        let (cellWidth, cellHeight) = (Double(width) / Double(side), Double(height) / Double(side))
        var (values, isSeen) = ([Float](), [Bool]())
        for (y, rows) in down.enumerated() {
            for (x, places) in across.enumerated() {
                let middle = PixelRectangle(
                    x: (Double(x) + 0.5) * cellWidth, y: (Double(y) + 0.5) * cellHeight, width: 0, height: 0)
                let isMissing = missing?.overlaps(middle) == true
                let covered = rows.reduce(0) { $0 + $1.share } * places.reduce(0) { $0 + $1.share }
                isSeen.append(!isMissing && covered > 1 - 1e-6)
                var sum = 0.0
                for row in isMissing ? [] : rows {
                    for place in places {
                        sum += row.share * place.share * Double(max(map[row.cell * columns + place.cell], 0))
                    }
                }
                values.append(Float(sum))
            }
        }
        guard values.allSatisfy(\.isFinite) else { return nil }
        (self.values, self.isSeen) = (values, isSeen)
    }

    /// For each row (or column) of the grid the rows of the map that lie under it, and the share of it that each covers.
    private static func overlaps(
        _ extent: Int, _ side: Int, from start: Double, to end: Double, cells: Int
    ) -> [[(cell: Int, share: Double)]] {
        let (size, step) = (Double(extent) / Double(side), (end - start) / Double(cells))
        return (0..<side).map { index in
            let (low, high) = (Double(index) * size, Double(index + 1) * size)
            return (0..<cells).compactMap { cell in
                let from = max(low, start + Double(cell) * step)
                let to = min(high, start + Double(cell + 1) * step)
                return to > from ? (cell, (to - from) / size) : nil
            }
        }
    }
}
