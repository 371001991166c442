public import Files
public import Foundation
import GRDB
public import Logging

/// What the daemon remembers of every photo, in SQLite.
///
/// The rules that keep a photo from being lost or done twice:
/// - A photo is in the catalog before work starts, and is `done` only after its sidecars have their final names.
/// - A photo that has not changed (size and time) is not queued again; one that has is. A photo under another name is
///   another photo.
/// - `working` at start means that the daemon was killed: where the sidecars prove the work (``SidecarProof``) it is
///   `done`, otherwise it waits again.
/// - A photo without a record whose sidecars prove the work is taken over as `done`. One *with* a record stays `done`
///   although someone deletes its sidecars: they were delivered, and what happens to them is the owner's business.
/// - A photo that is gone is forgotten; its sidecars stay.
public struct Catalog: Sendable {
    private let database: any DatabaseWriter
    private let lock: CatalogLock?

    /// Opens the catalog at `path`, or makes it. A damaged one is set aside under another name, with a line in the log.
    ///
    /// - Throws: `CatalogError.inUse`, `.newerVersion`, `.unavailable`.
    public init(at path: String, logger: Logger) throws(CatalogError) {
        lock = try CatalogLock(for: path)
        database = try CatalogStorage.open(at: path, logger: logger)
    }

    private init(inMemory database: any DatabaseWriter) {
        self.database = database
        lock = nil
    }

    /// A catalog for one pass over a folder, forgotten afterwards; the sidecars remember.
    public static func inMemory() throws(CatalogError) -> Catalog {
        Catalog(inMemory: try CatalogStorage.openInMemory())
    }

    // MARK: Questions

    /// What is known of the photo at `path`.
    public func record(of path: FilePath) async throws(CatalogError) -> PhotoRecord? {
        try await read { db in try Catalog.record(of: path, in: db) }
    }

    /// How many photos are in which state.
    public func counts() async throws(CatalogError) -> CatalogCounts {
        try await read { db in
            var counts = CatalogCounts()
            for row in try Row.fetchAll(db, sql: "SELECT state, COUNT(*) FROM photo GROUP BY state") {
                if let state = PhotoState(rawValue: row[0]) { counts[state] = row[1] }
            }
            return counts
        }
    }

    /// The photos that changed last, newest first; of one state only where `state` is given.
    public func latest(_ limit: Int, in state: PhotoState? = nil) async throws(CatalogError) -> [PhotoRecord] {
        try await read { db in
            try PhotoRecord.fetch(
                db,
                """
                SELECT * FROM photo WHERE ? IS NULL OR state = ?
                ORDER BY COALESCE(finishedAt, startedAt, queuedAt) DESC, path LIMIT ?
                """, [state?.rawValue, state?.rawValue, max(0, limit)])
        }
    }

    /// Up to `limit` records in the order of their paths, from the first one after `path`: for walks over everything.
    public func page(after path: FilePath?, limit: Int) async throws(CatalogError) -> [PhotoRecord] {
        try await read { db in
            try PhotoRecord.fetch(
                db, "SELECT * FROM photo WHERE path > ? ORDER BY path LIMIT ?",
                [Data(path?.bytes ?? []), max(0, limit)])
        }
    }

    /// The photos that are being worked on; at start, those that a killed daemon left.
    public func working() async throws(CatalogError) -> [PhotoRecord] {
        try await read { db in
            try PhotoRecord.fetch(db, "SELECT * FROM photo WHERE state = 'working' ORDER BY startedAt", [])
        }
    }

    /// When the next photo that failed for a passing reason may be tried again; `nil` where none waits.
    public func nextRetry(after now: Date) async throws(CatalogError) -> Date? {
        try await read { db in
            try Int64.fetchOne(
                db, sql: "SELECT MIN(retryAt) FROM photo WHERE state = 'pending' AND retryAt > ?",
                arguments: [now.milliseconds]
            ).map(Date.init(milliseconds:))
        }
    }

    // MARK: Access for the transitions

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

    static func record(of path: FilePath, in db: Database) throws -> PhotoRecord? {
        try PhotoRecord.fetch(db, "SELECT * FROM photo WHERE path = ?", [Data(path.bytes)]).first
    }
}

extension PhotoRecord {
    static func fetch(
        _ db: Database, _ sql: String, _ arguments: [(any DatabaseValueConvertible)?]
    ) throws -> [PhotoRecord] {
        try Row.fetchAll(db, sql: sql, arguments: StatementArguments(arguments)).map(PhotoRecord.init)
    }

    private init(_ row: Row) {
        let stateName: String = row["state"]
        let pathBytes: Data = row["path"]
        let state = PhotoState(rawValue: stateName) ?? .pending  // the table's CHECK admits no other
        self.init(
            path: FilePath(bytes: Array(pathBytes)),
            identity: FileIdentity(
                device: UInt64(bitPattern: row["device"]), inode: UInt64(bitPattern: row["inode"]), size: row["size"],
                modified: row["modified"]),
            state: state, attempts: row["attempts"], crashes: row["crashes"],
            queuedAt: Date(milliseconds: row["queuedAt"]),
            startedAt: (row["startedAt"] as Int64?).map(Date.init(milliseconds:)),
            finishedAt: (row["finishedAt"] as Int64?).map(Date.init(milliseconds:)),
            retryAt: (row["retryAt"] as Int64?).map(Date.init(milliseconds:)),
            errorCode: row["errorCode"], errorMessage: row["errorMessage"],
            summary: (row["sha256"] as String?).map { digest in
                PhotoSummary(
                    sha256: digest, model: row["model"], label: row["label"], probability: row["probability"],
                    boxCount: row["boxCount"] ?? 0, warning: row["warning"], milliseconds: row["milliseconds"])
            })
    }
}

extension Date {
    init(milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }
    var milliseconds: Int64 { Int64((timeIntervalSince1970 * 1000).rounded()) }
}
