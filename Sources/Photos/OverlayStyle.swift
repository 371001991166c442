/// The colours of an overlay.
public struct OverlayStyle: Hashable, Sendable {
    public var colorMap = ColorMap.inferno
    /// Opacity of the heat map where it is 1.
    public var heatMapOpacity = 0.7
    /// Shares of the map's maximum that get a line, so that the heat is seen on photos of its own colours too.
    public var contourLevels: [Float] = [0.25, 0.5, 0.75]
    public var contourColor = RGBColor.white
    /// Outlines of boxes and the plates of their captions, label by label; further labels begin again.
    public var boxColors = [
        RGBColor(red: 0, green: 229, blue: 255), RGBColor(red: 255, green: 235, blue: 59),
        RGBColor(red: 255, green: 150, blue: 220), RGBColor(red: 190, green: 200, blue: 255),
    ]
    public var closerLookColor = RGBColor.white
    /// Beside all lines.
    public var haloColor = RGBColor(red: 12, green: 16, blue: 20)
    public var captionTextColor = RGBColor(red: 12, green: 16, blue: 20)
    /// Verdict and legend.
    public var plateColor = RGBColor(red: 12, green: 16, blue: 20)
    public var plateTextColor = RGBColor.white
    public var plateOpacity = 0.85
    /// The stripes over what is missing.
    public var hatchLight = RGBColor(red: 176, green: 176, blue: 176)
    public var hatchDark = RGBColor(red: 80, green: 80, blue: 80)
    /// Opacity of the tint inside of an outline.
    public var tintOpacity = 0.3
    /// Whether verdict, captions and legend are written on it.
    public var hasPlates = true
    /// How many times as thick as usual the lines are.
    public var lineFactor = 1.0

    public init() {}

    /// For each entry of the colour map. Smoothly from nothing: what does not count stays as it was photographed.
    var opacities: [Double] {
        (0..<256).map { index in
            let value = Double(index) / 255
            return heatMapOpacity * value * value * (3 - 2 * value)
        }
    }

    func boxColor(ofGroup group: Int) -> RGBColor {
        boxColors.isEmpty ? .white : boxColors[group % boxColors.count]
    }

    func color(of sign: OverlayVerdict.Sign) -> RGBColor {
        switch sign {
        case .check: RGBColor(red: 30, green: 142, blue: 62)
        case .wave: RGBColor(red: 176, green: 108, blue: 0)
        case .cross: RGBColor(red: 205, green: 40, blue: 50)
        case .question: RGBColor(red: 84, green: 104, blue: 140)
        }
    }
}

/// How the sides of a frame are drawn: told apart without their colours.
enum LineStyle: Hashable {
    case solid, dotted, double, dashDotted
    /// Kept for the part that was looked at closer.
    case dashed

    /// Of boxes, label by label; further labels begin again.
    private static let groups: [LineStyle] = [.solid, .dotted, .double, .dashDotted]

    init(group: Int) { self = LineStyle.groups[group % LineStyle.groups.count] }

    /// Lengths of light and dark in turn, in thicknesses of the line; empty for a line without gaps.
    private var pattern: [Int] {
        switch self {
        case .solid, .double: []
        case .dotted: [2, 2]
        case .dashDotted: [7, 2, 2, 2]
        case .dashed: [5, 4]
        }
    }

    /// The light parts of a side, in pixels from its beginning; both of its ends are light.
    func lightParts(ofSide length: Int, thickness: Int) -> [Range<Int>] {
        guard !pattern.isEmpty else { return [0..<length] }
        var parts: [Range<Int>] = []
        var position = 0, next = 0
        while position < length {
            let end = min(position + pattern[next % pattern.count] * thickness, length)
            if next.isMultiple(of: 2) { parts.append(position..<end) }
            (position, next) = (end, next + 1)
        }
        parts.append(max(length - 2 * thickness, 0)..<length)
        return parts
    }
}
