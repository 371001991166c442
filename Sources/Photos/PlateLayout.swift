/// Finds places for plates with text: always inside of the picture, where possible not over one another.
struct PlateLayout {
    struct Plate: Hashable {
        enum Kind: Hashable { case caption, headline, footnote }

        struct Line: Hashable {
            let text: String
            let x: Int
            let y: Int
        }

        let kind: Kind
        let rectangle: PixelRectangle
        let cornerRadius: Double
        let textSize: Int
        let lines: [Line]
    }

    private(set) var plates: [Plate] = []
    private let width: Int
    private let height: Int
    private let fitting: TextFitting
    /// Between the text and the edge of its plate, and between a plate and the edge of the picture.
    private let padding: Int
    /// The dark line around boxes and their captions; where the two meet, they share it.
    private let border: Int

    init(width: Int, height: Int, fitting: TextFitting, border: Int) {
        self.width = width
        self.height = height
        self.fitting = fitting
        self.border = border
        padding = max(fitting.size * 2 / 5, 3)
    }

    /// Along the whole bottom, at most a third of the picture high.
    mutating func placeFootnote(_ text: String) {
        // Beside the captions, this is small print.
        let small = TextFitting(font: fitting.font, size: max(fitting.size * 4 / 5, min(fitting.size, 11)))
        let lineHeight = small.font.lineHeight(size: small.size)
        let limit = max((height / 3 - padding) / lineHeight, 1)
        let lines = small.wrapped(text, width: width - 2 * padding, lines: limit)
        let plateHeight = lines.count * lineHeight + padding
        guard !lines.isEmpty, plateHeight <= height else { return }
        let top = height - plateHeight
        plates.append(
            Plate(
                kind: .footnote, rectangle: rectangle(x: 0, y: top, width: width, height: plateHeight),
                cornerRadius: 0, textSize: small.size,
                lines: lines.enumerated().map { index, line in
                    Plate.Line(text: line, x: padding, y: top + padding / 2 + index * lineHeight)
                }))
    }

    mutating func placeHeadline(_ text: String) {
        guard let plate = measured(text, margin: padding) else { return }
        append(plate, kind: .headline, x: padding, y: padding)
    }

    /// Above the box where there is room, else inside of it, else below it, whichever hides no other plate.
    mutating func placeCaption(_ text: String, of box: PixelRectangle) {
        guard !text.isEmpty, let plate = measured(text, margin: 0) else { return }
        let left = Int(box.x.rounded()), right = Int((box.x + box.width).rounded())
        let top = Int(box.y.rounded()), bottom = Int((box.y + box.height).rounded())
        let above = top - plate.height + border
        let places = [
            (left, above), (right - plate.width, above),
            (left, top), (right - plate.width, top),
            (left, bottom - border), (left, bottom - plate.height), (right - plate.width, bottom - plate.height),
        ]
        // Beside its box a plate may be moved along the edge to stay inside of the picture, but never across it.
        let candidates = places.filter { $0.1 >= 0 && $0.1 + plate.height <= height }
            .map { (x: min(max($0.0, 0), width - plate.width), y: $0.1) }
        let free = candidates.first { place in
            let candidate = rectangle(x: place.x, y: place.y, width: plate.width, height: plate.height)
            return !plates.contains { $0.rectangle.overlaps(candidate) }
        }
        guard let place = free ?? candidates.first else { return }
        append(plate, kind: .caption, x: place.x, y: place.y)
    }

    private struct Measured {
        let text: String
        let textSize: Int
        let width: Int
        let height: Int
    }

    /// The plate of a single line; `nil` where the picture is too small for any text.
    private func measured(_ text: String, margin: Int) -> Measured? {
        guard let line = fitting.oneLine(text, width: width - 2 * (padding + margin)) else { return nil }
        let plateHeight = fitting.font.lineHeight(size: line.size) + padding
        guard plateHeight + margin <= height else { return nil }
        return Measured(
            text: line.text, textSize: line.size,
            width: fitting.font.width(of: line.text, size: line.size) + 2 * padding, height: plateHeight)
    }

    private mutating func append(_ plate: Measured, kind: Plate.Kind, x: Int, y: Int) {
        plates.append(
            Plate(
                kind: kind, rectangle: rectangle(x: x, y: y, width: plate.width, height: plate.height),
                cornerRadius: kind == .headline ? Double(padding) / 2 : 0, textSize: plate.textSize,
                lines: [Plate.Line(text: plate.text, x: x + padding, y: y + padding / 2)]))
    }

    private func rectangle(x: Int, y: Int, width: Int, height: Int) -> PixelRectangle {
        PixelRectangle(x: Double(x), y: Double(y), width: Double(width), height: Double(height))
    }
}
