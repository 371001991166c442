import Files
import Foundation
import GRDB

/// A filter as SQL: the same as ``PhotoFilter/admits(_:)``, for the table `photo`.
struct SQLiteCondition: Sendable {
    /// What follows WHERE.
    private(set) var sql = "1"
    /// For its question marks.
    private(set) var arguments: [(any DatabaseValueConvertible & Sendable)?] = []

    /// When something last happened to a photo, in milliseconds since 1970 (``PhotoRecord/changedAt``).
    static let changedAt = "COALESCE(finishedAt, startedAt, queuedAt)"

    init(_ filter: PhotoFilter) {
        add("state = ?", filter.state?.rawValue)
        if let label = filter.label {
            sql += " AND (label = ? OR instr(furtherLabels, ?) > 0)"
            arguments += [label, FurtherLabels.text([label])]
        }
        add("verdict = ?", filter.verdict)
        add("probability >= ?", filter.probability?.lowerBound)
        add("probability <= ?", filter.probability?.upperBound)
        add("margin >= ?", filter.margin?.lowerBound)
        add("margin <= ?", filter.margin?.upperBound)
        add("\(SQLiteCondition.changedAt) >= ?", filter.changed?.lowerBound.milliseconds)
        add("\(SQLiteCondition.changedAt) < ?", filter.changed?.upperBound.milliseconds)
        add("sha256 IS NOT NULL AND doubtful = ?", filter.isDoubtful)
        add("expired = ?", filter.isExpired)
        if let judge = filter.judgedByOtherThan {
            sql += " AND state = 'done' AND (modelSHA256 IS NOT ? OR judge <> ?)"
            arguments += [judge.network, judge.everything]
        }
        if let folder = filter.folder {
            let start = Data(folder.bytes.last == FilePath.slash ? folder.bytes : folder.bytes + [FilePath.slash])
            sql += " AND (path = ? OR substr(path, 1, ?) = ?)"
            arguments += [folder.value, start.count, start]
        }
        for word in filter.words where !word.isEmpty {
            let pattern = word.flatMap { "\\%_".contains($0) ? "\\\($0)" : "\($0)" }
            sql += " AND CAST(substr(path, ?) AS TEXT) LIKE ? ESCAPE '\\'"
            arguments += [filter.root.bytes.count + 1, "%\(String(pattern))%"]
        }
    }

    private mutating func add(_ condition: String, _ argument: (any DatabaseValueConvertible & Sendable)?) {
        guard let argument else { return }
        sql += " AND " + condition
        arguments.append(argument)
    }
}

/// Labels in one column.
enum FurtherLabels {
    /// ASCII's unit separator, before and after each, so that no label is found within another.
    private static let separator = "\u{1F}"

    static func text(_ labels: [String]) -> String? {
        labels.isEmpty ? nil : separator + labels.joined(separator: separator) + separator
    }

    static func labels(_ text: String?) -> [String] {
        (text ?? "").components(separatedBy: separator).filter { !$0.isEmpty }
    }
}

extension PhotoQuery.Order {
    /// What follows ORDER BY.
    var sql: String {
        let latest = "\(SQLiteCondition.changedAt) DESC, path"
        return switch self {
        case .latest: latest
        case .leastCertain: "margin NULLS LAST, \(latest)"
        case .mostDoubtful:
            "CASE verdict WHEN 'looks-elsewhere' THEN 0 WHEN 'looks-partly' THEN 1 WHEN 'undecided' THEN 2 ELSE 3 END, "
                + "margin NULLS LAST, \(latest)"
        }
    }
}
