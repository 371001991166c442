public import Tensors

/// A box to draw, with what to write on it.
public struct OverlayBox: Hashable, Sendable {
    /// In pixels of the photo's bitmap.
    public var rectangle: PixelRectangle
    public var caption: String

    public init(rectangle: PixelRectangle, caption: String) {
        self.rectangle = rectangle
        self.caption = caption
    }

    public init(x: Double, y: Double, width: Double, height: Double, caption: String) {
        self.init(rectangle: PixelRectangle(x: x, y: y, width: width, height: height), caption: caption)
    }
}

/// Draws the evidence on the photo: heat map, boxes, captions.
public struct Overlay: Sendable {
    /// Smaller photos are enlarged to this long side, so that text can be read.
    public static let smallestLongSide = 320

    public let font: Font
    public var style: OverlayStyle

    public init(font: Font, style: OverlayStyle = OverlayStyle()) {
        self.font = font
        self.style = style
    }

    /// The photo with its evidence, at its own size or enlarged to ``smallestLongSide``.
    ///
    /// - Parameters:
    ///   - photo: upright.
    ///   - heatMap: [h, w] of any size, values 0...1; the more a place counts, the more opaque its colour.
    ///   - heatMapRegion: where the map lies, in pixels of `photo`; `nil` for all of it.
    ///   - missing: the part of `photo` that its file does not have, in its pixels: hatched.
    ///   - boxes: in pixels of `photo`; what lies outside of it is not drawn.
    ///   - headline: a plate top left; drawn only where there are no boxes, whose captions say it else.
    ///   - footnote: a line along the bottom, wrapped at spaces.
    /// - Throws: `PhotoError.invalidMap` where the heat map is not a plane.
    public func render(
        photo: Bitmap, heatMap: Tensor? = nil, heatMapRegion: PixelRectangle? = nil, missing: PixelRectangle? = nil,
        boxes: [OverlayBox] = [], headline: String? = nil, footnote: String? = nil
    ) throws(PhotoError) -> Bitmap {
        let base = try enlarged(photo)
        let horizontal = Double(base.width) / Double(photo.width)
        let vertical = Double(base.height) / Double(photo.height)
        var canvas = Canvas(base)

        if let heatMap {
            let region = heatMapRegion?.scaled(horizontal: horizontal, vertical: vertical)
            if let map = try PlacedMap(heatMap, region: region, width: base.width, height: base.height) {
                canvas.blend(map, colorMap: style.colorMap, opacities: style.opacities)
            }
        }

        let shortSide = min(base.width, base.height)
        if let missing {
            canvas.hatch(
                missing.scaled(horizontal: horizontal, vertical: vertical), period: max(shortSide / 12, 12),
                light: style.hatchLight, dark: style.hatchDark)
        }
        let drawnBoxes = boxes.compactMap { box -> OverlayBox? in
            box.rectangle.scaled(horizontal: horizontal, vertical: vertical)
                .clipped(toWidth: base.width, height: base.height)
                .map { OverlayBox(rectangle: $0, caption: box.caption) }
        }
        let core = max(shortSide / 150, 2), halo = max(core / 2, 1)
        for box in drawnBoxes { draw(box.rectangle, on: &canvas, core: core, halo: halo) }

        var layout = PlateLayout(
            width: base.width, height: base.height,
            fitting: TextFitting(font: font, size: max(shortSide / 28, 11)), border: halo)
        if let footnote { layout.placeFootnote(footnote) }
        if drawnBoxes.isEmpty, let headline { layout.placeHeadline(headline) }
        for box in drawnBoxes { layout.placeCaption(box.caption, of: box.rectangle) }
        for plate in layout.plates { draw(plate, on: &canvas, halo: halo) }
        return canvas.bitmap
    }

    private func enlarged(_ photo: Bitmap) throws(PhotoError) -> Bitmap {
        let longSide = max(photo.width, photo.height)
        guard longSide < Self.smallestLongSide else { return photo }
        let scale = Double(Self.smallestLongSide) / Double(longSide)
        return try photo.resized(
            toWidth: max(Int((Double(photo.width) * scale).rounded()), 1),
            height: max(Int((Double(photo.height) * scale).rounded()), 1), filter: .bicubic)
    }

    /// A bright line between two dark ones: seen on any background.
    private func draw(_ rectangle: PixelRectangle, on canvas: inout Canvas, core: Int, halo: Int) {
        let snapped = rectangle.snapped
        for (inset, thickness, color) in [
            (0, halo, style.haloColor), (halo, core, style.boxColor), (halo + core, halo, style.haloColor),
        ] {
            canvas.outline(snapped.inset(by: inset), thickness: thickness, color: color)
        }
    }

    private func draw(_ plate: PlateLayout.Plate, on canvas: inout Canvas, halo: Int) {
        let textColor: RGBColor
        if plate.kind == .caption {
            canvas.fill(plate.rectangle, color: style.haloColor)
            canvas.fill(plate.rectangle.inset(by: halo), color: style.boxColor)
            textColor = style.captionTextColor
        } else {
            canvas.fill(
                plate.rectangle, cornerRadius: plate.cornerRadius, color: style.plateColor,
                opacity: style.plateOpacity)
            textColor = style.plateTextColor
        }
        for line in plate.lines {
            canvas.write(line.text, font: font, size: plate.textSize, x: line.x, y: line.y, color: textColor)
        }
    }
}

/// The colours of an overlay.
public struct OverlayStyle: Hashable, Sendable {
    public var colorMap = ColorMap.inferno
    /// Opacity of the heat map where it is 1.
    public var heatMapOpacity = 0.7
    /// Outlines, and the plates of their captions.
    public var boxColor = RGBColor(red: 0, green: 229, blue: 255)
    /// Beside the outlines.
    public var haloColor = RGBColor(red: 12, green: 16, blue: 20)
    public var captionTextColor = RGBColor(red: 12, green: 16, blue: 20)
    /// Headline and footnote.
    public var plateColor = RGBColor(red: 12, green: 16, blue: 20)
    public var plateTextColor = RGBColor.white
    public var plateOpacity = 0.85
    /// The stripes over what is missing.
    public var hatchLight = RGBColor(red: 176, green: 176, blue: 176)
    public var hatchDark = RGBColor(red: 80, green: 80, blue: 80)

    public init() {}

    /// For each entry of the colour map. Smoothly from nothing: what does not count stays as it was photographed.
    var opacities: [Double] {
        (0..<256).map { index in
            let value = Double(index) / 255
            return heatMapOpacity * value * value * (3 - 2 * value)
        }
    }
}
