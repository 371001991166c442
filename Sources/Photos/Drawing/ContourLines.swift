/// A place on a picture, in pixels from its top left corner.
package struct Point: Hashable {
    package var x: Double
    package var y: Double

    static func + (a: Point, b: Point) -> Point { Point(x: a.x + b.x, y: a.y + b.y) }
    static func - (a: Point, b: Point) -> Point { Point(x: a.x - b.x, y: a.y - b.y) }
    static func * (a: Point, factor: Double) -> Point { Point(x: a.x * factor, y: a.y * factor) }
    var length: Double { (x * x + y * y).squareRoot() }
}

/// A line through points.
package struct Polyline: Hashable {
    package var points: [Point]
    /// Whether the last point is joined with the first.
    package var isClosed: Bool

    /// Its pieces, one after the other.
    package var segments: [(Point, Point)] {
        Array(zip(points, points.dropFirst()))
            + (isClosed && points.count > 2 ? [(points[points.count - 1], points[0])] : [])
    }

    package var length: Double { segments.reduce(0) { $0 + ($1.1 - $1.0).length } }

    /// Of length 1 at each point, to the right of the way along the line as it is seen on the picture.
    var normals: [Point] {
        points.indices.map { index in
            let count = points.count
            let before = isClosed ? points[(index + count - 1) % count] : points[max(index - 1, 0)]
            let after = isClosed ? points[(index + 1) % count] : points[min(index + 1, count - 1)]
            let way = after - before
            let length = way.length
            return length > 0 ? Point(x: -way.y / length, y: way.x / length) : Point(x: 0, y: 0)
        }
    }

    /// The line moved along its normals, to its right.
    func moved(by distance: Double) -> Polyline {
        Polyline(points: zip(points, normals).map { $0 + $1 * distance }, isClosed: isClosed)
    }
}

/// Lines along which a plane of numbers has one value: marching squares, the two-dimensional case of Lorensen and Cline
/// 1987. Whoever walks along a line has the larger values to the right, as seen on the picture.
package enum ContourLines {
    private enum Edge { case top, right, bottom, left }

    /// From edge to edge through a cell, by which of its corners reach the level: bit 0 top left, 1 top right, 2 bottom
    /// right, 3 bottom left.
    private static let ways: [[(Edge, Edge)]] = [
        [], [(.top, .left)], [(.right, .top)], [(.right, .left)], [(.bottom, .right)],
        [(.top, .left), (.bottom, .right)], [(.bottom, .top)], [(.bottom, .left)], [(.left, .bottom)],
        [(.top, .bottom)],
        [(.right, .top), (.left, .bottom)], [(.right, .bottom)], [(.left, .right)], [(.top, .right)], [(.left, .top)],
        [],
    ]
    /// Where opposite corners reach the level and the middle does too: they hang together.
    private static let joinedWays: [Int: [(Edge, Edge)]] = [
        5: [(.top, .right), (.bottom, .left)], 10: [(.left, .top), (.right, .bottom)],
    ]

    package static func lines(of grid: ScalarGrid, at level: Float) -> [Polyline] {
        let width = grid.xs.count, height = grid.ys.count
        guard width > 1, height > 1 else { return [] }
        // An edge from (column, row) to the right has twice its index, one downwards one more. Two cells share an edge,
        // and a line that leaves one of them enters the other.
        var next = [Int32](repeating: -1, count: width * height * 2)
        var isEntered = [Bool](repeating: false, count: width * height * 2)
        var starts: [Int] = []
        for row in 0..<height - 1 {
            for column in 0..<width - 1 {
                let corner = row * width + column
                let corners = [
                    grid.values[corner], grid.values[corner + 1], grid.values[corner + width + 1],
                    grid.values[corner + width],
                ]
                var bits = 0
                for (bit, value) in corners.enumerated() where value >= level { bits |= 1 << bit }
                guard bits != 0, bits != 15 else { continue }
                let isJoined = corners[0] + corners[1] + corners[2] + corners[3] >= 4 * level
                func index(_ edge: Edge) -> Int {
                    switch edge {
                    case .top: corner * 2
                    case .bottom: (corner + width) * 2
                    case .left: corner * 2 + 1
                    case .right: (corner + 1) * 2 + 1
                    }
                }
                for (from, to) in (isJoined ? joinedWays[bits] : nil) ?? ways[bits] {
                    next[index(from)] = Int32(index(to))
                    isEntered[index(to)] = true
                    starts.append(index(from))
                }
            }
        }
        // Lines that begin at the grid's edge first, then what is left: closed ones.
        return (starts.filter { !isEntered[$0] } + starts).compactMap { start in
            guard next[start] >= 0 else { return nil }
            var points = [point(on: start, of: grid, at: level)]
            var edge = start
            while next[edge] >= 0 {
                let following = Int(next[edge])
                next[edge] = -1
                edge = following
                if edge == start { return Polyline(points: points, isClosed: true) }
                points.append(point(on: edge, of: grid, at: level))
            }
            return Polyline(points: points, isClosed: false)
        }
    }

    private static func point(on edge: Int, of grid: ScalarGrid, at level: Float) -> Point {
        let width = grid.xs.count
        let (corner, isDownwards) = (edge / 2, !edge.isMultiple(of: 2))
        let (row, column) = corner.quotientAndRemainder(dividingBy: width)
        let from = grid.values[corner], to = grid.values[isDownwards ? corner + width : corner + 1]
        let share = Double((level - from) / (to - from))
        return isDownwards
            ? Point(x: grid.xs[column], y: grid.ys[row] + share * (grid.ys[row + 1] - grid.ys[row]))
            : Point(x: grid.xs[column] + share * (grid.xs[column + 1] - grid.xs[column]), y: grid.ys[row])
    }
}
