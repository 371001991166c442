import Foundation

/// Rows of text in aligned columns.
struct Table {
    enum Alignment { case left, right }

    struct Cell {
        let text: String
        let style: Style?

        init(_ text: String, _ style: Style? = nil) {
            self.text = text.printable
            self.style = style
        }
    }

    private let alignments: [Alignment]
    private let indent: String
    private var rows: [[Cell]] = []

    /// - Parameter alignments: one per column; columns beyond are aligned to the left.
    init(_ alignments: [Alignment] = [], indent: String = "") {
        self.alignments = alignments
        self.indent = indent
    }

    mutating func add(_ cells: [Cell]) {
        rows.append(cells)
    }

    mutating func add(_ texts: String..., style: Style? = nil) {
        rows.append(texts.map { Cell($0, style) })
    }

    /// The rows, each with its line end.
    var text: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].text.count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let line = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.text.count)
                let styled = cell.style.map { $0(cell.text) } ?? cell.text
                if column < alignments.count, alignments[column] == .right { return space + styled }
                return column == row.count - 1 ? styled : styled + space
            }
            let text = indent + line.joined(separator: "  ")
            // Empty cells at the end leave spaces.
            let end = text.lastIndex { $0 != " " }.map(text.index(after:)) ?? text.startIndex
            return text[..<end] + "\n"
        }.joined()
    }
}

/// Numbers as people read them.
enum Format {
    static func percent(_ fraction: Double) -> String { String(format: "%.1f %%", fraction * 100) }

    static func decimal(_ value: Double, _ digits: Int = 2) -> String { String(format: "%.\(digits)f", value) }

    /// Whole numbers without a fraction, others with four significant digits.
    static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(format: "%.0f", value) : String(format: "%.4g", value)
    }

    static func bytes(_ count: Int) -> String {
        let units = ["bytes", "KiB", "MiB", "GiB"]
        var value = Double(count)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count) bytes" : "\(decimal(value, 1)) \(units[unit])"
    }

    static func duration(seconds: Double) -> String {
        let whole = Int(seconds.isFinite ? min(max(seconds, 0), 1e12) : 0)
        let (days, hours, minutes) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60)
        if days > 0 { return "\(days) d \(hours) h" }
        if hours > 0 { return "\(hours) h \(minutes) min" }
        return minutes > 0 ? "\(minutes) min \(whole % 60) s" : "\(whole) s"
    }

    /// `[1, 3, ?, ?]`
    static func shape(_ shape: [Int?]) -> String {
        "[" + shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", ") + "]"
    }

    /// Local time.
    static func time(_ date: Date) -> String {
        let style = Date.ISO8601FormatStyle(dateTimeSeparator: .space, timeZone: .current)
        return style.year().month().day().time(includingFractionalSeconds: false).format(date)
    }

    static func count(_ count: Int, _ noun: String, plural: String? = nil) -> String {
        "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
    }
}
