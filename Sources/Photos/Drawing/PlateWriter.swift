/// Measures what plates say: verdict, captions and legend, each in all the ways it can be said, the best first.
struct PlateWriter {
    let fitting: TextFitting
    /// For the legend and the sentences below it.
    let small: TextFitting
    /// Of the picture.
    let width: Int
    let height: Int
    /// Between the text and the edge of its plate.
    let padding: Int

    init(font: Font, width: Int, height: Int) {
        self.width = width
        self.height = height
        let shortSide = min(width, height)
        let size = min(Int((Double(width) * Double(height)).squareRoot() / 36), shortSide / 9)
        fitting = TextFitting(font: font, size: max(11, size))
        small = TextFitting(font: font, size: max(10, size * 3 / 4))
        padding = max(fitting.size * 2 / 5, 3)
    }

    private var font: Font { fitting.font }

    // MARK: Verdict

    /// Each wording on one line, on two, on three, and at last the shortest as small as can be read.
    func verdict(_ verdict: OverlayVerdict) -> [PlateBody] {
        let words = verdict.words.wordings.filter { !$0.isEmpty }
        let room = width - 2 * padding - 2 * (padding / 2)
        func body(_ lines: [String], size: Int) -> PlateBody {
            let lineHeight = font.lineHeight(size: size)
            let side = verdict.sign == nil ? 0 : lineHeight
            let left = padding + (side > 0 ? side + padding : 0)
            var elements: [PlateBody.Element] = lines.enumerated().map { index, line in
                .text(line, size: size, x: left, y: padding / 2 + index * lineHeight)
            }
            if let sign = verdict.sign { elements.append(.sign(sign, x: padding, y: padding / 2, side: side)) }
            return PlateBody(
                width: left + (lines.map { font.width(of: $0, size: size) }.max() ?? 0) + padding,
                height: lines.count * lineHeight + 2 * (padding / 2), elements: elements)
        }
        func textRoom(_ size: Int) -> Int {
            room - (verdict.sign == nil ? 0 : font.lineHeight(size: size) + padding)
        }
        var bodies: [PlateBody] = []
        for wording in words {
            let available = textRoom(fitting.size)
            if font.width(of: wording, size: fitting.size) <= available {
                bodies.append(body([wording], size: fitting.size))
            }
            // In lines of about the same length, which are not as wide.
            for count in [2, 3] {
                let part = font.width(of: wording, size: fitting.size) * 12 / (10 * count)
                if let lines = fitting.wrappedWhole(wording, width: min(part, available), lines: count), lines.count > 1
                {
                    bodies.append(body(lines, size: fitting.size))
                }
            }
        }
        if let last = words.last {
            for size in Set([fitting.size, fitting.smallestSize]).sorted(by: >) {
                let one = TextFitting(font: font, size: size)
                if let line = one.oneLine(last, width: textRoom(size)) {
                    bodies.append(body([line.text], size: line.size))
                }
            }
        }
        return bodies
    }

    // MARK: Captions

    /// With the number, without it, and the letter alone where there is one.
    ///
    /// - Parameter border: the dark line around the plate.
    func caption(of box: OverlayBox, letter: String?, border: Int) -> [PlateBody] {
        let prefix = letter.map { $0 + " " } ?? ""
        let room = width - 2 * (padding + border)
        func body(_ text: String, size: Int) -> PlateBody {
            let inset = padding / 2 + border
            return PlateBody(
                width: font.width(of: text, size: size) + 2 * (padding / 2 + border + 1),
                height: font.lineHeight(size: size) + 2 * border,
                elements: [.text(text, size: size, x: inset + 1, y: border)])
        }
        var bodies: [PlateBody] = []
        for text in [box.caption, box.label] where !text.isEmpty {
            for size in [fitting.size, fitting.smallestSize] where font.width(of: prefix + text, size: size) <= room {
                bodies.append(body(prefix + text, size: size))
            }
        }
        if let letter {
            bodies.append(body(letter, size: fitting.smallestSize))
        } else if let line = fitting.oneLine(box.label, width: min(room, width / 2)), !box.label.isEmpty {
            bodies.append(body(line.text, size: line.size))
        }
        return bodies
    }

    // MARK: Legend

    /// The legend with the sentences below it, from all that could be said to the scale alone, each in several widths.
    func legend(_ entries: [LegendEntry], details: OverlayWords) -> some Sequence<PlateBody> {
        let sentences = details.wordings.filter { !$0.isEmpty }
        let levels = Array(0..<LegendEntry.levels)
        // The legend in good words comes before the sentences, these before the legend in short words.
        func ways(_ levels: some Sequence<Int>) -> [(String, [LegendEntry], Int)] {
            sentences.flatMap { sentence in levels.map { (sentence, entries, $0) } } + levels.map { ("", entries, $0) }
        }
        let fewer = (1..<max(entries.count, 1)).reversed().map {
            ("", Array(entries.prefix($0)), LegendEntry.levels - 1)
        }
        let ways = (ways(levels.dropLast()) + ways(levels.suffix(1)) + fewer).filter { !$0.1.isEmpty || !$0.0.isEmpty }
        return ways.lazy.flatMap { sentence, entries, level in
            [1.0, 0.7, 0.5, 0.35].filter { sentence.isEmpty || $0 >= 0.5 }.lazy.compactMap { share in
                let room = Int(share * Double(width)) - 2 * (padding / 2)
                return legend(entries, level: level, sentence: sentence, width: room - 2 * padding)
            }
        }
    }

    /// `nil` where it does not fit into the width.
    private func legend(_ entries: [LegendEntry], level: Int, sentence: String, width room: Int) -> PlateBody? {
        let size = small.size
        let lineHeight = font.lineHeight(size: size)
        let gap = size * 2 / 5
        var elements: [PlateBody.Element] = []
        var (x, y, widest) = (0, 0, 0)
        for entry in entries {
            let (before, after) = (entry.before.wording(level), entry.after.wording(level))
            let beforeWidth = before.isEmpty ? 0 : font.width(of: before, size: size) + gap
            let afterWidth = after.isEmpty ? 0 : font.width(of: after, size: size) + gap
            let symbolWidth = Int(entry.symbol.width * Double(size))
            let entryWidth = beforeWidth + symbolWidth + afterWidth
            guard entryWidth <= room else { return nil }
            if x > 0, x + entryWidth > room { (x, y) = (0, y + lineHeight + gap / 2) }
            let top = padding / 2 + y
            if !before.isEmpty { elements.append(.text(before, size: size, x: padding + x, y: top)) }
            elements.append(
                .symbol(
                    entry.symbol, x: padding + x + beforeWidth, y: top + (lineHeight - size) / 2, width: symbolWidth,
                    height: size))
            if !after.isEmpty {
                elements.append(.text(after, size: size, x: padding + x + beforeWidth + symbolWidth + gap, y: top))
            }
            x += entryWidth
            widest = max(widest, x)
            x += size
        }
        var bottom = entries.isEmpty ? 0 : y + lineHeight
        if !sentence.isEmpty {
            guard let lines = small.wrappedWhole(sentence, width: room, lines: 3) else { return nil }
            bottom += entries.isEmpty ? 0 : gap / 2
            for line in lines {
                elements.append(.text(line, size: size, x: padding, y: padding / 2 + bottom))
                bottom += lineHeight
                widest = max(widest, font.width(of: line, size: size))
            }
        }
        return PlateBody(width: widest + 2 * padding, height: bottom + 2 * (padding / 2), elements: elements)
    }
}

/// One line of the legend: a symbol, and what it means.
struct LegendEntry {
    let symbol: LegendSymbol
    /// What stands before the symbol: the lower end of a scale.
    var before = OverlayWords()
    let after: OverlayWords

    /// How many ways there are to say it, the last the shortest.
    static let levels = 3
}
