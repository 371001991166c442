/// How positions of a resized plane relate to those of the original.
enum PlaneAlignment {
    /// Pixels are areas: the centres of the halves meet (`align_corners=False`).
    case areas
    /// The outermost pixels' centres stay in place (`align_corners=True`).
    case corners
}

/// Linear interpolation of a plane [h,w] to [height,width]; beyond the edge the outermost value continues.
func resizedBilinearly(
    _ plane: UnsafeBufferPointer<Float>, width: Int, toHeight newHeight: Int, width newWidth: Int,
    alignment: PlaneAlignment
) -> [Float] {
    let height = plane.count / max(width, 1)
    let rows = interpolation(from: height, to: newHeight, alignment)
    let columns = interpolation(from: width, to: newWidth, alignment)
    var result = [Float](repeating: 0, count: newHeight * newWidth)
    for (y, row) in rows.enumerated() {
        for (x, column) in columns.enumerated() {
            let top =
                plane[row.low * width + column.low] * (1 - column.share)
                + plane[row.low * width + column.high] * column.share
            let bottom =
                plane[row.high * width + column.low] * (1 - column.share)
                + plane[row.high * width + column.high] * column.share
            result[y * newWidth + x] = top * (1 - row.share) + bottom * row.share
        }
    }
    return result
}

/// For each new position the two old ones around it, and the share of the second.
private func interpolation(
    from extent: Int, to newExtent: Int, _ alignment: PlaneAlignment
) -> [(low: Int, high: Int, share: Float)] {
    (0..<newExtent).map { index in
        let position: Double
        switch alignment {
        case .areas: position = max((Double(index) + 0.5) * Double(extent) / Double(newExtent) - 0.5, 0)
        case .corners: position = newExtent > 1 ? Double(index) * Double(extent - 1) / Double(newExtent - 1) : 0
        }
        let low = min(Int(position), extent - 1)
        return (low, min(low + 1, extent - 1), Float(min(position - Double(low), 1)))
    }
}
