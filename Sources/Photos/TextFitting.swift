/// Makes text fit: smaller first, then shorter.
struct TextFitting {
    let font: Font
    /// The size at which text looks best, in pixels per em.
    let size: Int
    /// The smallest size that can be read.
    var smallestSize: Int { min(size, max(8, size * 2 / 3)) }

    /// Longer captions are cut before they are measured: no one reads them, and measuring takes time.
    private static let longestText = 400

    /// `text` on one line of at most `width` pixels; `nil` where not even one letter fits.
    func oneLine(_ text: String, width: Int) -> (text: String, size: Int)? {
        let text = String(text.prefix(Self.longestText))
        for candidate in stride(from: size, through: smallestSize, by: -1)
        where font.width(of: text, size: candidate) <= width {
            return (text, candidate)
        }
        return elided(text, width: width, size: smallestSize).map { ($0, smallestSize) }
    }

    /// `text` broken at spaces, though not at no-break ones ("98\u{a0}%"), into at most `lines` lines of `width` pixels; what is left over ends in "…".
    func wrapped(_ text: String, width: Int, lines limit: Int) -> [String] {
        guard limit > 0 else { return [] }
        let words = text.prefix(Self.longestText).split { $0 == " " || $0.isNewline || $0 == "\t" }.map(String.init)
        var lines: [String] = []
        var next = 0
        while next < words.count, lines.count < limit {
            if lines.count == limit - 1 {
                // The last line takes all that is left, and shows where it had to stop.
                let rest = words[next...].joined(separator: " ")
                if let line = elided(rest, width: width, size: size) { lines.append(line) }
                break
            }
            var line = words[next]
            next += 1
            while next < words.count, font.width(of: line + " " + words[next], size: size) <= width {
                line += " " + words[next]
                next += 1
            }
            guard let fitting = elided(line, width: width, size: size) else { break }
            lines.append(fitting)
        }
        return lines
    }

    /// The longest beginning of `text` that fits with "…" behind it; `text` itself where it fits.
    private func elided(_ text: String, width: Int, size: Int) -> String? {
        if font.width(of: text, size: size) <= width { return text }
        let characters = Array(text)
        func shortened(_ count: Int) -> String {
            let end = characters[..<count].lastIndex { !$0.isWhitespace }.map { $0 + 1 } ?? 0
            return String(characters[..<end]) + "…"
        }
        var (fits, fails) = (0, characters.count)
        while fails - fits > 1 {
            let middle = (fits + fails) / 2
            if font.width(of: shortened(middle), size: size) <= width { fits = middle } else { fails = middle }
        }
        return fits == 0 ? nil : shortened(fits)
    }
}
