public import Foundation
import GRDB

/// Which photos excite each unit of a network most: exact, incremental, and small (Documentation/DatasetSearch.md).
///
/// For each unit there is a *list* of its strongest photos, and a *floor*: the best photo that ever had to leave the
/// list because it was full. Whatever ranks before the floor is in the list; what ranks behind it is not known. So an
/// answer that lies before the floor as a whole is exact, however many photos were deleted, and one that does not is
/// noticed (``Strongest/isCertain``): then the lists have to be built anew from the photos (``beginRebuild()``).
///
/// A photo's peaks are first kept as they are (*fresh*); some hundred photos are merged into the lists at once. Each
/// step is one transaction, so that a killed process leaves an index that is exact for the photos it holds.
public struct UnitIndex: Sendable {
    /// How much is kept.
    public struct Limits: Sendable, Hashable {
        /// Photos in a unit's list.
        public var listLength: Int
        /// Photos that are kept apart until they are merged into the lists.
        public var freshPhotos: Int

        public init(listLength: Int = 160, freshPhotos: Int = 128) {
            self.listLength = max(listLength, 1)
            self.freshPhotos = max(freshPhotos, 1)
        }
    }

    /// The most photos that can be asked for at once: with full lists, 60 of a unit's photos may have been deleted
    /// before the lists have to be built anew for such a question.
    public static let largestCount = 100

    public let layers: [IndexedLayer]
    public let path: String
    let limits: Limits
    let database: DatabasePool

    /// Opens the index at `path`, or makes it. One that is damaged, or about other layers, is begun anew.
    ///
    /// - Throws: `DatasetSearchError.unavailable`.
    public init(
        at path: String, layers: [IndexedLayer], limits: Limits = Limits()
    ) throws(DatasetSearchError) {
        self.layers = layers
        self.path = path
        self.limits = limits
        database = try UnitIndexStorage.open(at: path, layers: layers)
    }

    // MARK: Files

    /// A file in one state.
    public struct File: Sendable, Hashable {
        /// The bytes of its path.
        public let path: Data
        /// Bytes.
        public let size: Int64
        /// Time of the last change, nanoseconds since 1970.
        public let modified: Int64

        public init(path: Data, size: Int64, modified: Int64) {
            self.path = path
            self.size = size
            self.modified = modified
        }
    }

    /// A photo of the index and the files that hold it.
    public struct Photo: Sendable, Hashable {
        public let id: UInt32
        /// Of the bytes, lower-case hexadecimal.
        public let sha256: String
        /// Of the upright photo, in pixels.
        public let width: Int
        public let height: Int
        /// In the order of their paths.
        public let files: [File]
    }

    /// How many different photos are indexed.
    public func photoCount() async throws(DatasetSearchError) -> Int {
        try await read { db in try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM photo") ?? 0 }
    }

    /// The photo that lies in the file at `path`, as far as the index knows.
    public func photo(at path: Data) async throws(DatasetSearchError) -> Photo? {
        try await read { db in
            try Int64.fetchOne(db, sql: "SELECT photo FROM place WHERE path = ?", arguments: [path])
                .flatMap { try UnitIndex.photo($0, in: db) }
        }
    }

    /// Whether a photo of these bytes is indexed.
    public func contains(sha256: String) async throws(DatasetSearchError) -> Bool {
        try await read { db in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM photo WHERE sha256 = ?)", arguments: [sha256]) ?? false
        }
    }

    /// The photos with these numbers, where they are still in the index.
    func photos(_ ids: [UInt32]) async throws(DatasetSearchError) -> [UInt32: Photo] {
        try await read { db in
            var photos: [UInt32: Photo] = [:]
            for id in ids { photos[id] = try UnitIndex.photo(Int64(id), in: db) }
            return photos
        }
    }

    /// Up to `limit` files at or below `folder`, in the order of their paths, after `last`.
    public func files(inside folder: Data, after last: Data?, limit: Int) async throws(DatasetSearchError) -> [File] {
        let prefix = folder.last == UInt8(ascii: "/") ? folder : folder + [UInt8(ascii: "/")]
        // The first byte string that does not begin with the prefix; a slash can be counted up.
        let end = prefix.dropLast() + [UInt8(ascii: "/") + 1]
        return try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT path, size, modified FROM place WHERE path > ? AND path < ? ORDER BY path LIMIT ?",
                arguments: [last.map { max($0, prefix) } ?? prefix, end, max(limit, 0)]
            ).map { row in File(path: row[0], size: row[1], modified: row[2]) }
        }
    }

    // MARK: Changes

    /// Notes that `file` holds a photo that is indexed already: a copy, or one that was moved. `false` where it is not.
    @discardableResult
    public func add(_ file: File, sha256: String) async throws(DatasetSearchError) -> Bool {
        try await write { db in
            guard let id = try Int64.fetchOne(db, sql: "SELECT id FROM photo WHERE sha256 = ?", arguments: [sha256])
            else { return false }
            try UnitIndex.place(file, photo: id, in: db)
            return true
        }
    }

    /// Indexes the photo in `file`. What the file held before leaves the index, unless another file holds it too.
    ///
    /// - Parameters:
    ///   - sha256: of the photo's bytes, lower-case hexadecimal.
    ///   - width, height: of the upright photo, in pixels.
    ///   - decision: how the network decided, where it was asked to.
    public func add(
        _ file: File, sha256: String, width: Int, height: Int, peaks: UnitPeaks, decision: Decision? = nil
    ) async throws(DatasetSearchError) {
        guard fits(peaks) else { throw .otherLayers }
        try await write { [layers] db in
            if let id = try Int64.fetchOne(db, sql: "SELECT id FROM photo WHERE sha256 = ?", arguments: [sha256]) {
                try UnitIndex.place(file, photo: id, in: db)
                if let decision { try UnitIndex.note(decision, photo: id, in: db) }
                return
            }
            try db.execute(
                sql: "INSERT INTO photo (sha256, width, height) VALUES (?, ?, ?)",
                arguments: [sha256, width, height])
            let id = db.lastInsertedRowID
            guard let number = UInt32(exactly: id), number < .max else { throw DatasetSearchError.full }
            try UnitIndex.place(file, photo: id, in: db)
            if let decision { try UnitIndex.note(decision, photo: id, in: db) }
            for generation in try State(db).generations {
                for layer in layers.indices {
                    try UnitIndex.insertFresh(peaks.layers[layer], generation, layer, number, in: db)
                }
            }
        }
        try await mergeWhereDue()
    }

    /// The file at `path` is gone, or another one now. Returns whether it was known.
    @discardableResult
    public func remove(_ path: Data) async throws(DatasetSearchError) -> Bool {
        try await write { db in
            guard let id = try Int64.fetchOne(db, sql: "SELECT photo FROM place WHERE path = ?", arguments: [path])
            else { return false }
            try db.execute(sql: "DELETE FROM place WHERE path = ?", arguments: [path])
            try UnitIndex.dropIfNowhere(id, in: db)
            return true
        }
    }

    func fits(_ peaks: UnitPeaks) -> Bool { peaks.layers.map(\.count) == layers.map(\.units) }

    static func insertFresh(
        _ peaks: [UnitPeaks.Peak], _ generation: Int, _ layer: Int, _ photo: UInt32, in db: Database
    ) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO fresh (key, peaks) VALUES (?, ?)",
            arguments: [
                UnitIndexStorage.key(generation: generation, layer: layer, low: photo), Record.data(of: peaks),
            ])
    }

    private static func place(_ file: File, photo id: Int64, in db: Database) throws {
        let before = try Int64.fetchOne(db, sql: "SELECT photo FROM place WHERE path = ?", arguments: [file.path])
        try db.execute(
            sql: "INSERT OR REPLACE INTO place (path, photo, size, modified) VALUES (?, ?, ?, ?)",
            arguments: [file.path, id, file.size, file.modified])
        if let before, before != id { try dropIfNowhere(before, in: db) }
    }

    /// A photo that no file holds leaves the index. Lists forget it when they are next written; until then it is passed
    /// over.
    private static func dropIfNowhere(_ id: Int64, in db: Database) throws {
        try db.execute(
            sql: "DELETE FROM photo WHERE id = ? AND NOT EXISTS (SELECT 1 FROM place WHERE photo = ?)",
            arguments: [id, id])
        guard db.changesCount > 0, let number = UInt32(exactly: id) else { return }
        let layers = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM layer WHERE generation = 0") ?? 0
        for generation in 0...1 {
            for layer in 0..<layers {
                try db.execute(
                    sql: "DELETE FROM fresh WHERE key = ?",
                    arguments: [UnitIndexStorage.key(generation: generation, layer: layer, low: number)])
            }
        }
    }

    static func photo(_ id: Int64, in db: Database) throws -> Photo? {
        guard
            let row = try Row.fetchOne(
                db, sql: "SELECT sha256, width, height FROM photo WHERE id = ?", arguments: [id]),
            let number = UInt32(exactly: id)
        else { return nil }
        let files = try Row.fetchAll(
            db, sql: "SELECT path, size, modified FROM place WHERE photo = ? ORDER BY path", arguments: [id])
        return Photo(
            id: number, sha256: row[0], width: row[1], height: row[2],
            files: files.map { File(path: $0[0], size: $0[1], modified: $0[2]) })
    }

    // MARK: Access

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(DatasetSearchError) -> Value {
        do { return try await database.read(body) } catch { throw DatasetSearchError(error, path: path) }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(DatasetSearchError) -> Value {
        do { return try await database.write(body) } catch { throw DatasetSearchError(error, path: path) }
    }
}

extension Data {
    fileprivate static func < (a: Data, b: Data) -> Bool { a.lexicographicallyPrecedes(b) }
}

/// The greater of two byte strings.
private func max(_ a: Data, _ b: Data) -> Data { a < b ? b : a }
