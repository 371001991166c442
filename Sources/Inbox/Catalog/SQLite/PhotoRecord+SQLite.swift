import Files
import Foundation
import GRDB

/// A record as a row of the table `photo`.
extension PhotoRecord {
    private static let columns = [
        "path", "device", "inode", "size", "modified", "changed", "state", "attempts", "crashes", "computing", "forced",
        "restored", "expired", "queuedAt", "startedAt", "finishedAt", "retryAt", "errorCode", "errorMessage",
        "failedUnder",
        "sha256", "model", "modelSHA256", "label", "probability", "margin", "verdict", "doubtful", "boxCount",
        "warning", "milliseconds", "furtherLabels", "judge",
    ]

    private static let writing = """
        INSERT INTO photo (\(columns.joined(separator: ", ")))
        VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
        ON CONFLICT (path) DO UPDATE SET
        \(columns.dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ", "))
        """

    static func fetch(
        _ db: Database, _ sql: String, _ arguments: [(any DatabaseValueConvertible)?] = []
    ) throws -> [PhotoRecord] {
        try Row.fetchAll(db.cachedStatement(sql: sql), arguments: StatementArguments(arguments)).map(PhotoRecord.init)
    }

    static func of(_ path: FilePath, in db: Database) throws -> PhotoRecord? {
        try fetch(db, "SELECT * FROM photo WHERE path = ?", [path.value]).first
    }

    /// Writes the record in place of the one of the same path.
    func write(to db: Database) throws {
        // SQLite's integers are signed; the bits are kept.
        let values: [(any DatabaseValueConvertible)?] = [
            path.value, Int64(bitPattern: identity.device), Int64(bitPattern: identity.inode), identity.size,
            identity.modified, identity.changed, state.rawValue, attempts, crashes, isComputing, isForced, isRestored,
            isExpired,
            queuedAt.milliseconds, startedAt?.milliseconds, finishedAt?.milliseconds, retryAt?.milliseconds, errorCode,
            errorMessage, failedUnder, summary?.sha256, summary?.model, summary?.modelSHA256, summary?.label,
            summary?.probability, summary?.margin, summary?.verdict, summary?.isDoubtful ?? false, summary?.boxCount,
            summary?.warning, summary?.milliseconds, summary.flatMap { FurtherLabels.text($0.furtherLabels) },
            summary?.judge,
        ]
        try db.cachedStatement(sql: PhotoRecord.writing).execute(arguments: StatementArguments(values))
    }

    private init(_ row: Row) {
        let stateName: String = row["state"]
        let pathBytes: Data = row["path"]
        self.init(
            path: FilePath(bytes: Array(pathBytes)),
            identity: FileIdentity(
                device: UInt64(bitPattern: row["device"]), inode: UInt64(bitPattern: row["inode"]), size: row["size"],
                modified: row["modified"], changed: row["changed"]),
            state: PhotoState(rawValue: stateName) ?? .pending,  // the table's CHECK admits no other
            queuedAt: Date(milliseconds: row["queuedAt"]))
        attempts = row["attempts"]
        crashes = row["crashes"]
        isComputing = row["computing"]
        isForced = row["forced"]
        isRestored = row["restored"]
        isExpired = row["expired"]
        failedUnder = row["failedUnder"]
        startedAt = (row["startedAt"] as Int64?).map(Date.init(milliseconds:))
        finishedAt = (row["finishedAt"] as Int64?).map(Date.init(milliseconds:))
        retryAt = (row["retryAt"] as Int64?).map(Date.init(milliseconds:))
        errorCode = row["errorCode"]
        errorMessage = row["errorMessage"]
        summary = (row["sha256"] as String?).map { digest in
            PhotoSummary(
                sha256: digest, model: row["model"], modelSHA256: row["modelSHA256"], judge: row["judge"],
                label: row["label"],
                furtherLabels: FurtherLabels.labels(row["furtherLabels"]), probability: row["probability"],
                margin: row["margin"], verdict: row["verdict"],
                isDoubtful: row["doubtful"], boxCount: row["boxCount"] ?? 0, warning: row["warning"],
                milliseconds: row["milliseconds"])
        }
    }
}

extension FilePath {
    /// As a path lies in the table: bytes, because it need not be UTF-8.
    var value: Data { Data(bytes) }
}

extension Date {
    init(milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }
    var milliseconds: Int64 { Int64((timeIntervalSince1970 * 1000).rounded()) }
}
