public import Files
public import Foundation
import GRDB

/// The moves from state to state. Each is one transaction; a move that no longer fits (the photo changed meanwhile)
/// changes nothing and says so.
extension Catalog {
    /// What became of a photo that was found settled.
    public enum Admission: Sendable {
        /// New or changed: it waits for its turn.
        case queued
        /// Its sidecars prove that it is done.
        case adopted
        /// Known as it is.
        case known
    }

    /// A photo that was found settled, with what its bytes had to be asked for.
    public struct SettledPhoto: Sendable {
        public let path: FilePath
        public let identity: FileIdentity
        /// What the sidecars prove, where the photo has no record yet.
        public var proof: SidecarProof?
        /// Digest of its present bytes, where only its inode tells it from its record.
        public var sha256: String?

        public init(
            path: FilePath, identity: FileIdentity, proof: SidecarProof? = nil, sha256: String? = nil
        ) {
            self.path = path
            self.identity = identity
            self.proof = proof
            self.sha256 = sha256
        }
    }

    /// Takes note of settled photos, all in one transaction. Answers in the same order.
    public func admit(_ photos: [SettledPhoto], at now: Date = Date()) async throws(CatalogError) -> [Admission] {
        try await write { db in try photos.map { try Catalog.admit($0, at: now, in: db) } }
    }

    private static func admit(_ photo: SettledPhoto, at now: Date, in db: Database) throws -> Admission {
        if let record = try Catalog.record(of: photo.path, in: db) {
            switch Catalog.evidenceNeeded(for: photo, record) {
            case nil: return .known
            case .digest where photo.sha256 != nil && photo.sha256 == record.summary?.sha256:
                try db.execute(
                    sql: "UPDATE photo SET device = ?, inode = ? WHERE path = ?",
                    arguments: [photo.identity.deviceValue, photo.identity.inodeValue, photo.path.value])
                return .known
            default: break
            }
        } else if let proof = photo.proof {
            try Catalog.insert(photo.path, photo.identity, .done, at: now, in: db)
            try Catalog.setSummary(proof.summary, of: photo.path, finishedAt: now, in: db)
            return .adopted
        }
        try Catalog.insert(photo.path, photo.identity, .pending, at: now, in: db)
        return .queued
    }

    /// Which look at a photo's bytes ``admit(_:at:)`` needs: reading photos costs.
    enum Evidence: Sendable {
        /// None; it will be queued.
        case none
        case proof
        case digest
    }

    /// The photos that are not known as they are, each with the evidence that it needs.
    func news(in photos: [SettledPhoto]) async throws(CatalogError) -> [(photo: SettledPhoto, needs: Evidence)] {
        try await read { db in
            try photos.compactMap { photo in
                guard let record = try Catalog.record(of: photo.path, in: db) else { return (photo, .proof) }
                return Catalog.evidenceNeeded(for: photo, record).map { (photo, $0) }
            }
        }
    }

    /// `nil` where the photo is known as it is. The same size and time under another inode is a replaced file, a
    /// restored backup, or a file system that numbers its files anew at each mount: only the bytes can tell.
    private static func evidenceNeeded(for photo: SettledPhoto, _ record: PhotoRecord) -> Evidence? {
        guard record.identity.hasSameContents(as: photo.identity) else { return Evidence.none }
        if record.identity.inode == photo.identity.inode { return nil }
        return record.state == .done ? .digest : Evidence.none
    }

    /// Starts work on the photo that has waited longest; `nil` where none is due.
    ///
    /// - Parameter excluding: photos still in hand; one of them may have changed and wait again.
    public func claimNext(
        excluding: Set<FilePath> = [], at now: Date = Date()
    ) async throws(CatalogError) -> PhotoRecord? {
        try await write { db in
            // A retry far in the future comes from a clock that was set back; it is due.
            let candidates = try PhotoRecord.fetch(
                db,
                """
                SELECT * FROM photo
                WHERE state = 'pending' AND (retryAt IS NULL OR retryAt <= ? OR retryAt > ?)
                ORDER BY queuedAt, modified LIMIT ?
                """,
                [
                    now.milliseconds, now.milliseconds + 2 * Int64(RetryPolicy.longestDelay * 1000),
                    excluding.count + 1,
                ])
            guard let next = candidates.first(where: { !excluding.contains($0.path) }) else { return nil }
            try db.execute(
                sql: """
                    UPDATE photo SET state = 'working', attempts = attempts + 1, startedAt = ?, retryAt = NULL
                    WHERE path = ?
                    """,
                arguments: [now.milliseconds, next.path.value])
            return try Catalog.record(of: next.path, in: db)
        }
    }

    /// The sidecars of the photo have their final names.
    ///
    /// - Returns: `false` where the photo has changed since it was claimed (it waits again) or is gone.
    @discardableResult
    public func complete(
        _ record: PhotoRecord, _ summary: PhotoSummary, at now: Date = Date()
    ) async throws(CatalogError) -> Bool {
        try await write { db in
            guard try Catalog.isStillWorking(record, in: db) else { return false }
            try Catalog.setSummary(summary, of: record.path, finishedAt: now, in: db)
            return true
        }
    }

    /// The photo cannot be read; it rests until the file changes.
    @discardableResult
    public func fail(
        _ record: PhotoRecord, code: String, message: String, at now: Date = Date()
    ) async throws(CatalogError) -> Bool {
        try await write { db in
            guard try Catalog.isStillWorking(record, in: db) else { return false }
            try db.execute(
                sql: """
                    UPDATE photo SET state = 'failed', finishedAt = ?, errorCode = ?, errorMessage = ?, sha256 = NULL
                    WHERE path = ?
                    """,
                arguments: [now.milliseconds, code, message, record.path.value])
            return true
        }
    }

    /// The photo could not be done for a passing reason; it is tried again at `retryAt`.
    @discardableResult
    public func postpone(
        _ record: PhotoRecord, code: String, message: String, until retryAt: Date
    ) async throws(CatalogError) -> Bool {
        try await write { db in
            guard try Catalog.isStillWorking(record, in: db) else { return false }
            try db.execute(
                sql: """
                    UPDATE photo SET state = 'pending', retryAt = ?, errorCode = ?, errorMessage = ? WHERE path = ?
                    """,
                arguments: [retryAt.milliseconds, code, message, record.path.value])
            return true
        }
    }

    /// Gives a photo back unfinished; its try does not count. With `crashed`, notes that the daemon died over it.
    public func release(_ record: PhotoRecord, crashed: Bool = false) async throws(CatalogError) {
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE photo SET state = 'pending', attempts = MAX(0, attempts - ?), crashes = crashes + ?
                    WHERE path = ? AND state = 'working'
                    """,
                arguments: [crashed ? 0 : 1, crashed ? 1 : 0, record.path.value])
        }
    }

    /// Forgets the photo at `path`, which is gone. Returns whether it was known.
    @discardableResult
    public func drop(_ path: FilePath) async throws(CatalogError) -> Bool {
        try await write { db in
            try db.execute(sql: "DELETE FROM photo WHERE path = ?", arguments: [path.value])
            return db.changesCount > 0
        }
    }

    // MARK: Statements

    private static func insert(
        _ path: FilePath, _ identity: FileIdentity, _ state: PhotoState, at now: Date, in db: Database
    ) throws {
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO photo (path, device, inode, size, modified, state, queuedAt)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                path.value, identity.deviceValue, identity.inodeValue, identity.size, identity.modified,
                state.rawValue, now.milliseconds,
            ])
    }

    private static func setSummary(
        _ summary: PhotoSummary, of path: FilePath, finishedAt: Date, in db: Database
    ) throws {
        try db.execute(
            sql: """
                UPDATE photo SET state = 'done', finishedAt = ?, retryAt = NULL, errorCode = NULL, errorMessage = NULL,
                    crashes = 0, sha256 = ?, model = ?, label = ?, probability = ?, boxCount = ?, warning = ?,
                    milliseconds = ?
                WHERE path = ?
                """,
            arguments: [
                finishedAt.milliseconds, summary.sha256, summary.model, summary.label, summary.probability,
                summary.boxCount, summary.warning, summary.milliseconds, path.value,
            ])
    }

    private static func isStillWorking(_ record: PhotoRecord, in db: Database) throws -> Bool {
        guard let current = try Catalog.record(of: record.path, in: db) else { return false }
        return current.state == .working && current.identity == record.identity
    }
}

extension FilePath {
    fileprivate var value: Data { Data(bytes) }
}

extension FileIdentity {
    // SQLite's integers are signed; the bits are kept.
    fileprivate var deviceValue: Int64 { Int64(bitPattern: device) }
    fileprivate var inodeValue: Int64 { Int64(bitPattern: inode) }
}
