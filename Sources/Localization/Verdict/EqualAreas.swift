/// Places of exactly as many pixels as a region has, none of them in it: what hiding "as much elsewhere" hides.
///
/// First the region's own shape, moved to where it lies beside itself; then, up to ``most``, compact places grown around
/// seeds that are spread over the rest: the pixels of the rest that are nearest to the seed. A place that shares more than
/// half of its pixels with an earlier one tells nothing new and is left out. Where the rest is smaller than the region there
/// is none.
package enum EqualAreas {
    static let most = 4
    /// Candidates along each axis.
    private static let grid = 7

    /// - Parameters:
    ///   - region: what the places stay off.
    ///   - allowed: where they may lie; of the same size.
    ///   - most: so many at most.
    package static func places(
        beside region: PixelMask, in allowed: PixelMask, most: Int = EqualAreas.most
    ) -> [PixelMask] {
        let rest = allowed.without(region)
        let area = region.area
        guard area > 0, rest.area >= area, let box = region.box else { return [] }
        var places: [PixelMask] = []
        func add(_ place: PixelMask) {
            if places.count < most, places.allSatisfy({ 2 * $0.commonArea(place) <= area }) { places.append(place) }
        }
        for corner in spread(corners(of: box, in: region), awayFrom: [(box.x, box.y)]) {
            if let moved = region.moved(to: corner, from: box, within: rest) { add(moved) }
        }
        guard places.count < most else { return places }
        let seeds = spread(self.seeds(in: rest), awayFrom: [(box.x + box.width / 2, box.y + box.height / 2)])
        for seed in seeds where places.count < most { add(rest.nearest(area, to: seed)) }
        return places
    }

    private static func corners(of box: PixelBox, in mask: PixelMask) -> [(x: Int, y: Int)] {
        (0..<grid * grid).map { index in
            (
                (mask.width - box.width) * (index % grid) / (grid - 1),
                (mask.height - box.height) * (index / grid) / (grid - 1)
            )
        }
    }

    private static func seeds(in rest: PixelMask) -> [(x: Int, y: Int)] {
        (0..<grid * grid).map { index in
            ((rest.width - 1) * (index % grid) / (grid - 1), (rest.height - 1) * (index / grid) / (grid - 1))
        }.filter { rest.pixels[$0.y * rest.width + $0.x] }
    }

    /// In an order in which each is as far as can be from those before it (farthest point sampling, Eldar et al. 1997).
    private static func spread(
        _ points: [(x: Int, y: Int)], awayFrom first: [(x: Int, y: Int)]
    ) -> [(x: Int, y: Int)] {
        var left = points, chosen = first, result: [(x: Int, y: Int)] = []
        while !left.isEmpty {
            func distance(_ point: (x: Int, y: Int)) -> Int {
                chosen.map { ($0.x - point.x) * ($0.x - point.x) + ($0.y - point.y) * ($0.y - point.y) }.min() ?? 0
            }
            var best = 0
            let distances = left.map(distance)
            for index in left.indices where distances[index] > distances[best] { best = index }
            let point = left.remove(at: best)
            chosen.append(point)
            result.append(point)
        }
        return result
    }
}

extension PixelMask {
    /// Pixels that belong to both.
    fileprivate func commonArea(_ other: PixelMask) -> Int {
        pixels.withUnsafeBufferPointer { own in
            other.pixels.withUnsafeBufferPointer { others in
                own.indices.reduce(0) { $0 + (own[$1] && others[$1] ? 1 : 0) }
            }
        }
    }

    /// The mask moved so that its box has its corner at `corner`; nil where a pixel would not lie in `allowed`.
    fileprivate func moved(to corner: (x: Int, y: Int), from box: PixelBox, within allowed: PixelMask) -> PixelMask? {
        var result = [Bool](repeating: false, count: pixels.count)
        for y in 0..<box.height {
            for x in 0..<box.width where pixels[(box.y + y) * width + box.x + x] {
                let place = (corner.y + y) * width + corner.x + x
                guard allowed.pixels[place] else { return nil }
                result[place] = true
            }
        }
        return PixelMask(unchecked: result, width: width)
    }

    /// The `count` pixels of the mask that are nearest to `seed`; of those equally far the first by rows.
    fileprivate func nearest(_ count: Int, to seed: (x: Int, y: Int)) -> PixelMask {
        let columns = (0..<width).map { ($0 - seed.x) * ($0 - seed.x) }
        let rows = (0..<height).map { ($0 - seed.y) * ($0 - seed.y) }
        // How many pixels there are at each squared distance.
        var histogram = [Int](repeating: 0, count: (columns.max() ?? 0) + (rows.max() ?? 0) + 1)
        for y in 0..<height {
            for x in 0..<width where pixels[y * width + x] { histogram[rows[y] + columns[x]] += 1 }
        }
        var (reach, within) = (0, 0)
        while reach < histogram.count, within + histogram[reach] <= count {
            within += histogram[reach]
            reach += 1
        }
        // All that are nearer, and as many at that distance as are missing.
        var result = [Bool](repeating: false, count: pixels.count)
        var missing = count - within
        for y in 0..<height {
            for x in 0..<width where pixels[y * width + x] {
                let distance = rows[y] + columns[x]
                guard distance < reach || distance == reach && missing > 0 else { continue }
                result[y * width + x] = true
                if distance == reach { missing -= 1 }
            }
        }
        return PixelMask(unchecked: result, width: width)
    }
}
