/// Colours for numbers. All but ``turbo`` are perceptually uniform, so that equal steps of the number look like equal steps,
/// also to the colour-blind and in grey print.
public enum ColorMap: String, CaseIterable, Codable, Sendable {
    /// Dark violet over green to yellow.
    case viridis
    /// Black over violet and orange to pale yellow.
    case inferno
    /// Black over violet and rose to pale yellow.
    case magma
    /// Dark blue over violet and orange to yellow.
    case plasma
    /// Dark blue over grey to yellow: the same to those who see no red or no green.
    case cividis
    /// A rainbow, dark at both ends: tells more steps apart than the others, but neither in grey nor by everybody.
    case turbo

    /// 256 colours, for 0 to 1.
    public var colors: [RGBColor] { Self.colorsByMap[self] ?? [] }

    /// The colour for `value`, clamped to 0...1; NaN is 0.
    public func color(for value: Float) -> RGBColor { colors[Self.index(of: value)] }

    /// The nearest of the 256 entries.
    static func index(of value: Float) -> Int { value > 0 ? Int(min(value, 1) * 255 + 0.5) : 0 }

    private var table: [UInt32] {
        switch self {
        case .viridis: Self.viridisTable
        case .inferno: Self.infernoTable
        case .magma: Self.magmaTable
        case .plasma: Self.plasmaTable
        case .cividis: Self.cividisTable
        case .turbo: Self.turboTable
        }
    }

    private static let colorsByMap = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0, $0.table.map(RGBColor.init(hex:))) })
}
