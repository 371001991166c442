import Files
import Foundation
import GRDB
import Glibc
import Logging

/// A copy of the catalog beside it, made by SQLite while the catalog is in use.
enum SQLiteCatalogBackup {
    private static func file(of path: String) -> String { path + ".backup" }

    /// When the copy was made; nil where there is none.
    static func time(of path: String) -> Date? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: file(of: path))
        return attributes?[.modificationDate] as? Date
    }

    /// Copies `database`, and puts the copy into the place of the last one once it is whole and on the disk.
    ///
    /// - Throws: what SQLite says, `CatalogError.corrupt` where the copy is not whole, `FileError`.
    static func make(of database: any DatabaseReader, at path: String) throws {
        let temporary = file(of: path) + ".new"
        try remove(temporary)
        do {
            let copy = try DatabaseQueue(path: temporary, configuration: .ofOrdinaryPriority)
            try database.backup(to: copy)
            // One file, and not a log beside it.
            try copy.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA journal_mode = DELETE") }
            if let damage = try copy.read(SQLiteCatalogFile.damage) { throw CatalogError.corrupt(message: damage) }
            try copy.close()
        }
        try flush(temporary)
        guard rename(temporary, file(of: path)) == 0 else {
            throw FileError("rename", FilePath(temporary), errorNumber: errno)
        }
        try flush(URL(filePath: path).deletingLastPathComponent().path)
    }

    /// Puts the copy into the place of a catalog that is gone and opens it; nil where there is none or it is damaged, too.
    ///
    /// Only photos that are done are taken over. What has happened since is seen by the next scan: a photo that the copy
    /// does not know, or knows as it was before, may be proven done by its sidecars (`isRestored`).
    static func restored(to path: String, logger: Logger) -> (any DatabaseWriter)? {
        guard let time = time(of: path) else { return nil }
        let temporary = path + ".restoring"
        do {
            try remove(temporary)
            try FileManager.default.copyItem(atPath: file(of: path), toPath: temporary)
            // Complete before it has the catalog's name: whoever is killed here begins again.
            let copy = try DatabaseQueue(path: temporary, configuration: .ofOrdinaryPriority)
            defer { try? copy.close() }
            if let damage = try copy.read(SQLiteCatalogFile.damage) { throw CatalogError.corrupt(message: damage) }
            try SQLiteCatalogSchema.migrator().migrate(copy)
            try copy.write { db in
                try db.execute(sql: "DELETE FROM photo WHERE state <> 'done'; UPDATE photo SET restored = 1")
            }
            try copy.close()
            try flush(temporary)
            guard rename(temporary, path) == 0 else {
                throw FileError("rename", FilePath(temporary), errorNumber: errno)
            }
            let database = try SQLiteCatalogFile.openChecked(at: path)
            logger.notice("the catalog is restored from its backup", metadata: ["of": "\(time.formatted(.iso8601))"])
            return database
        } catch {
            logger.error("the backup of the catalog is of no use", metadata: ["reason": "\(error)"])
            for file in [temporary, path] { try? remove(file) }
            return nil
        }
    }

    private static func remove(_ file: String) throws(FileError) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            guard unlink(file + suffix) == 0 || errno == ENOENT else {
                throw FileError("remove", FilePath(file + suffix), errorNumber: errno)
            }
        }
    }

    private static func flush(_ path: String) throws(FileError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", FilePath(path), errorNumber: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError("flush", FilePath(path), errorNumber: errno) }
    }
}
