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
        let common = commonArea(other)
        return common == 0 ? 0 : Double(common) / Double(area + other.area - common)
    }

    /// Area of the intersection.
    public func commonArea(_ other: PixelBox) -> Int {
        max(min(x + width, other.x + other.width) - max(x, other.x), 0)
            * max(min(y + height, other.y + other.height) - max(y, other.y), 0)
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

    package init(box: PixelBox, area: Int, mass: Float, peak: Float) {
        self.box = box
        self.area = area
        self.mass = mass
        self.peak = peak
    }
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
            var found = RunRegions()
            for y in 0..<height {
                let row = values[y * width..<(y + 1) * width]
                var x = row.startIndex
                while let first = row[x...].firstIndex(where: { $0 >= cut }) {
                    let end = row[first...].firstIndex { !($0 >= cut) } ?? row.endIndex
                    found.add(row[first..<end], columns: first - row.startIndex..<end - row.startIndex, row: y)
                    x = end
                }
                found.endRow()
            }
            return found.regions.sorted { ($0.area, $0.mass) > ($1.area, $1.mass) }
        }
    }
}
