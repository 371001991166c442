internal import Foundation

extension Canvas {
    /// Draws a plate with all that is on it.
    mutating func draw(_ plate: Plate, font: Font, style: OverlayStyle, border: Int) {
        let textColor: RGBColor
        if plate.kind == .caption {
            fill(plate.rectangle, color: style.haloColor)
            fill(plate.rectangle.inset(by: border), color: style.boxColor(ofGroup: plate.group))
            textColor = style.captionTextColor
        } else {
            let radius = min(Double(border) * 3, plate.rectangle.height / 4)
            fill(plate.rectangle, cornerRadius: radius, color: style.plateColor, opacity: style.plateOpacity)
            textColor = style.plateTextColor
        }
        let left = Int(plate.rectangle.x), top = Int(plate.rectangle.y)
        for element in plate.body.elements {
            switch element {
            case .text(let text, let size, let x, let y):
                write(text, font: font, size: size, x: left + x, y: top + y, color: textColor)
            case .symbol(let symbol, let x, let y, let width, let height):
                let area = PixelRectangle(
                    x: Double(left + x), y: Double(top + y), width: Double(width), height: Double(height))
                draw(symbol, in: area, style: style)
            case .sign(let sign, let x, let y, let side):
                draw(sign, x: Double(left + x), y: Double(top + y), side: Double(side), color: style.color(of: sign))
            }
        }
    }

    // MARK: Symbols of the legend

    private mutating func draw(_ symbol: LegendSymbol, in area: PixelRectangle, style: OverlayStyle) {
        let core = max(Int(area.height) / 7, 1)
        switch symbol {
        case .scale(let hasLines):
            drawScale(in: area, colors: style.colorMap.colors, opacities: style.opacities)
            guard hasLines else { return }
            for level in style.contourLevels {
                let x = area.x + 1 + Double(level) * (area.width - 2)
                let line = Polyline(
                    points: [Point(x: x, y: area.y + 1), Point(x: x, y: area.y + area.height - 1)], isClosed: false)
                strokeWithHalo([line], thickness: 1, color: style.contourColor, halo: style.haloColor)
            }
        case .greyScale:
            let greys = (0..<256).map { RGBColor(red: UInt8($0), green: UInt8($0), blue: UInt8($0)) }
            drawScale(in: area, colors: greys, opacities: [Double](repeating: 1, count: 256))
        case .box(let group):
            frame(
                area, style: LineStyle(group: group), core: core, halo: 0, light: style.boxColor(ofGroup: group),
                dark: style.plateColor)
        case .closerLook:
            frame(
                area, style: .dashed, core: max(core * 2 / 3, 1), halo: 0, light: style.closerLookColor,
                dark: style.plateColor)
        case .outline(let color):
            // A hill whose inner side is below: ground, line and ticks as on the photo.
            let middle = area.y + area.height / 2
            fill(
                PixelRectangle(x: area.x, y: area.y, width: area.width, height: area.height),
                color: RGBColor(red: 128, green: 128, blue: 128))
            let line = Polyline(
                points: [Point(x: area.x + 1, y: middle), Point(x: area.x + area.width - 1, y: middle)], isClosed: false
            )
            strokeOneSided(
                [line], thickness: max(area.height / 8, 1), light: color, dark: style.haloColor,
                spacing: area.width / 3.2)
        case .hatch:
            hatch(area, period: max(Int(area.height) / 2, 4), light: style.hatchLight, dark: style.hatchDark)
        }
    }

    /// As the colours look on grey, within a light line.
    private mutating func drawScale(in area: PixelRectangle, colors: [RGBColor], opacities: [Double]) {
        fill(area, color: RGBColor(red: 200, green: 200, blue: 200))
        let inner = area.inset(by: 1)
        fill(inner, color: RGBColor(red: 110, green: 110, blue: 110))
        let columns = max(Int(inner.width), 1)
        for column in 0..<columns {
            let entry = columns > 1 ? column * 255 / (columns - 1) : 255
            fill(
                PixelRectangle(x: inner.x + Double(column), y: inner.y, width: 1, height: inner.height),
                color: colors[entry], opacity: opacities[entry])
        }
    }

    // MARK: Signs

    /// A sign in white on a disc, drawn and not written: a font need not have it.
    private mutating func draw(
        _ sign: OverlayVerdict.Sign, x: Double, y: Double, side: Double, color: RGBColor
    ) {
        fill(PixelRectangle(x: x, y: y, width: side, height: side), cornerRadius: side / 2, color: color)
        for line in sign.lines {
            let points = line.map { Point(x: x + $0.x * side, y: y + $0.y * side) }
            stroke([Polyline(points: points, isClosed: false)], thickness: side * 0.13, color: .white)
        }
    }
}

extension OverlayVerdict.Sign {
    /// Lines within a square of side 1; a line of one point is a dot.
    fileprivate var lines: [[Point]] {
        switch self {
        case .check: [[Point(x: 0.27, y: 0.53), Point(x: 0.43, y: 0.69), Point(x: 0.74, y: 0.34)]]
        case .cross:
            [
                [Point(x: 0.32, y: 0.32), Point(x: 0.68, y: 0.68)], [Point(x: 0.68, y: 0.32), Point(x: 0.32, y: 0.68)],
            ]
        case .wave:
            [
                (0...16).map { step in
                    let share = Double(step) / 16
                    return Point(x: 0.24 + 0.52 * share, y: 0.5 - 0.1 * sin(2 * .pi * share))
                }
            ]
        case .question:
            [
                (0...12).map { step in
                    // From the left over the top and round to the middle below.
                    let angle = Double.pi * (1 + Double(step) / 12 * 1.4)
                    return Point(x: 0.5 + 0.15 * cos(angle), y: 0.37 + 0.15 * sin(angle))
                } + [Point(x: 0.5, y: 0.56), Point(x: 0.5, y: 0.6)],
                [Point(x: 0.5, y: 0.77)],
            ]
        }
    }
}
