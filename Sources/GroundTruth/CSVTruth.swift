import Foundation
import WireProtocol

/// A CSV file with a line a photo or a box, and a first line that names the columns: `file`, `label`, and where there are
/// boxes `x`, `y`, `width`, `height` or `xmin`, `ymin`, `xmax`, `ymax`. Without such a first line there are two columns, file
/// and label. Cells are parted by commas, by semicolons where the first line has no comma outside of quotation marks, as
/// spreadsheets write it where the comma is for fractions, and by tabs in a `.tsv` file.
enum CSVTruth {
    private static let fileNames = ["file", "filename", "image", "photo", "path"]
    private static let labelNames = ["label", "class", "category"]

    static func read(_ path: String) throws(TruthError) -> [TruePhoto] {
        let lines = try TruthFile.lines(TruthFile.text(of: path)).filter { !$0.text.isEmpty }
        let separator = separator(lines.first?.text ?? "", path)
        var rows = try lines.map {
            (row) throws(TruthError) -> (number: Int, cells: [String]) in
            guard let cells = Self.cells(row.text, separator) else {
                throw TruthError(path, line: row.number, "a quotation has no end")
            }
            return (number: row.number, cells: cells)
        }
        var columns = ["file": 0, "label": 1]
        if let first = rows.first?.cells.map({ $0.lowercased() }), first.contains(where: fileNames.contains) {
            columns = [:]
            for (index, name) in first.enumerated() {
                columns[fileNames.contains(name) ? "file" : labelNames.contains(name) ? "label" : name] = index
            }
            rows.removeFirst()
        }
        var table = TruthTable()
        for (number, cells) in rows {
            func cell(_ name: String) -> String? {
                guard let index = columns[name], index < cells.count, !cells[index].isEmpty else { return nil }
                return cells[index]
            }
            func value(_ name: String) -> Double? {
                // Where cells are parted by semicolons, a comma is for fractions.
                cell(name).flatMap { Double(separator == ";" ? $0.replacing(",", with: ".") : $0) }
            }
            guard let file = cell("file") else { throw TruthError(path, line: number, "the photo's file is missing") }
            let box = try Self.box(cell, value, path, number)
            let label = cell("label")
            table.update(file) { photo in
                if let label { photo.add(label: label) }
                if let box { photo.add(box, label: label) }
            }
        }
        return table.photos
    }

    private static func separator(_ line: Substring, _ path: String) -> Character {
        if path.hasSuffix(".tsv") { return "\t" }
        return cells(line, ",").map(\.count) == 1 && cells(line, ";").map(\.count) != 1 ? ";" : ","
    }

    /// Nil where the line has none.
    private static func box(
        _ cell: (String) -> String?, _ value: (String) -> Double?, _ path: String, _ line: Int
    ) throws(TruthError) -> BoundingBox? {
        let forms = [["x", "y", "width", "height"], ["xmin", "ymin", "xmax", "ymax"]]
        for (index, names) in forms.enumerated() {
            guard names.contains(where: { cell($0) != nil }) else { continue }
            let numbers = names.compactMap(value)
            guard numbers.count == 4 else {
                throw TruthError(path, line: line, "\(names.joined(separator: ", ")) should be four numbers")
            }
            let box =
                index == 0
                ? BoundingBox(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
                : BoundingBox(
                    x: numbers[0], y: numbers[1], width: numbers[2] - numbers[0], height: numbers[3] - numbers[1])
            guard box.isPossible else { throw TruthError(path, line: line, BoundingBox.expectation) }
            return box
        }
        return nil
    }

    /// As RFC 4180 has them, on one line; nil where a quotation has no end.
    static func cells(_ line: Substring, _ separator: Character) -> [String]? {
        var cells = [""]
        var isQuoted = false
        var wasQuote = false
        for character in line {
            if character == "\"" {
                // Two quotation marks in a quotation are one.
                if !isQuoted, wasQuote { cells[cells.count - 1].append("\"") }
                isQuoted.toggle()
                wasQuote = !isQuoted
                continue
            }
            wasQuote = false
            if character == separator, !isQuoted { cells.append("") } else { cells[cells.count - 1].append(character) }
        }
        return isQuoted ? nil : cells.map { $0.trimmingCharacters(in: .whitespaces) }
    }
}
