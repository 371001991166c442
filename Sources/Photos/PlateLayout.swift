/// Finds places for plates: inside of the picture, not over one another, never over a frame's line, and all of them
/// together within a share of the picture's area. What comes first has the first choice; of several bodies that say the
/// same, the first that has a place is taken, and where none has one, nothing is placed.
struct PlateLayout {
    private(set) var plates: [Plate] = []
    let width: Int
    let height: Int
    /// What may not be covered: the sides of the frames.
    let lines: [PixelRectangle]
    /// Pixels that all plates together may cover.
    let areaLimit: Int
    /// Between a plate and the edge of the picture or a frame.
    let margin: Int
    private var usedArea = 0

    /// A small photo keeps all but a twelfth of itself; on larger ones there is more to say.
    static func areaLimit(width: Int, height: Int) -> Int {
        width * height / (min(width, height) < 480 ? 12 : 8)
    }

    /// - Parameters:
    ///   - frames: rectangles and how thick their lines are, inwards.
    init(width: Int, height: Int, frames: [(rectangle: PixelRectangle, thickness: Int)], margin: Int) {
        self.width = width
        self.height = height
        self.margin = margin
        areaLimit = Self.areaLimit(width: width, height: height)
        lines = frames.flatMap { PlateLayout.sides(of: $0.rectangle.snapped, thickness: Double($0.thickness)) }
    }

    private static func sides(of frame: PixelRectangle, thickness: Double) -> [PixelRectangle] {
        let across = min(thickness, frame.width), down = min(thickness, frame.height)
        return [
            PixelRectangle(x: frame.x, y: frame.y, width: frame.width, height: down),
            PixelRectangle(x: frame.x, y: frame.y + frame.height - down, width: frame.width, height: down),
            PixelRectangle(x: frame.x, y: frame.y, width: across, height: frame.height),
            PixelRectangle(x: frame.x + frame.width - across, y: frame.y, width: across, height: frame.height),
        ]
    }

    /// A corner of the picture.
    struct Corner {
        let isRight: Bool
        let isBottom: Bool
        static let topLeft = Corner(isRight: false, isBottom: false)
        static let bottomLeft = Corner(isRight: false, isBottom: true)
    }

    /// Places the first of `bodies` that fits, as near to a corner as can be, and better outside of `busy` parts.
    ///
    /// - Returns: whether there was a place.
    @discardableResult
    mutating func place(
        _ bodies: some Sequence<PlateBody>, kind: Plate.Kind, near corner: Corner, avoiding busy: [PixelRectangle] = []
    ) -> Bool {
        for body in bodies where fits(body, kind) {
            let places = freePlaces(for: body)
            let best = places.min { cost($0, body, corner, busy) < cost($1, body, corner, busy) }
            if let best {
                append(body, kind: kind, group: 0, at: best)
                return true
            }
        }
        return false
    }

    /// Places the first of `bodies` that fits beside its box: above it, inside, or below.
    @discardableResult
    mutating func placeCaption(
        _ bodies: some Sequence<PlateBody>, of box: PixelRectangle, thickness: Int, group: Int
    ) -> Bool {
        for body in bodies where fits(body, .caption) {
            let place = PlateLayout.places(beside: box.snapped, thickness: thickness, body: body)
                .map { place in
                    // Along its box a plate may be moved to stay inside of the picture, but never across the edge.
                    (x: min(max(place.x, 0), width - body.width), y: place.y)
                }
                .first { isFree(body, at: $0) }
            if let place {
                append(body, kind: .caption, group: group, at: place)
                return true
            }
        }
        return false
    }

    private static func places(
        beside box: PixelRectangle, thickness: Int, body: PlateBody
    ) -> [(x: Int, y: Int)] {
        let left = Int(box.x), right = Int(box.x + box.width), top = Int(box.y), bottom = Int(box.y + box.height)
        let inside = (left: left + thickness, right: right - thickness - body.width)
        let above = top - body.height, below = bottom
        let underTop = top + thickness, overBottom = bottom - thickness - body.height
        let steps = stride(from: 0.0, through: 1, by: 0.125)
        func row(_ y: Int, from: Int, to: Int) -> [(x: Int, y: Int)] {
            guard to >= from else { return [] }
            return steps.map { (from + Int($0 * Double(to - from)), y) }
        }
        let fitsInside = overBottom >= underTop
        return [(left, above), (right - body.width, above)]
            + (fitsInside ? row(underTop, from: inside.left, to: inside.right) : [])
            + [(left, below), (right - body.width, below)]
            + (fitsInside ? row(overBottom, from: inside.left, to: inside.right) : [])
            + row(above, from: left, to: right - body.width) + row(below, from: left, to: right - body.width)
            + [
                (right, top), (left - body.width, top), (right, bottom - body.height),
                (left - body.width, bottom - body.height),
            ]
    }

    // MARK: Room

    private func fits(_ body: PlateBody, _ kind: Plate.Kind) -> Bool {
        body.width <= width && body.height <= height
            && Double(usedArea + body.area) <= Double(areaLimit) * kind.shareOfArea
    }

    private func isFree(_ body: PlateBody, at place: (x: Int, y: Int)) -> Bool {
        guard place.x >= 0, place.y >= 0, place.x + body.width <= width, place.y + body.height <= height else {
            return false
        }
        let candidate = rectangle(body, at: place)
        return !lines.contains { $0.overlaps(candidate) } && !plates.contains { $0.rectangle.overlaps(candidate) }
    }

    /// Along the picture's edges, along the frames, and on a grid between them.
    private func freePlaces(for body: PlateBody) -> [(x: Int, y: Int)] {
        func positions(_ side: Int, _ length: Int, _ obstacles: [(from: Double, to: Double)]) -> [Int] {
            let last = side - length
            guard last >= 0 else { return [] }
            var positions: Set<Int> = [min(margin, last), max(last - margin, 0)]
            for obstacle in obstacles.prefix(64) {
                positions.insert(Int(obstacle.to) + margin)
                positions.insert(Int(obstacle.from) - margin - length)
            }
            for step in 0...12 { positions.insert(last * step / 12) }
            let kept = min(margin, last / 2)
            return positions.filter { (kept...last - kept).contains($0) }
        }
        let obstacles = lines + plates.map(\.rectangle)
        let columns = positions(width, body.width, obstacles.map { ($0.x, $0.x + $0.width) })
        let rows = positions(height, body.height, obstacles.map { ($0.y, $0.y + $0.height) })
        return rows.flatMap { y in columns.map { (x: $0, y: y) } }.filter { isFree(body, at: $0) }
    }

    /// The way from the corner, and more for what lies on a busy part: there is what people want to see.
    private func cost(
        _ place: (x: Int, y: Int), _ body: PlateBody, _ corner: Corner, _ busy: [PixelRectangle]
    ) -> Double {
        let across = corner.isRight ? width - body.width - place.x : place.x
        let down = corner.isBottom ? height - body.height - place.y : place.y
        let own = rectangle(body, at: place)
        let covered = busy.map { $0.sharedArea(with: own) }.max() ?? 0
        let inwards = min(place.y, height - body.height - place.y)
        // Along the upper or lower edge rather than in the middle; ties go to the upper place.
        return Double(across) + Double(down) + 3 * Double(inwards) + Double(place.y) * 1e-6
            + 0.35 * Double(min(width, height)) * covered / Double(max(body.area, 1))
    }

    private mutating func append(_ body: PlateBody, kind: Plate.Kind, group: Int, at place: (x: Int, y: Int)) {
        usedArea += body.area
        plates.append(Plate(kind: kind, rectangle: rectangle(body, at: place), body: body, group: group))
    }

    private func rectangle(_ body: PlateBody, at place: (x: Int, y: Int)) -> PixelRectangle {
        PixelRectangle(
            x: Double(place.x), y: Double(place.y), width: Double(body.width), height: Double(body.height))
    }
}

extension PixelRectangle {
    /// Pixels that both cover.
    func sharedArea(with other: PixelRectangle) -> Double {
        let across = min(x + width, other.x + other.width) - max(x, other.x)
        let down = min(y + height, other.y + other.height) - max(y, other.y)
        return max(across, 0) * max(down, 0)
    }
}
