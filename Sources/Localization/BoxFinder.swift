public import Tensors

/// A rectangle in pixels of the map it was found in: origin top left, COCO's x, y, width, height.
public struct PixelBox: Hashable, Sendable {
    public var x: Int
    public var y: Int
    public var width: Int
    public var height: Int

    public init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    public var area: Int { width * height }

    /// Area of the intersection over the area of the union, 0…1.
    public func intersectionOverUnion(_ other: PixelBox) -> Double {
        let w = min(x + width, other.x + other.width) - max(x, other.x)
        let h = min(y + height, other.y + other.height) - max(y, other.y)
        guard w > 0, h > 0 else { return 0 }
        return Double(w * h) / Double(area + other.area - w * h)
    }
}

/// A connected region of a heat map.
public struct Region: Sendable {
    public let box: PixelBox
    /// Number of pixels.
    public let area: Int
    /// Sum of the map over the region.
    public let mass: Float
    /// Largest value of the map in the region.
    public let peak: Float
}

/// Reads boxes from a heat map: what is at least a fraction of the maximum, in connected regions.
public struct BoxFinder: Sendable {
    /// Fraction of the map's maximum from which on a pixel belongs to the object.
    public let threshold: Float
    /// A further region gets a box of its own where its mass is at least this fraction of the largest one's.
    public static let comparableStrength: Float = 0.5
    public init(threshold: Float) { self.threshold = threshold }

    /// The largest region first, then those of comparable strength; none where the map has no positive value.
    ///
    /// - Parameter map: [h,w], at the resolution of the picture.
    public func regions(in map: Tensor) -> [Region] {
        let regions = Self.regions(in: map, above: threshold)
        guard let first = regions.first else { return [] }
        return regions.filter { $0.mass >= Self.comparableStrength * first.mass }
    }

    /// Connected regions (8 neighbours) of the pixels that reach `fraction` of the maximum, by falling area.
    ///
    /// - Parameter map: [h,w]; values below 0 count as 0.
    public static func regions(in map: Tensor, above fraction: Float) -> [Region] {
        guard map.shape.rank == 2 else { return [] }
        let (height, width) = (map.shape[0], map.shape[1])
        return map.withUnsafeValues { values in
            guard let maximum = values.max(), maximum > 0, maximum.isFinite else { return [] }
            let cut = fraction * maximum
            var isSeen = [Bool](repeating: false, count: values.count)
            var regions: [Region] = []
            var stack: [Int] = []
            for start in values.indices where !isSeen[start] && values[start] >= cut {
                var (left, right, top, bottom) = (width, 0, height, 0)
                var (area, mass, peak) = (0, Float(0), Float(0))
                isSeen[start] = true
                stack.append(start)
                while let index = stack.popLast() {
                    let (y, x) = index.quotientAndRemainder(dividingBy: width)
                    (left, right, top, bottom) = (min(left, x), max(right, x), min(top, y), max(bottom, y))
                    area += 1
                    mass += values[index]
                    peak = max(peak, values[index])
                    for ny in max(y - 1, 0)...min(y + 1, height - 1) {
                        for nx in max(x - 1, 0)...min(x + 1, width - 1) {
                            let next = ny * width + nx
                            if !isSeen[next], values[next] >= cut {
                                isSeen[next] = true
                                stack.append(next)
                            }
                        }
                    }
                }
                let box = PixelBox(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
                regions.append(Region(box: box, area: area, mass: mass, peak: peak))
            }
            return regions.sorted { ($0.area, $0.mass) > ($1.area, $1.mass) }
        }
    }
}
