import Files
import Foundation
import GRDB

/// What the evidence page and reports ask beside photos: counts, and what people say.
extension SQLiteCatalogStore {
    package func overview(_ filter: PhotoFilter, by period: PeriodLength) async throws(CatalogError) -> CatalogOverview
    {
        let condition = SQLiteCondition(filter)
        let changedAt = SQLiteCondition.changedAt
        let sql = """
            SELECT (\(changedAt) + ?) / ? AS period, state, verdict,
                COALESCE(verdict = 'undecided' AND NOT doubtful AND NOT corrected, 0) AS isOfNothing, label, model, modelSHA256,
                COUNT(*) AS photos, SUM(doubtful) AS doubtful, SUM(corrected) AS corrected,
                TOTAL(probability) AS probabilities, COUNT(probability) AS withProbability,
                MIN(\(changedAt)) AS earliest, MAX(\(changedAt)) AS latest
            FROM (SELECT *, sha256 IS NOT NULL AND sha256 IN (SELECT sha256 FROM correction) AS corrected FROM photo)
            WHERE \(condition.sql)
            GROUP BY 1, 2, 3, 4, 5, 6, 7
            """
        return try await read { db in
            let bounds: [(any DatabaseValueConvertible)?] = [period.offset, period.length]
            let rows = try Row.fetchAll(
                db.cachedStatement(sql: sql), arguments: StatementArguments(bounds + condition.arguments))
            return CatalogOverview(
                rows.map { row in
                    let stateName: String = row["state"]
                    return CatalogOverview.Tally(
                        period: (row["period"] as Int64) * period.length - period.offset,
                        state: PhotoState(rawValue: stateName) ?? .pending,  // the table's CHECK admits no other
                        verdict: row["verdict"], isOfNothing: row["isOfNothing"], label: row["label"],
                        model: row["model"], modelSHA256: row["modelSHA256"], photos: row["photos"],
                        doubtful: row["doubtful"], corrected: row["corrected"], probabilities: row["probabilities"],
                        withProbability: row["withProbability"], earliest: row["earliest"], latest: row["latest"])
                })
        }
    }

    package func failures() async throws(CatalogError) -> [String: Int] {
        try await read { db in
            let sql = "SELECT COALESCE(errorCode, 'unknown'), COUNT(*) FROM photo WHERE state = 'failed' GROUP BY 1"
            return try Row.fetchAll(db.cachedStatement(sql: sql)).reduce(into: [:]) { $0[$1[0]] = $1[1] }
        }
    }

    package func corrections(of digests: [String]?) async throws(CatalogError) -> [PhotoCorrection] {
        try await read { db in
            guard let digests else {
                return try PhotoCorrection.fetch(db, "SELECT * FROM correction ORDER BY at, sha256")
            }
            return try digests.flatMap { digest in
                try PhotoCorrection.fetch(db, "SELECT * FROM correction WHERE sha256 = ?", [digest])
            }
        }
    }

    package func set(_ correction: PhotoCorrection) async throws(CatalogError) {
        try await write { db in
            try correction.write(to: db)
            try db.execute(sql: "UPDATE photo SET doubtful = 0 WHERE sha256 = ?", arguments: [correction.sha256])
        }
    }

    package func removeCorrection(of sha256: String) async throws(CatalogError) -> Bool {
        try await write { db in
            let found = try PhotoCorrection.fetch(db, "SELECT * FROM correction WHERE sha256 = ?", [sha256]).first
            guard let found else { return false }
            try db.execute(sql: "DELETE FROM correction WHERE sha256 = ?", arguments: [sha256])
            try db.execute(
                sql: "UPDATE photo SET doubtful = ? WHERE sha256 = ?", arguments: [found.wasDoubtful, sha256])
            return true
        }
    }
}

/// A correction as a row of the table `correction`.
extension PhotoCorrection {
    private static let columns = [
        "sha256", "path", "answer", "label", "x", "y", "boxWidth", "boxHeight", "width", "height", "predicted", "model",
        "doubted", "at", "furtherBoxes",
    ]

    fileprivate static func fetch(
        _ db: Database, _ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = []
    ) throws -> [PhotoCorrection] {
        try Row.fetchAll(db.cachedStatement(sql: sql), arguments: StatementArguments(arguments)).map(
            PhotoCorrection.init)
    }

    fileprivate func write(to db: Database) throws {
        let values: [(any DatabaseValueConvertible)?] = [
            sha256, path.value, answer.rawValue, label, box?.x, box?.y, box?.width, box?.height, width, height,
            predicted, model, wasDoubtful, at.milliseconds,
            furtherBoxes.isEmpty ? nil : String(decoding: try JSONEncoder().encode(furtherBoxes), as: UTF8.self),
        ]
        let columns = PhotoCorrection.columns
        try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO correction (\(columns.joined(separator: ", ")))
                VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
                """
        ).execute(arguments: StatementArguments(values))
    }

    private init(_ row: Row) {
        let answer: String = row["answer"]
        let path: Data = row["path"]
        var box: Box?
        if let x = row["x"] as Double?, let y = row["y"] as Double?, let width = row["boxWidth"] as Double?,
            let height = row["boxHeight"] as Double?
        {
            box = Box(x: x, y: y, width: width, height: height)
        }
        let further = (row["furtherBoxes"] as String?).flatMap {
            try? JSONDecoder().decode([LabelledBox].self, from: Data($0.utf8))
        }
        self.init(
            sha256: row["sha256"], path: FilePath(bytes: Array(path)),
            answer: Answer(rawValue: answer) ?? .no,  // the table's CHECK admits no other
            label: row["label"], box: box, furtherBoxes: further ?? [], width: row["width"], height: row["height"],
            predicted: row["predicted"],
            model: row["model"], wasDoubtful: row["doubted"], at: Date(milliseconds: row["at"]))
    }
}
