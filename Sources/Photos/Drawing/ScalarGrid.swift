internal import Tensors

/// A plane of numbers at places of a picture.
package struct ScalarGrid {
    /// Of the columns, in pixels of the picture, growing.
    package let xs: [Double]
    /// Of the rows, in pixels of the picture, growing.
    package let ys: [Double]
    /// `ys.count` × `xs.count` values, all finite.
    package let values: [Float]

    /// What lies beyond the outermost numbers, up to the picture's edge.
    package enum Border {
        /// The numbers go on: lines end at the edge.
        case continued
        /// Nothing: lines run along the edge.
        case zero
    }

    /// A map of which each value stands for the middle of its cell, with a row or column of ``Border`` on each side.
    ///
    /// - Parameters:
    ///   - value: of column and row; what is not finite counts as 0.
    package init(
        columns: [Double], rows: [Double], left: Double, right: Double, top: Double, bottom: Double, border: Border,
        value: (_ column: Int, _ row: Int) -> Float
    ) {
        xs = [left] + columns + [right]
        ys = [top] + rows + [bottom]
        var values: [Float] = []
        values.reserveCapacity(xs.count * ys.count)
        for row in -1...rows.count {
            for column in -1...columns.count {
                let isInside = columns.indices.contains(column) && rows.indices.contains(row)
                guard isInside || border == .continued else {
                    values.append(0)
                    continue
                }
                let here = value(min(max(column, 0), columns.count - 1), min(max(row, 0), rows.count - 1))
                values.append(here.isFinite ? here : 0)
            }
        }
        self.values = values
    }

    /// A plane [h, w] over a whole picture of `width` × `height`.
    init(_ plane: Tensor, width: Int, height: Int, border: Border) throws(PhotoError) {
        let (columns, rows) = try Resampling.planeSize(of: plane)
        let across = Double(width) / Double(columns), down = Double(height) / Double(rows)
        let values = plane.values
        self.init(
            columns: (0..<columns).map { (Double($0) + 0.5) * across },
            rows: (0..<rows).map { (Double($0) + 0.5) * down }, left: 0, right: Double(width), top: 0,
            bottom: Double(height), border: border
        ) { column, row in values[row * columns + column] }
    }
}
