/// Makes text fit: smaller first, then shorter. A number stays whole and beside its unit: "52 %" is never broken, and
/// never cut to "5…".
package struct TextFitting {
    package let font: Font
    /// The size at which text looks best, in pixels per em.
    package let size: Int
    /// The smallest size that can be read.
    var smallestSize: Int { min(size, max(8, size * 2 / 3)) }

    /// Longer captions are cut before they are measured: no one reads them, and measuring takes time.
    private static let longestText = 400
    /// What belongs to the number before it.
    private static let units: Set<String> = ["%", "px", "pixels", "ms", "s", "MB", "MiB"]

    package init(font: Font, size: Int) {
        self.font = font
        self.size = size
    }

    /// `text` on one line of at most `width` pixels; `nil` where not even one letter fits.
    package func oneLine(_ text: String, width: Int) -> (text: String, size: Int)? {
        let text = String(text.prefix(Self.longestText))
        if let size = wholeLine(text, width: width) { return (text, size) }
        return elided(text, width: width, size: smallestSize).map { ($0, smallestSize) }
    }

    /// The largest size at which all of `text` fits on one line of `width` pixels.
    func wholeLine(_ text: String, width: Int) -> Int? {
        stride(from: size, through: smallestSize, by: -1).first { font.width(of: text, size: $0) <= width }
    }

    /// `text` broken at spaces into at most `lines` lines of `width` pixels; what is left over ends in "…".
    package func wrapped(_ text: String, width: Int, lines limit: Int) -> [String] {
        guard limit > 0 else { return [] }
        let words = Self.words(of: String(text.prefix(Self.longestText)))
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

    /// `text` on at most `lines` lines; `nil` where something would be left over.
    package func wrappedWhole(_ text: String, width: Int, lines limit: Int) -> [String]? {
        let lines = wrapped(text, width: width, lines: limit)
        let isWhole = lines.joined(separator: " ") == Self.words(of: text).joined(separator: " ")
        return isWhole && !lines.isEmpty ? lines : nil
    }

    /// What a line may not be broken in: words, a number with its unit, and the dot between two statements with the word
    /// before it.
    static func words(of text: String) -> [String] {
        var words: [String] = []
        for word in text.split(whereSeparator: { $0 == " " || $0.isNewline || $0 == "\t" }) {
            let beginning = word.prefix { !$0.isPunctuation || $0 == "%" }
            let isUnit = units.contains(String(beginning)) && words.last?.last?.isNumber == true
            if let last = words.last, isUnit || word == "·" {
                words[words.count - 1] = last + " " + word
            } else {
                words.append(String(word))
            }
        }
        return words
    }

    /// The longest beginning of `text` that fits with "…" behind it; `text` itself where it fits. Words with a digit are
    /// left out whole.
    private func elided(_ text: String, width: Int, size: Int) -> String? {
        if font.width(of: text, size: size) <= width { return text }
        let ends = Self.ends(of: text)
        func shortened(_ index: Int) -> String { ends[index] + "…" }
        var (fits, fails) = (-1, ends.count)
        while fails - fits > 1 {
            let middle = (fits + fails) / 2
            if font.width(of: shortened(middle), size: size) <= width { fits = middle } else { fails = middle }
        }
        return fits < 0 ? nil : shortened(fits)
    }

    /// The beginnings that `text` can be cut to, each longer than the one before it.
    private static func ends(of text: String) -> [String] {
        var ends: [String] = []
        var before = ""
        for word in words(of: text) {
            if word.contains(where: \.isNumber) {
                ends.append(before + word)
            } else {
                for count in 1...word.count { ends.append(before + word.prefix(count)) }
            }
            before += word + " "
        }
        return ends
    }
}
