import Files
import Foundation
import GRDB
import Glibc
import Logging

/// How the catalog lies on the disk: opening, checking, migrating, setting aside.
enum SQLiteCatalogFile {
    /// Opens the database at `path`, made anew where there is none or where it is damaged.
    static func open(at path: String, logger: Logger) throws(CatalogError) -> any DatabaseWriter {
        do {
            return try openChecked(at: path)
        } catch {
            guard case .corrupt(let message) = error else { throw error }
            let aside = try setAside(path)
            logger.error(
                "the catalog is damaged and was set aside; a new one is built from the sidecars",
                metadata: ["catalog": "\(path)", "aside": "\(aside)", "reason": "\(message)"])
        }
        return try openChecked(at: path)
    }

    private static func openChecked(at path: String) throws(CatalogError) -> any DatabaseWriter {
        do {
            let database = try DatabasePool(path: path, configuration: configuration())
            let migrator = SQLiteCatalogSchema.migrator()
            let verdict = try database.read { db in
                (
                    health: try String.fetchOne(db, sql: "PRAGMA quick_check(1)"),
                    isNewer: try migrator.hasBeenSuperseded(db)
                )
            }
            guard verdict.health == "ok" else { throw CatalogError.corrupt(message: verdict.health ?? "no answer") }
            guard !verdict.isNewer else { throw CatalogError.newerVersion(path: path) }
            try migrator.migrate(database)
            return database
        } catch {
            throw CatalogError(error)
        }
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "catalog"
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            // With a write-ahead log, NORMAL may lose the last transactions in a power cut but never consistency. That
            // is enough: a photo stays in the inbox and its boxes.json, which is flushed before the catalog hears of
            // it, proves the work. FULL would cost a flush for each change of state and prove nothing more.
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        return configuration
    }

    private static func setAside(_ path: String) throws(CatalogError) -> String {
        let aside = "\(path).damaged-\(Int(Date().timeIntervalSince1970))"
        for suffix in ["", "-wal", "-shm"] where access(path + suffix, F_OK) == 0 {
            guard rename(path + suffix, aside + suffix) == 0 else {
                let error = FileError("set aside the damaged catalog", FilePath(path), errorNumber: errno)
                throw .unavailable(message: "\(error)")
            }
        }
        return aside
    }
}
