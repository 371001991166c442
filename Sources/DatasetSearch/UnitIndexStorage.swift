import Foundation
import GRDB
import Glibc

/// How a unit index lies on the disk.
///
/// | table | holds |
/// |---|---|
/// | `photo` | one row per picture, by the digest of its bytes: copies are one photo |
/// | `place` | the files that hold it |
/// | `fresh` | the peaks of photos that are in no list yet, one row per layer and photo |
/// | `list` | the lists, one row per unit |
/// | `layer` | the layers, and for each unit its floor |
/// | `decision` | how the network decided about a photo, with a small map and what its last layer read |
/// | `state` | which generation of lists is in use, and how far the next one is |
///
/// The rows of a layer lie together: the key is ``key(generation:layer:low:)``.
enum UnitIndexStorage {
    static func open(at path: String, layers: [IndexedLayer]) throws(DatasetSearchError) -> DatabasePool {
        do {
            return try openChecked(at: path, layers)
        } catch {
            guard case .corrupt = error else { throw error }
            // Everything in it can be read from the photos again.
            for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
            return try openChecked(at: path, layers)
        }
    }

    private static func openChecked(
        at path: String, _ layers: [IndexedLayer]
    ) throws(DatasetSearchError) -> DatabasePool {
        do {
            let database = try DatabasePool(path: path, configuration: configuration())
            try migrator(layers).migrate(database)
            let stored = try database.read { db in
                try Row.fetchAll(db, sql: "SELECT name, units FROM layer WHERE generation = 0 ORDER BY number")
                    .map { row -> (String, Int) in (row[0], row[1]) }
            }
            guard stored.elementsEqual(layers.map { ($0.name, $0.units) }, by: ==) else {
                throw DatasetSearchError.corrupt(path: path, message: "it is about other layers")
            }
            return database
        } catch {
            throw DatasetSearchError(error, path: path)
        }
    }

    /// Rows of one layer and generation follow one another, by `low`: a unit's number or a photo's.
    static func key(generation: Int, layer: Int, low: UInt32) -> Int64 {
        Int64(generation) << 56 | Int64(layer) << 32 | Int64(low)
    }

    static func keys(generation: Int, layer: Int) -> ClosedRange<Int64> {
        key(generation: generation, layer: layer, low: 0)...key(generation: generation, layer: layer, low: .max)
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "units"
        // Not GRDB's own, which threads of a user without rights cannot have (and the thread pool says so in the log).
        configuration.qos = .default
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 2
        configuration.prepareDatabase { db in
            // NORMAL may lose the last photos in a power cut, never consistency; they are then indexed again.
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
            // Bytes the log keeps between uses; a list that is rewritten may make it larger for a moment.
            try db.execute(sql: "PRAGMA journal_size_limit = 8388608")
        }
        return configuration
    }

    private static func migrator(_ layers: [IndexedLayer]) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: units") { db in
            // AUTOINCREMENT: a number that a list may still hold is not given to another photo.
            try db.execute(
                sql: """
                    CREATE TABLE photo (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        sha256 TEXT NOT NULL UNIQUE, width INTEGER NOT NULL, height INTEGER NOT NULL
                    );
                    CREATE TABLE place (
                        path BLOB PRIMARY KEY NOT NULL,
                        photo INTEGER NOT NULL REFERENCES photo (id),
                        size INTEGER NOT NULL, modified INTEGER NOT NULL
                    ) WITHOUT ROWID;
                    CREATE INDEX place_by_photo ON place (photo);
                    CREATE TABLE fresh (key INTEGER PRIMARY KEY, peaks BLOB NOT NULL);
                    CREATE TABLE list (key INTEGER PRIMARY KEY, entries BLOB NOT NULL);
                    CREATE TABLE layer (
                        generation INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
                        units INTEGER NOT NULL, floors BLOB NOT NULL,
                        PRIMARY KEY (generation, number)
                    );
                    CREATE TABLE state (
                        generation INTEGER NOT NULL,
                        rebuiltThrough INTEGER, rebuildLimit INTEGER
                    );
                    INSERT INTO state (generation) VALUES (0);
                    """)
            for generation in 0...1 {
                for (number, layer) in layers.enumerated() {
                    try db.execute(
                        sql: "INSERT INTO layer (generation, number, name, units, floors) VALUES (?, ?, ?, ?, ?)",
                        arguments: [
                            generation, number, layer.name, layer.units,
                            Record.data(of: [Mark](repeating: .end, count: layer.units)),
                        ])
                }
            }
        }
        migrator.registerMigration("2: decisions") { db in
            try db.execute(
                sql: """
                    CREATE TABLE decision (
                        photo INTEGER PRIMARY KEY REFERENCES photo (id) ON DELETE CASCADE,
                        class INTEGER NOT NULL, probability REAL, time REAL NOT NULL,
                        method TEXT, map BLOB, features BLOB,
                        verdict TEXT, reasons TEXT, share REAL, expectedShare REAL, camera TEXT
                    );
                    CREATE INDEX decision_by_class ON decision (class, time);
                    """)
        }
        return migrator
    }
}
