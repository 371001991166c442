import Files
import Foundation
import GRDB
import Glibc
import Logging

/// How the catalog lies on the disk: opening, checking, migrating, setting aside, healing.
enum SQLiteCatalogFile {
    /// Opens the database at `path`. One that is damaged, in whatever way, is set aside; the backup takes its place where
    /// that is whole, and otherwise a new one, which the next scan fills from the sidecars.
    static func open(at path: String, logger: Logger) throws(CatalogError) -> any DatabaseWriter {
        do {
            return try openChecked(at: path)
        } catch {
            guard case .corrupt(let message) = error else { throw error }
            let aside = try setAside(path)
            logger.critical(
                "the catalog is damaged and was set aside; photos that are done stay done",
                metadata: ["catalog": "\(path)", "aside": "\(aside)", "reason": "\(message)"])
        }
        if let database = SQLiteCatalogBackup.restored(to: path, logger: logger) { return database }
        logger.notice("a new catalog is built from the photos and their sidecars")
        return try openChecked(at: path)
    }

    /// Opens the database at `path`, made anew where there is none.
    ///
    /// - Throws: `CatalogError.corrupt` for whatever is wrong with the file itself.
    static func openChecked(at path: String) throws(CatalogError) -> any DatabaseWriter {
        let database: DatabasePool
        do { database = try DatabasePool(path: path, configuration: configuration()) } catch {
            throw CatalogError(error)
        }
        do {
            let migrator = SQLiteCatalogSchema.migrator()
            let isNewer = try database.read { db in
                if let damage = try damage(db) { throw CatalogError.corrupt(message: damage) }
                return try migrator.hasBeenSuperseded(db)
            }
            guard !isNewer else { throw CatalogError.newerVersion(path: path) }
            try migrator.migrate(database)
            if let deviation = try database.read(SQLiteCatalogSchema.deviation) {
                throw CatalogError.corrupt(message: deviation)
            }
            return database
        } catch {
            // Now, and not when it goes out of use: it would remove the log of whatever has its name by then.
            try? database.close()
            throw CatalogError(error)
        }
    }

    /// What SQLite's own check finds wrong; nil where nothing is.
    static func damage(_ db: Database) throws -> String? {
        let health = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
        return health == "ok" ? nil : health
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration.ofOrdinaryPriority
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

    // MARK: Setting aside

    private static let mark = ".damaged-"
    private static let companions = ["", "-wal", "-shm"]

    /// The damaged catalogs that were set aside and that nobody has removed yet.
    static func damagedCopies(of path: String) -> [String] {
        let file = URL(filePath: path)
        let folder = file.deletingLastPathComponent()
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
            .filter { name in
                name.hasPrefix(file.lastPathComponent + mark)
                    && !companions.dropFirst().contains { name.hasSuffix($0) }
            }
            .sorted().map { folder.appending(path: $0).path }
    }

    private static func setAside(_ path: String) throws(CatalogError) -> String {
        let now = Date().formatted(
            .verbatim(
                """
                \(year: .padded(4))\(month: .twoDigits)\(day: .twoDigits)-\
                \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased))\
                \(minute: .twoDigits)\(second: .twoDigits)
                """, locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt,
                calendar: Calendar(identifier: .gregorian)))
        let wanted = path + mark + now
        let names = [wanted] + (2...99).map { "\(wanted)-\($0)" }
        let aside = names.first { access($0, F_OK) != 0 } ?? wanted
        for suffix in companions where access(path + suffix, F_OK) == 0 {
            guard rename(path + suffix, aside + suffix) == 0 else {
                let error = FileError("set aside the damaged catalog", FilePath(path), errorNumber: errno)
                throw .unavailable(message: "\(error)")
            }
        }
        return aside
    }
}

extension Configuration {
    /// GRDB's own queues have a priority above the ordinary, which threads of a user without rights cannot have: the thread
    /// pool says so in the log for each of them.
    static var ofOrdinaryPriority: Configuration {
        var configuration = Configuration()
        configuration.qos = .default
        return configuration
    }
}
