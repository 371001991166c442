internal import Foundation

/// Rows of pictures with a line of text each, on one sheet.
public struct ContactSheet: Sendable {
    /// One or more pictures side by side under one caption.
    public struct Entry: Sendable {
        public var pictures: [Bitmap]
        public var caption: String
        /// Drawn below the pictures from left to right, scaled to its own range.
        public var curve: [Double]?

        public init(pictures: [Bitmap], caption: String, curve: [Double]? = nil) {
            self.pictures = pictures
            self.caption = caption
            self.curve = curve
        }
    }

    public let font: Font
    /// Side of the square a picture is fitted into, in pixels.
    public var side = 224
    public var background = RGBColor(red: 24, green: 27, blue: 31)
    public var textColor = RGBColor.white
    public var curveColor = RGBColor(red: 0, green: 229, blue: 255)

    private static let gap = 8
    private static let textSize = 13
    private static let curveHeight = 48
    /// More than this side by side make a sheet that no screen shows.
    private static let widestRow = 1600

    public init(font: Font) {
        self.font = font
    }

    /// The entries in rows, with a footnote below them.
    ///
    /// - Throws: `PhotoError.invalidSize` where the sheet would be too large.
    public func render(_ entries: [Entry], footnote: String? = nil) throws(PhotoError) -> Bitmap {
        let gap = Self.gap
        let widest = entries.map { max($0.pictures.count, 1) }.max() ?? 1
        let entryWidth = widest * (side + gap) - gap
        let columns = max(min(Self.widestRow / (entryWidth + gap), columnCount(entries.count)), 1)
        let rows = (entries.count + columns - 1) / columns
        let lineHeight = font.lineHeight(size: Self.textSize)
        let curves = entries.contains { $0.curve != nil } ? Self.curveHeight + gap : 0
        let entryHeight = side + lineHeight + curves + gap
        let width = gap + columns * (entryWidth + gap)
        let fitting = TextFitting(font: font, size: Self.textSize)
        let notes = footnote.map { fitting.wrapped($0, width: width - 2 * gap, lines: 8) } ?? []
        let height = gap + rows * (entryHeight + gap) + notes.count * lineHeight + (notes.isEmpty ? 0 : gap)
        var canvas = Canvas(try Bitmap(width: width, height: height, color: background))
        for (index, entry) in entries.enumerated() {
            let left = gap + index % columns * (entryWidth + gap)
            let top = gap + index / columns * (entryHeight + gap)
            for (position, picture) in entry.pictures.enumerated() {
                let fitted = try fitted(picture)
                canvas.paste(
                    fitted, x: left + position * (side + gap) + (side - fitted.width) / 2,
                    y: top + (side - fitted.height) / 2)
            }
            if let line = fitting.oneLine(entry.caption, width: entryWidth) {
                canvas.write(line.text, font: font, size: line.size, x: left, y: top + side + gap / 2, color: textColor)
            }
            if let curve = entry.curve {
                draw(
                    curve, on: &canvas,
                    in: PixelRectangle(
                        x: Double(left), y: Double(top + side + lineHeight + gap), width: Double(entryWidth),
                        height: Double(Self.curveHeight)))
            }
        }
        for (index, line) in notes.enumerated() {
            canvas.write(
                line, font: font, size: Self.textSize, x: gap, y: height - gap - (notes.count - index) * lineHeight,
                color: textColor)
        }
        return canvas.bitmap
    }

    /// About as many columns as rows.
    private func columnCount(_ count: Int) -> Int { max(Int(Double(count).squareRoot().rounded(.up)), 1) }

    /// Enlarged by whole pixels where that comes close, so that small patches stay what they are.
    private func fitted(_ picture: Bitmap) throws(PhotoError) -> Bitmap {
        let scale = Double(side) / Double(max(picture.width, picture.height))
        guard scale != 1 else { return picture }
        return try picture.resized(
            toWidth: max(Int((Double(picture.width) * scale).rounded()), 1),
            height: max(Int((Double(picture.height) * scale).rounded()), 1), filter: scale > 4 ? .nearest : .bicubic)
    }

    private func draw(_ curve: [Double], on canvas: inout Canvas, in area: PixelRectangle) {
        canvas.fill(area, color: .black)
        let finite = curve.filter(\.isFinite)
        guard let lowest = finite.min(), let highest = finite.max(), finite.count == curve.count else { return }
        let columns = Int(area.width)
        func row(_ column: Int) -> Double {
            let index = curve.count > 1 ? column * (curve.count - 1) / max(columns - 1, 1) : 0
            let share = highest > lowest ? (curve[index] - lowest) / (highest - lowest) : 0.5
            return area.y + (1 - share) * (area.height - 2)
        }
        for column in 0..<columns {
            // From the last value to this one, so that steep parts are lines, too.
            let (from, to) = (row(max(column - 1, 0)), row(column))
            canvas.fill(
                PixelRectangle(x: area.x + Double(column), y: min(from, to), width: 1, height: abs(to - from) + 2),
                color: curveColor)
        }
    }
}
