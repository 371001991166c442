import Photos
public import WireProtocol

/// Lying bars with their intervals: a row a method, a bar a figure.
public struct BarChart: Sendable {
    public struct Row: Sendable {
        public let name: String
        /// Drawn pale: what has to be beaten.
        public let isBaseline: Bool
        /// One a series; nil where there is none.
        public let values: [Estimate?]

        public init(_ name: String, isBaseline: Bool = false, _ values: [Estimate?]) {
            self.name = name
            self.isBaseline = isBaseline
            self.values = values
        }
    }

    private static let colors = [
        RGBColor(red: 0x1b, green: 0x5e, blue: 0x9b), RGBColor(red: 0xd9, green: 0x6c, blue: 0x1e),
        RGBColor(red: 0x2e, green: 0x8b, blue: 0x57), RGBColor(red: 0x7b, green: 0x4f, blue: 0xa0),
    ]
    private static let ink = RGBColor(red: 0x22, green: 0x22, blue: 0x22)
    private static let grid = RGBColor(red: 0xdd, green: 0xdd, blue: 0xdd)

    private let title: String
    private let series: [String]
    private let rows: [Row]

    /// - Parameter series: the names of the figures, four at most; their values lie in 0…1.
    public init(title: String, series: [String], rows: [Row]) {
        self.title = title
        self.series = Array(series.prefix(Self.colors.count))
        self.rows = rows
    }

    public var drawing: Drawing {
        let (left, right, bar, gap, top) = (210.0, 70.0, 14.0, 12.0, 76.0)
        let rowHeight = Double(series.count) * bar + gap
        let bottom = top + Double(rows.count) * rowHeight
        var drawing = Drawing(width: 800, height: Int(bottom) + 40)
        let width = 800 - left - right
        func x(_ value: Double) -> Double { left + min(max(value, 0), 1) * width }
        drawing.add(.text(title, x: 16, y: 28, size: 17, .start, Self.ink))
        for (index, name) in series.enumerated() {
            let place = 16 + Double(index) * 190
            drawing.add(.rectangle(x: place, y: 44, width: 12, height: 12, Self.colors[index]))
            drawing.add(.text(name, x: place + 18, y: 55, size: 12, .start, Self.ink))
        }
        for tenth in stride(from: 0, through: 10, by: 2) {
            let place = x(Double(tenth) / 10)
            drawing.add(.line(from: (place, top - 4), to: (place, bottom), thickness: 1, Self.grid))
            drawing.add(.text("\(tenth * 10) %", x: place, y: bottom + 20, size: 12, .middle, Self.ink))
        }
        for (number, row) in rows.enumerated() {
            let start = top + Double(number) * rowHeight
            drawing.add(
                .text(
                    row.name, x: left - 10, y: start + Double(series.count) * bar / 2 + 4, size: 13, .end, Self.ink))
            for (index, value) in row.values.prefix(series.count).enumerated() {
                guard let value else { continue }
                let y = start + Double(index) * bar
                let color = row.isBaseline ? Self.pale(Self.colors[index]) : Self.colors[index]
                drawing.add(.rectangle(x: left, y: y, width: x(value.value) - left, height: bar - 2, color))
                let middle = y + bar / 2 - 1
                drawing.add(
                    .line(from: (x(value.low), middle), to: (x(value.high), middle), thickness: 1.5, Self.ink))
                for end in [value.low, value.high] {
                    drawing.add(
                        .line(from: (x(end), middle - 3), to: (x(end), middle + 3), thickness: 1.5, Self.ink))
                }
                let label = "\(Int((value.value * 100).rounded())) %"
                drawing.add(
                    .text(label, x: x(max(value.high, value.value)) + 8, y: y + bar - 3, size: 11, .start, Self.ink))
            }
        }
        return drawing
    }

    private static func pale(_ color: RGBColor) -> RGBColor {
        func mixed(_ value: UInt8) -> UInt8 { UInt8(255 - (255 - Int(value)) * 2 / 5) }
        return RGBColor(red: mixed(color.red), green: mixed(color.green), blue: mixed(color.blue))
    }
}
