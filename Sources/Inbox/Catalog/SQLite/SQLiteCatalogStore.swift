package import Files
package import Foundation
import GRDB
package import Logging

/// Records in an SQLite file, which outlive the process and a `kill -9`.
package struct SQLiteCatalogStore: CatalogStore {
    private let path: String
    private let file: OpenCatalog
    private var database: any DatabaseWriter { file.database }

    /// Closed before the lock is given back: whoever closes an SQLite file last removes its log, by name, and must not
    /// meet a successor's.
    private final class OpenCatalog: Sendable {
        let database: any DatabaseWriter
        private let lock: SQLiteCatalogLock

        init(at path: String, logger: Logger) throws(CatalogError) {
            lock = try SQLiteCatalogLock(for: path)
            database = try SQLiteCatalogFile.open(at: path, logger: logger)
        }

        deinit {
            // Where it cannot be done now, the next opening does it.
            _ = try? database.writeWithoutTransaction { db in try db.checkpoint(.truncate) }
            try? database.close()
        }
    }

    /// Opens the file at `path`, or makes it. A damaged one is set aside under another name, with a line in the log.
    ///
    /// - Throws: `CatalogError.inUse`, `.newerVersion`, `.unavailable`.
    package init(at path: String, logger: Logger) throws(CatalogError) {
        self.path = path
        file = try OpenCatalog(at: path, logger: logger)
    }

    package func records(of paths: [FilePath]) async throws(CatalogError) -> [PhotoRecord?] {
        try await read { db in try paths.map { try PhotoRecord.of($0, in: db) } }
    }

    package func change<Answer: Sendable>(
        _ paths: [FilePath],
        _ decide: @escaping @Sendable (_ index: Int, PhotoRecord?) -> RecordDecision<Answer>
    ) async throws(CatalogError) -> [Answer] {
        try await write { db in
            try paths.enumerated().map { index, path in
                let decision = decide(index, try PhotoRecord.of(path, in: db))
                switch decision.change {
                case .nothing: break
                case .write(let record): try record.write(to: db)
                case .remove: try db.execute(sql: "DELETE FROM photo WHERE path = ?", arguments: [path.value])
                }
                return decision.answer
            }
        }
    }

    package func claimFirst(
        _ turn: Turn, _ claim: @escaping @Sendable (PhotoRecord) -> PhotoRecord
    ) async throws(CatalogError) -> PhotoRecord? {
        try await write { db in
            // So many are fetched that at least one of them is not excluded.
            let candidates = try PhotoRecord.fetch(
                db,
                """
                SELECT * FROM photo
                WHERE state = 'pending' AND (crashes > 0) = ? AND (retryAt IS NULL OR retryAt <= ? OR retryAt > ?)
                ORDER BY queuedAt, modified, path LIMIT ?
                """,
                [
                    turn.isOfSuspects, turn.now.milliseconds, turn.implausibleRetry.milliseconds,
                    turn.excluding.count + 1,
                ])
            guard let first = candidates.first(where: { !turn.excluding.contains($0.path) }) else { return nil }
            let claimed = claim(first)
            try claimed.write(to: db)
            return claimed
        }
    }

    package func counts() async throws(CatalogError) -> CatalogCounts {
        try await read { db in
            var counts = CatalogCounts()
            for row in try Row.fetchAll(db, sql: "SELECT state, COUNT(*) FROM photo GROUP BY state") {
                if let state = PhotoState(rawValue: row[0]) { counts[state] = row[1] }
            }
            return counts
        }
    }

    package func count(_ filter: PhotoFilter) async throws(CatalogError) -> Int {
        let condition = SQLiteCondition(filter)
        return try await read { db in
            let arguments: [(any DatabaseValueConvertible)?] = condition.arguments
            return try Int.fetchOne(
                db.cachedStatement(sql: "SELECT COUNT(*) FROM photo WHERE \(condition.sql)"),
                arguments: StatementArguments(arguments)) ?? 0
        }
    }

    package func find(_ query: PhotoQuery) async throws(CatalogError) -> [PhotoRecord] {
        let condition = SQLiteCondition(query.filter)
        return try await read { db in
            try PhotoRecord.fetch(
                db, "SELECT * FROM photo WHERE \(condition.sql) ORDER BY \(query.order.sql) LIMIT ? OFFSET ?",
                condition.arguments + [query.limit, query.offset])
        }
    }

    package func page(
        after path: FilePath?, limit: Int, _ filter: PhotoFilter
    ) async throws(CatalogError) -> [PhotoRecord] {
        let condition = SQLiteCondition(filter)
        return try await read { db in
            try PhotoRecord.fetch(
                db, "SELECT * FROM photo WHERE \(condition.sql) AND path > ? ORDER BY path LIMIT ?",
                condition.arguments + [path?.value ?? Data(), limit])
        }
    }

    package func working() async throws(CatalogError) -> [PhotoRecord] {
        try await read { db in
            try PhotoRecord.fetch(db, "SELECT * FROM photo WHERE state = 'working' ORDER BY startedAt, path")
        }
    }

    package func earliestRetry(after now: Date) async throws(CatalogError) -> Date? {
        try await read { db in
            // The plus sign keeps SQLite from walking through all waiting photos: few have a time of retry.
            try Int64.fetchOne(
                db, sql: "SELECT MIN(retryAt) FROM photo WHERE +state = 'pending' AND retryAt > ?",
                arguments: [now.milliseconds]
            ).map(Date.init(milliseconds:))
        }
    }

    package func add(_ amounts: [String: Double]) async throws(CatalogError) {
        try await write { db in
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO figure (name, value) VALUES (?, ?)
                    ON CONFLICT (name) DO UPDATE SET value = value + excluded.value
                    """)
            for (name, amount) in amounts { try statement.execute(arguments: [name, amount]) }
        }
    }

    package func figures() async throws(CatalogError) -> [String: Double] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT name, value FROM figure").reduce(into: [:]) { $0[$1[0]] = $1[1] }
        }
    }

    package func oldestWaiting() async throws(CatalogError) -> Date? {
        try await read { db in
            try Int64.fetchOne(db, sql: "SELECT MIN(queuedAt) FROM photo WHERE state = 'pending'")
                .map(Date.init(milliseconds:))
        }
    }

    package func condition(examined: Bool) async throws(CatalogError) -> CatalogCondition {
        var damage = examined ? try await read(SQLiteCatalogFile.damage) : nil
        // SQLite goes on with a file that has no name any more, and with the process it is gone.
        if examined, damage == nil, !FileManager.default.fileExists(atPath: path) { damage = "its file was removed" }
        return CatalogCondition(
            damage: damage, lastBackup: SQLiteCatalogBackup.time(of: path),
            setAside: SQLiteCatalogFile.damagedCopies(of: path))
    }

    package func backUp() async throws(CatalogError) {
        do {
            // Copying takes its time, and is no work for the threads that run tasks.
            try await FileWork.run(on: FilePath(path), patience: .seconds(600)) { [database, path] in
                try SQLiteCatalogBackup.make(of: database, at: path)
            }
        } catch {
            throw CatalogError(error)
        }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(CatalogError) -> Value {
        do {
            return try await database.read(body)
        } catch {
            throw CatalogError(error)
        }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(CatalogError) -> Value {
        do {
            return try await database.write(body)
        } catch {
            throw CatalogError(error)
        }
    }
}
