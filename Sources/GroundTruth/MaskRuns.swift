import WireProtocol

/// COCO's compressed run lengths (`pycocotools`, maskApi.c, rleFrString): six bits a character from "0" on, the sixth says that
/// more follow, and from the third run on each is the difference to the one before the last.
enum CompressedRuns {
    /// Nil where the text is none.
    static func decoded(_ text: String) -> [Int]? {
        var counts: [Int] = []
        let bytes = Array(text.utf8)
        var place = 0
        while place < bytes.count {
            var (value, shift) = (0, 0)
            while true {
                guard place < bytes.count, (48..<112).contains(bytes[place]), shift < 55 else { return nil }
                let bits = Int(bytes[place]) - 48
                place += 1
                value |= (bits & 0x1F) << shift
                shift += 5
                guard bits & 0x20 == 0 else { continue }
                if bits & 0x10 != 0 { value |= -1 << shift }
                break
            }
            if counts.count > 2 {
                let (sum, overflow) = value.addingReportingOverflow(counts[counts.count - 2])
                guard !overflow else { return nil }
                value = sum
            }
            guard value >= 0 else { return nil }
            counts.append(value)
        }
        return counts
    }
}

/// A mask from polygons: pixels whose centres lie within an odd number of outlines.
enum PolygonMask {
    /// Nil where the size or a polygon is impossible.
    ///
    /// - Parameter polygons: x, y, x, y … of each, in pixels.
    static func runLengths(of polygons: [[Double]], width: Int, height: Int) -> SegmentResult.RunLengths? {
        guard (1...65_500).contains(width), (1...65_500).contains(height), width * height <= 1 << 28,
            polygons.allSatisfy({ $0.count >= 6 && $0.count % 2 == 0 && $0.allSatisfy { $0.isFinite } })
        else { return nil }
        var pixels = [Bool](repeating: false, count: width * height)
        for polygon in polygons {
            let points = stride(from: 0, to: polygon.count, by: 2).map { (x: polygon[$0], y: polygon[$0 + 1]) }
            // Column by column, as the run lengths go.
            for x in 0..<width {
                let centre = Double(x) + 0.5
                var crossings: [Double] = []
                var last = points[points.count - 1]
                for point in points {
                    if (point.x > centre) != (last.x > centre) {
                        crossings.append(last.y + (centre - last.x) / (point.x - last.x) * (point.y - last.y))
                    }
                    last = point
                }
                crossings.sort()
                for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
                    let top = Int(min(max((crossings[pair] - 0.5).rounded(.up), 0), Double(height)))
                    let bottom = Int(min(max((crossings[pair + 1] - 0.5).rounded(.up), 0), Double(height)))
                    for y in top..<max(bottom, top) { pixels[x * height + y] = true }
                }
            }
        }
        return runs(pixels, size: [height, width])
    }

    /// - Parameter pixels: column by column.
    static func runs(_ pixels: [Bool], size: [Int]) -> SegmentResult.RunLengths {
        var counts: [Int] = []
        var (isInside, run) = (false, 0)
        for pixel in pixels {
            if pixel != isInside {
                counts.append(run)
                (isInside, run) = (pixel, 0)
            }
            run += 1
        }
        return SegmentResult.RunLengths(size: size, counts: counts + [run])
    }
}

/// What belongs to either of two masks.
enum RunLengthUnion {
    /// Nil where the sizes differ.
    static func of(_ one: SegmentResult.RunLengths, _ other: SegmentResult.RunLengths) -> SegmentResult.RunLengths? {
        guard one.size == other.size else { return nil }
        var pixels: [Bool] = []
        for (index, count) in one.counts.enumerated() { pixels += [Bool](repeating: index % 2 == 1, count: count) }
        var place = 0
        for (index, count) in other.counts.enumerated() {
            if index % 2 == 1 { for pixel in place..<place + count { pixels[pixel] = true } }
            place += count
        }
        return PolygonMask.runs(pixels, size: one.size)
    }
}
