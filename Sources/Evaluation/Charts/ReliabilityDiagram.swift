import Photos

/// How often predictions came true, by their probability (DeGroot and Fienberg 1983; Guo et al. 2017, figure 1): where bars
/// end on the diagonal, probabilities mean what they say.
public struct ReliabilityDiagram: Sendable {
    /// One picture of the row.
    public struct Panel: Sendable {
        public let title: String
        public let bins: [CalibrationError.Bin]

        public init(_ title: String, _ bins: [CalibrationError.Bin]) {
            self.title = title
            self.bins = bins
        }
    }

    private static let bar = RGBColor(red: 0x1b, green: 0x5e, blue: 0x9b)
    private static let mean = RGBColor(red: 0xd9, green: 0x6c, blue: 0x1e)
    private static let ink = RGBColor(red: 0x22, green: 0x22, blue: 0x22)
    private static let grid = RGBColor(red: 0xdd, green: 0xdd, blue: 0xdd)

    private let title: String
    private let panels: [Panel]

    public init(title: String, panels: [Panel]) {
        self.title = title
        self.panels = panels
    }

    public var drawing: Drawing {
        let (side, top) = (320.0, 84.0)
        var drawing = Drawing(width: 30 + panels.count * 390, height: 470)
        drawing.add(.text(title, x: 16, y: 28, size: 17, .start, Self.ink))
        for (number, panel) in panels.enumerated() {
            let left = 56 + Double(number) * 390
            func x(_ share: Double) -> Double { left + share * side }
            func y(_ share: Double) -> Double { top + (1 - share) * side }
            drawing.add(.text(panel.title, x: left, y: top - 14, size: 13, .start, Self.ink))
            for fifth in 0...5 {
                let share = Double(fifth) / 5
                drawing.add(.line(from: (left, y(share)), to: (x(1), y(share)), thickness: 1, Self.grid))
                drawing.add(.text("\(fifth * 20)", x: left - 8, y: y(share) + 4, size: 11, .end, Self.ink))
                drawing.add(.text("\(fifth * 20)", x: x(share), y: y(0) + 18, size: 11, .middle, Self.ink))
            }
            for bin in panel.bins where bin.count > 0 {
                drawing.add(
                    .rectangle(
                        x: x(bin.low) + 1, y: y(bin.accuracy), width: (bin.high - bin.low) * side - 2,
                        height: bin.accuracy * side, Self.bar))
                // Where the bar would end if the probabilities were right.
                drawing.add(
                    .line(
                        from: (x(bin.low) + 1, y(bin.confidence)), to: (x(bin.high) - 1, y(bin.confidence)),
                        thickness: 3, Self.mean))
                drawing.add(
                    .text(
                        "\(bin.count)", x: x((bin.low + bin.high) / 2), y: min(y(bin.accuracy), y(bin.confidence)) - 5,
                        size: 9, .middle, Self.ink))
            }
            drawing.add(.line(from: (left, y(0)), to: (x(1), y(1)), thickness: 1.5, Self.ink))
            drawing.add(
                .text("probability in %; bars: share that came true", x: left, y: y(0) + 38, size: 11, .start, Self.ink)
            )
            drawing.add(
                .text("orange: mean probability; numbers: photos", x: left, y: y(0) + 54, size: 11, .start, Self.ink))
        }
        return drawing
    }
}
