/// Connected regions, built from runs of pixels row by row: a run joins the regions of those runs of the row above that it
/// touches, over corners too. Regions that turn out to be one are linked to the older (Galler and Fischer 1964).
struct RunRegions {
    private struct Part {
        var left: Int
        var right: Int
        var top: Int
        var bottom: Int
        var area: Int
        var mass: Double
        var peak: Float
        /// The part that this one belongs to; itself where it is a region's oldest.
        var parent: Int
    }

    private typealias Run = (columns: Range<Int>, part: Int)

    private var parts: [Part] = []
    private var above: [Run] = []
    private var current: [Run] = []
    /// The first run above that a run of this row may still touch.
    private var next = 0

    /// Runs come from left to right.
    mutating func add(_ values: Slice<UnsafeBufferPointer<Float>>, columns: Range<Int>, row: Int) {
        var (mass, peak) = (0.0, -Float.infinity)
        for value in values {
            mass += Double(value)
            peak = max(peak, value)
        }
        var part: Int?
        while next < above.count, above[next].columns.upperBound < columns.lowerBound { next += 1 }
        for run in above[next...].prefix(while: { $0.columns.lowerBound <= columns.upperBound }) {
            let touched = root(of: run.part)
            part = part.map { join($0, touched) } ?? touched
        }
        if let part {
            parts[part].left = min(parts[part].left, columns.lowerBound)
            parts[part].right = max(parts[part].right, columns.upperBound - 1)
            parts[part].bottom = row
            parts[part].area += columns.count
            parts[part].mass += mass
            parts[part].peak = max(parts[part].peak, peak)
        } else {
            parts.append(
                Part(
                    left: columns.lowerBound, right: columns.upperBound - 1, top: row, bottom: row,
                    area: columns.count, mass: mass, peak: peak, parent: parts.count))
        }
        current.append((columns, part ?? parts.count - 1))
    }

    mutating func endRow() {
        swap(&above, &current)
        current.removeAll(keepingCapacity: true)
        next = 0
    }

    var regions: [Region] {
        parts.indices.filter { parts[$0].parent == $0 }.map { index in
            let part = parts[index]
            return Region(
                box: PixelBox(
                    x: part.left, y: part.top, width: part.right - part.left + 1, height: part.bottom - part.top + 1),
                area: part.area, mass: Float(part.mass), peak: part.peak)
        }
    }

    private mutating func root(of part: Int) -> Int {
        var part = part
        while parts[part].parent != part {
            parts[part].parent = parts[parts[part].parent].parent
            part = parts[part].parent
        }
        return part
    }

    /// - Returns: the older of the two, which has both now.
    private mutating func join(_ one: Int, _ other: Int) -> Int {
        guard one != other else { return one }
        let (kept, gone) = (min(one, other), max(one, other))
        let added = parts[gone]
        parts[gone].parent = kept
        parts[kept].left = min(parts[kept].left, added.left)
        parts[kept].right = max(parts[kept].right, added.right)
        parts[kept].top = min(parts[kept].top, added.top)
        parts[kept].bottom = max(parts[kept].bottom, added.bottom)
        parts[kept].area += added.area
        parts[kept].mass += added.mass
        parts[kept].peak = max(parts[kept].peak, added.peak)
        return kept
    }
}
