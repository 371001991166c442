public import Localization

/// The boxes of a map at every threshold of a list, in one pass: pixels join from the highest value down, and regions that
/// touch (8 neighbours) become one, with the box and the area of both (union-find, Tarjan 1975).
public struct ThresholdBoxes: Sendable {
    /// 0.00, 0.01 … 0.99 of the map's range: a pixel belongs to the object from the threshold on.
    public static let thresholds = (0..<100).map { Double($0) / 100 }

    /// A region of the map at a threshold.
    public struct Found: Sendable, Hashable {
        public let box: PixelBox
        /// In pixels.
        public let area: Int
    }

    /// Goes through the thresholds from the highest down.
    ///
    /// - Parameter visit: told the threshold's number in ``thresholds``, and the regions at it in no particular order.
    public static func scan(_ map: NormalizedMap, visit: (Int, [Found]) -> Void) {
        var forest = Forest(width: map.width, height: map.height)
        let levels = thresholds.count
        // Counting sort: one bucket a threshold.
        var buckets = [[Int32]](repeating: [], count: levels)
        for (pixel, value) in map.values.enumerated() {
            buckets[min(Int(Double(value) * Double(levels) + 1e-6), levels - 1)].append(Int32(pixel))
        }
        for level in (0..<levels).reversed() {
            for pixel in buckets[level] { forest.add(Int(pixel)) }
            visit(level, forest.regions())
        }
    }

    /// Regions that grow.
    private struct Forest {
        private let width: Int
        private let height: Int
        /// Of each pixel another one of its region, itself for the one that stands for all; −1 of one that is not in yet.
        private var parent: [Int32]
        private var left: [Int32]
        private var right: [Int32]
        private var top: [Int32]
        private var bottom: [Int32]
        private var area: [Int32]
        /// Pixels that stand for a region, and some that did.
        private var candidates: [Int32] = []

        init(width: Int, height: Int) {
            self.width = width
            self.height = height
            parent = [Int32](repeating: -1, count: width * height)
            (left, right, top, bottom, area) = (parent, parent, parent, parent, parent)
        }

        mutating func add(_ pixel: Int) {
            let (y, x) = pixel.quotientAndRemainder(dividingBy: width)
            parent[pixel] = Int32(pixel)
            (left[pixel], right[pixel], top[pixel], bottom[pixel]) = (Int32(x), Int32(x), Int32(y), Int32(y))
            area[pixel] = 1
            candidates.append(Int32(pixel))
            for ny in max(y - 1, 0)...min(y + 1, height - 1) {
                for nx in max(x - 1, 0)...min(x + 1, width - 1) where parent[ny * width + nx] >= 0 {
                    join(pixel, ny * width + nx)
                }
            }
        }

        private mutating func root(_ pixel: Int) -> Int {
            var pixel = pixel
            while Int(parent[pixel]) != pixel {
                parent[pixel] = parent[Int(parent[pixel])]
                pixel = Int(parent[pixel])
            }
            return pixel
        }

        private mutating func join(_ one: Int, _ other: Int) {
            var (large, small) = (root(one), root(other))
            guard large != small else { return }
            if area[large] < area[small] { swap(&large, &small) }
            parent[small] = Int32(large)
            left[large] = min(left[large], left[small])
            right[large] = max(right[large], right[small])
            top[large] = min(top[large], top[small])
            bottom[large] = max(bottom[large], bottom[small])
            area[large] += area[small]
        }

        mutating func regions() -> [Found] {
            candidates.removeAll { Int(parent[Int($0)]) != Int($0) }
            return candidates.map { candidate in
                let index = Int(candidate)
                return Found(
                    box: PixelBox(
                        x: Int(left[index]), y: Int(top[index]), width: Int(right[index] - left[index]) + 1,
                        height: Int(bottom[index] - top[index]) + 1),
                    area: Int(area[index]))
            }
        }
    }
}
