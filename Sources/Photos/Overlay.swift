internal import Tensors

/// Draws the evidence on the photo: heat, outlines, boxes, and what they mean.
public struct Overlay: Sendable {
    /// Smaller photos are enlarged to this long side, so that there is room for text that can be read.
    public static let smallestLongSide = 400
    /// More letters than these tell nobody anything.
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ").map(String.init)

    public let font: Font
    public var style: OverlayStyle

    public init(font: Font, style: OverlayStyle = OverlayStyle()) {
        self.font = font
        self.style = style
    }

    /// The photo with its evidence, at its own size or enlarged to ``smallestLongSide``.
    ///
    /// - Throws: `PhotoError.invalidMap` where the heat map is not a plane.
    public func render(_ scene: OverlayScene) throws(PhotoError) -> Bitmap { try drawing(of: scene).bitmap }

    /// What was drawn, and where.
    package struct Drawing {
        package let bitmap: Bitmap
        package let plates: [Plate]
        /// The frames, with the thickness of their lines inwards.
        package let frames: [(rectangle: PixelRectangle, thickness: Int)]
        /// The heat's lines.
        package let contours: [Polyline]
        package let outlines: [Polyline]
        package let areaLimit: Int
    }

    package func drawing(of scene: OverlayScene) throws(PhotoError) -> Drawing {
        let base = try scene.photo.enlarged(toLongSide: Self.smallestLongSide)
        let scene = scene.scaled(to: base)
        let lines = LineWidths(width: base.width, height: base.height, factor: style.lineFactor)
        var canvas = Canvas(base)

        let contours = try drawHeat(scene.heat, on: &canvas, lines)
        for outline in scene.outlines { try drawTint(of: outline, on: &canvas) }
        if let missing = scene.missing {
            canvas.hatch(missing, period: lines.hatchPeriod, light: style.hatchLight, dark: style.hatchDark)
        }
        var outlines: [Polyline] = []
        var drawnOutlines: [OverlayOutline] = []
        for outline in scene.outlines {
            let drawn = lines.worthDrawing(
                ContourLines.lines(
                    of: try ScalarGrid(outline.coverage, width: base.width, height: base.height, border: .zero), at: 0.5
                ))
            guard !drawn.isEmpty else { continue }
            canvas.strokeOneSided(drawn, thickness: lines.outline, light: outline.color, dark: style.haloColor)
            outlines += drawn
            drawnOutlines.append(outline)
        }

        var frames: [(rectangle: PixelRectangle, thickness: Int)] = []
        if let part = scene.closerLook {
            let core = max(lines.core * 2 / 3, 1)
            canvas.frame(
                part, style: .dashed, core: core, halo: lines.halo, light: style.closerLookColor, dark: style.haloColor)
            frames.append((part, Canvas.frameThickness(style: .dashed, core: core, halo: lines.halo)))
        }
        let labels = scene.boxes.reduce(into: [String]()) { if !$0.contains($1.label) { $0.append($1.label) } }
        let boxes = scene.boxes.map { (box: $0, group: (labels.firstIndex(of: $0.label) ?? 0) + scene.firstGroup) }
        for (box, group) in boxes.reversed() {
            let lineStyle = LineStyle(group: group)
            let core = lineStyle == .double ? max(lines.core * 2 / 3, 1) : lines.core
            canvas.frame(
                box.rectangle, style: lineStyle, core: core, halo: lines.halo, light: style.boxColor(ofGroup: group),
                dark: style.haloColor)
            frames.append((box.rectangle, Canvas.frameThickness(style: lineStyle, core: core, halo: lines.halo)))
        }

        let writer = PlateWriter(font: font, width: base.width, height: base.height)
        var layout = PlateLayout(width: base.width, height: base.height, frames: frames, margin: max(lines.halo * 2, 2))
        let busy = boxes.map(\.box.rectangle)
        if let verdict = scene.verdict {
            layout.place(writer.verdict(verdict), kind: .verdict, near: .topLeft, avoiding: busy)
        }
        for (index, (box, group)) in boxes.enumerated() {
            let letter = labels.count > 1 && group < Self.letters.count ? Self.letters[group - scene.firstGroup] : nil
            layout.placeCaption(
                writer.caption(of: box, letter: letter, border: lines.halo), of: box.rectangle,
                thickness: frames[frames.count - 1 - index].thickness, group: group)
        }
        let entries = legend(of: scene, drawnOutlines, labels, hasContours: !contours.isEmpty)
        layout.place(
            writer.legend(entries, details: scene.details), kind: .legend, near: .bottomLeft, avoiding: busy)
        if style.hasPlates {
            for plate in layout.plates { canvas.draw(plate, font: font, style: style, border: lines.halo) }
        }
        return Drawing(
            bitmap: canvas.bitmap, plates: layout.plates, frames: frames, contours: contours, outlines: outlines,
            areaLimit: layout.areaLimit)
    }

    // MARK: Heat

    /// - Returns: the lines drawn on it.
    private func drawHeat(
        _ heat: OverlayHeat?, on canvas: inout Canvas, _ lines: LineWidths
    ) throws(PhotoError) -> [Polyline] {
        let (width, height) = (canvas.bitmap.width, canvas.bitmap.height)
        guard let heat, let map = try PlacedMap(heat.map, region: heat.region, width: width, height: height) else {
            return []
        }
        canvas.blend(map, colors: style.colorMap.colors, opacities: style.opacities)
        let grid = map.grid(longSide: 192)
        let contours = lines.worthDrawing(style.contourLevels.flatMap { ContourLines.lines(of: grid, at: $0) })
        // A map of single pixels has no lines that anybody could follow.
        guard contours.count <= 40, contours.reduce(0, { $0 + $1.length }) <= 16 * Double(width + height) else {
            return []
        }
        canvas.strokeWithHalo(contours, thickness: lines.contour, color: style.contourColor, halo: style.haloColor)
        return contours
    }

    private func drawTint(of outline: OverlayOutline, on canvas: inout Canvas) throws(PhotoError) {
        guard let tint = outline.tint,
            let map = try PlacedMap(
                outline.coverage, region: nil, width: canvas.bitmap.width, height: canvas.bitmap.height)
        else { return }
        let opacities = (0..<256).map { entry in
            style.tintOpacity * min(max((Double(entry) / 255 - 0.4) / 0.2, 0), 1)
        }
        canvas.blend(map, colors: [RGBColor](repeating: tint, count: 256), opacities: opacities)
    }

    // MARK: Legend

    /// Of what is drawn, what matters most first.
    private func legend(
        of scene: OverlayScene, _ outlines: [OverlayOutline], _ labels: [String], hasContours: Bool
    ) -> [LegendEntry] {
        var entries: [LegendEntry] = []
        if let heat = scene.heat, !heat.most.wordings.isEmpty {
            entries.append(LegendEntry(symbol: .scale(hasLines: hasContours), before: heat.least, after: heat.most))
        }
        if !labels.isEmpty, !scene.boxMeaning.wordings.isEmpty {
            entries.append(LegendEntry(symbol: .box(group: scene.firstGroup), after: scene.boxMeaning))
        }
        for outline in outlines where !outline.meaning.wordings.isEmpty {
            entries.append(LegendEntry(symbol: .outline(outline.color), after: outline.meaning))
        }
        if scene.closerLook != nil {
            entries.append(
                LegendEntry(
                    symbol: .closerLook,
                    after: OverlayWords("dashed: part looked at closer", "looked at closer", "closer look")))
        }
        if scene.missing != nil {
            entries.append(
                LegendEntry(
                    symbol: .hatch, after: OverlayWords("missing in the file", "missing in the file", "missing")))
        }
        if labels.count > 1 {
            for (group, label) in labels.prefix(4).enumerated() {
                entries.append(
                    LegendEntry(
                        symbol: .box(group: group + scene.firstGroup), after: "\(Self.letters[group]) \(label)"))
            }
        }
        return entries
    }
}

/// How thick lines are on a picture, in pixels.
struct LineWidths {
    /// The light line of a frame, and the dark one on each side of it.
    let core: Int
    let halo: Int
    let contour: Double
    let outline: Double
    let hatchPeriod: Int
    private let shortestLine: Double

    init(width: Int, height: Int, factor: Double = 1) {
        let shortSide = min(width, height)
        core = Int((Double(max(shortSide / 150, 2)) * factor).rounded())
        halo = max(core / 2, 1)
        contour = max(Double(shortSide) / 400, 1.5) * factor
        outline = max(Double(shortSide) / 240, 1.5) * factor
        hatchPeriod = max(shortSide / 12, 12)
        shortestLine = Double(shortSide) / 12
    }

    /// Without specks: lines that are short, or short beside the longest.
    func worthDrawing(_ lines: [Polyline]) -> [Polyline] {
        let lengths = lines.map(\.length)
        let shortest = max(shortestLine, (lengths.max() ?? 0) / 12)
        return zip(lines, lengths).filter { $0.1 >= shortest }.map(\.0)
    }
}

extension OverlayScene {
    /// The group of the first label; the second group's line is dotted.
    fileprivate var firstGroup: Int { boxesAreHints ? 1 : 0 }

    /// The scene on its photo at another size, without what lies outside of it.
    func scaled(to photo: Bitmap) -> OverlayScene {
        let horizontal = Double(photo.width) / Double(self.photo.width)
        let vertical = Double(photo.height) / Double(self.photo.height)
        func scaled(_ rectangle: PixelRectangle) -> PixelRectangle {
            rectangle.scaled(horizontal: horizontal, vertical: vertical)
        }
        func inside(_ rectangle: PixelRectangle) -> PixelRectangle? {
            scaled(rectangle).clipped(toWidth: photo.width, height: photo.height)
        }
        var scene = self
        scene.photo = photo
        scene.heat?.region = heat?.region.map(scaled)
        scene.boxes = boxes.compactMap { box in
            inside(box.rectangle).map { OverlayBox(rectangle: $0, label: box.label, caption: box.caption) }
        }
        scene.closerLook = closerLook.flatMap(inside)
        scene.missing = missing.flatMap(inside)
        return scene
    }
}

extension Bitmap {
    /// The picture, larger where its long side is shorter than `longSide`.
    func enlarged(toLongSide longSide: Int) throws(PhotoError) -> Bitmap {
        let own = max(width, height)
        guard own < longSide else { return self }
        let scale = Double(longSide) / Double(own)
        return try resized(
            toWidth: max(Int((Double(width) * scale).rounded()), 1),
            height: max(Int((Double(height) * scale).rounded()), 1), filter: .bicubic)
    }
}
