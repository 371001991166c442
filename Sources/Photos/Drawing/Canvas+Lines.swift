extension Canvas {
    /// Draws lines with round ends and joints, antialiased; where they cross they are one.
    ///
    /// - Parameter thickness: in pixels.
    mutating func stroke(_ lines: [Polyline], thickness: Double, color: RGBColor) {
        brush.begin(width: bitmap.width, height: bitmap.height)
        for line in lines {
            for (from, to) in line.segments { brush.add(from, to, radius: thickness / 2) }
            if line.points.count == 1 { brush.add(line.points[0], line.points[0], radius: thickness / 2) }
        }
        brush.paint(&bitmap, color: color)
    }

    /// A straight line with round ends, antialiased.
    ///
    /// - Parameter thickness: in pixels.
    public mutating func line(
        from: (Double, Double), to: (Double, Double), thickness: Double, color: RGBColor
    ) {
        let ends = [Point(x: from.0, y: from.1), Point(x: to.0, y: to.1)]
        stroke([Polyline(points: ends, isClosed: false)], thickness: thickness, color: color)
    }

    /// A bright line between two dark ones: seen on any background.
    mutating func strokeWithHalo(_ lines: [Polyline], thickness: Double, color: RGBColor, halo: RGBColor) {
        stroke(lines, thickness: thickness + 2 * max(thickness * 0.8, 1.2), color: halo)
        stroke(lines, thickness: thickness, color: color)
    }

    /// The outline of an area that lies to the right of the lines: light on its side, dark on the other, with ticks that
    /// point into it.
    ///
    /// - Parameter spacing: of the ticks, in pixels; `nil` for one that suits the thickness.
    mutating func strokeOneSided(
        _ lines: [Polyline], thickness: Double, light: RGBColor, dark: RGBColor, spacing: Double? = nil
    ) {
        let tick = 3.2 * thickness
        let ticks = lines.flatMap { Canvas.ticks(along: $0, spacing: spacing ?? 16 * thickness, length: tick) }
        stroke(lines.map { $0.moved(by: -0.4 * thickness) }, thickness: 2 * thickness, color: dark)
        stroke(ticks, thickness: thickness * 0.9 + 2, color: dark)
        stroke(lines.map { $0.moved(by: 0.5 * thickness) } + ticks, thickness: thickness, color: light)
    }

    /// Short lines to the right of `line`, evenly along it; none on a line too short for three.
    static func ticks(along line: Polyline, spacing: Double, length: Double) -> [Polyline] {
        let count = Int(line.length / spacing)
        guard count >= 3 else { return [] }
        let spacing = line.length / Double(count)
        var ticks: [Polyline] = []
        var (walked, next) = (0.0, spacing / 2)
        for (from, to) in line.segments {
            let way = to - from
            let pieceLength = way.length
            while next <= walked + pieceLength, pieceLength > 0, ticks.count < count {
                let start = from + way * ((next - walked) / pieceLength)
                let inwards = Point(x: -way.y / pieceLength, y: way.x / pieceLength)
                ticks.append(Polyline(points: [start, start + inwards * length], isClosed: false))
                next += spacing
            }
            walked += pieceLength
        }
        return ticks
    }

    /// Draws a frame: a dark band inwards from the edge of `rectangle`, and on it a light line in the given style.
    ///
    /// - Parameters:
    ///   - core: thickness of the light line.
    ///   - halo: of the dark line on each side of it.
    mutating func frame(
        _ rectangle: PixelRectangle, style: LineStyle, core: Int, halo: Int, light: RGBColor, dark: RGBColor
    ) {
        let edges = rectangle.snapped
        let lines = style == .double ? [core, core, core] : [core]
        outline(edges, thickness: 2 * halo + lines.reduce(0, +), color: dark)
        for index in lines.indices where index.isMultiple(of: 2) {
            let inner = edges.inset(by: halo + index * core)
            guard inner.width >= 1, inner.height >= 1 else { continue }
            let thickness = Double(min(core, Int(min(inner.width, inner.height))))
            func fillPart(_ x: Double, _ y: Double, _ width: Double, _ height: Double) {
                fill(PixelRectangle(x: x, y: y, width: width, height: height), color: light)
            }
            for part in style.lightParts(ofSide: Int(inner.width), thickness: core) {
                let x = inner.x + Double(part.lowerBound)
                fillPart(x, inner.y, Double(part.count), thickness)
                fillPart(x, inner.y + inner.height - thickness, Double(part.count), thickness)
            }
            for part in style.lightParts(ofSide: Int(inner.height), thickness: core) {
                let y = inner.y + Double(part.lowerBound)
                fillPart(inner.x, y, thickness, Double(part.count))
                fillPart(inner.x + inner.width - thickness, y, thickness, Double(part.count))
            }
        }
    }

    /// How thick a frame is, halo and all.
    static func frameThickness(style: LineStyle, core: Int, halo: Int) -> Int {
        2 * halo + (style == .double ? 3 : 1) * core
    }
}
