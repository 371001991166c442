/// Colours for numbers: perceptually uniform, so that equal steps of the number look like equal steps, also to the
/// colour-blind and in grey print.
public enum ColorMap: String, CaseIterable, Codable, Sendable {
    /// Dark violet over green to yellow.
    case viridis
    /// Black over violet and orange to pale yellow.
    case inferno

    /// 256 colours, for 0 to 1.
    public var colors: [RGBColor] {
        switch self {
        case .viridis: Self.viridisColors
        case .inferno: Self.infernoColors
        }
    }

    /// The colour for `value`, clamped to 0...1; NaN is 0.
    public func color(for value: Float) -> RGBColor { colors[Self.index(of: value)] }

    /// The nearest of the 256 entries.
    static func index(of value: Float) -> Int { value > 0 ? Int(min(value, 1) * 255 + 0.5) : 0 }

    private static let viridisColors = viridisTable.map(RGBColor.init(hex:))
    private static let infernoColors = infernoTable.map(RGBColor.init(hex:))
}
