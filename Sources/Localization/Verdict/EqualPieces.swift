/// A picture cut into pieces of nearly equal area, none of which has both the animal and what is around it: what
/// occlusion hides one by one, to see where the score comes from.
///
/// Windows that lie across the animal's outline count for both sides. Pieces along it need a third of the questions for
/// the same answer.
package enum EqualPieces {
    /// Of the animal and its surroundings together.
    static let count = 8

    /// - Parameters:
    ///   - region: what counts as the animal.
    ///   - shown: what of the picture shows the photo; of the same size.
    /// - Returns: the animal's pieces and those of the rest, by area, at least one of each; none of what has no pixel.
    package static func pieces(
        of region: PixelMask, in shown: PixelMask
    ) -> (on: [PixelMask], beside: [PixelMask]) {
        let rest = shown.without(region)
        let (area, others) = (region.area, rest.area)
        guard area > 0 else { return ([], cut(rest, into: count)) }
        guard others > 0 else { return (cut(region, into: count), []) }
        let on = min(max(Int((Double(count * area) / Double(area + others)).rounded()), 1), count - 1)
        return (cut(region, into: on), cut(rest, into: count - on))
    }

    /// Cut across the longer side of its box, again and again; the pieces differ by a few pixels at most.
    static func cut(_ mask: PixelMask, into count: Int) -> [PixelMask] {
        guard count > 1, let box = mask.box else { return mask.area > 0 ? [mask] : [] }
        let first = count / 2
        let (one, other) = halves(of: mask, mask.area * first / count, across: box)
        return cut(one, into: first) + cut(other, into: count - first)
    }

    /// The first `wanted` pixels along the longer side of the box, and the others.
    private static func halves(
        of mask: PixelMask, _ wanted: Int, across box: PixelBox
    ) -> (PixelMask, PixelMask) {
        var first = [Bool](repeating: false, count: mask.pixels.count)
        var left = wanted
        func take(_ x: Int, _ y: Int) {
            let pixel = y * mask.width + x
            guard left > 0, mask.pixels[pixel] else { return }
            first[pixel] = true
            left -= 1
        }
        let (columns, rows) = (box.x..<box.x + box.width, box.y..<box.y + box.height)
        if box.width > box.height {
            for x in columns where left > 0 { for y in rows { take(x, y) } }
        } else {
            for y in rows where left > 0 { for x in columns { take(x, y) } }
        }
        let one = PixelMask(unchecked: first, width: mask.width)
        return (one, mask.without(one))
    }
}
