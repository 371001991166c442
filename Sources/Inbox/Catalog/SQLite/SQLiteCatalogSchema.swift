import GRDB

/// The catalog's tables, by version.
enum SQLiteCatalogSchema {
    static func migrator() -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: photos") { db in
            // Times are milliseconds since 1970. A path is a BLOB: it need not be UTF-8.
            try db.execute(
                sql: """
                    CREATE TABLE photo (
                        path BLOB PRIMARY KEY NOT NULL,
                        device INTEGER NOT NULL, inode INTEGER NOT NULL,
                        size INTEGER NOT NULL, modified INTEGER NOT NULL,
                        state TEXT NOT NULL CHECK (state IN ('pending', 'working', 'done', 'failed')),
                        attempts INTEGER NOT NULL DEFAULT 0,
                        crashes INTEGER NOT NULL DEFAULT 0,
                        queuedAt INTEGER NOT NULL, startedAt INTEGER, finishedAt INTEGER, retryAt INTEGER,
                        errorCode TEXT, errorMessage TEXT,
                        sha256 TEXT, model TEXT, label TEXT, probability REAL, boxCount INTEGER, warning TEXT,
                        milliseconds REAL
                    ) WITHOUT ROWID;
                    CREATE INDEX photo_by_turn ON photo (state, queuedAt, modified);
                    CREATE INDEX photo_by_finish ON photo (finishedAt);
                    PRAGMA user_version = 1;
                    """)
        }
        migrator.registerMigration("2: computing") { db in
            // Photos that an older daemon left in work are not blamed: it did not say which it computed.
            try db.execute(
                sql: """
                    ALTER TABLE photo ADD COLUMN computing INTEGER NOT NULL DEFAULT 0 CHECK (computing IN (0, 1));
                    CREATE INDEX photo_by_retry ON photo (retryAt) WHERE retryAt IS NOT NULL;
                    PRAGMA user_version = 2;
                    """)
        }
        migrator.registerMigration("3: time of change") { db in
            // 0 for not known, which the next look at the photo mends without reading it.
            try db.execute(
                sql: """
                    ALTER TABLE photo ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
                    PRAGMA user_version = 3;
                    """)
        }
        migrator.registerMigration("4: again") { db in
            // Of photos that failed under an older version nothing is known, so they are tried again once.
            try db.execute(
                sql: """
                    ALTER TABLE photo ADD COLUMN forced INTEGER NOT NULL DEFAULT 0 CHECK (forced IN (0, 1));
                    ALTER TABLE photo ADD COLUMN restored INTEGER NOT NULL DEFAULT 0 CHECK (restored IN (0, 1));
                    ALTER TABLE photo ADD COLUMN failedUnder TEXT;
                    PRAGMA user_version = 4;
                    """)
        }
        migrator.registerMigration("5: verdicts") { db in
            // Photos of older versions get theirs when they are done again.
            try db.execute(
                sql: """
                    ALTER TABLE photo ADD COLUMN modelSHA256 TEXT;
                    ALTER TABLE photo ADD COLUMN verdict TEXT;
                    ALTER TABLE photo ADD COLUMN margin REAL;
                    ALTER TABLE photo ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0 CHECK (doubtful IN (0, 1));
                    DROP INDEX photo_by_finish;
                    CREATE INDEX photo_by_change ON photo (COALESCE(finishedAt, startedAt, queuedAt) DESC, path);
                    PRAGMA user_version = 5;
                    """)
        }
        migrator.registerMigration("6: figures") { db in
            try db.execute(
                sql: """
                    ALTER TABLE photo ADD COLUMN expired INTEGER NOT NULL DEFAULT 0 CHECK (expired IN (0, 1));
                    CREATE TABLE figure (name TEXT PRIMARY KEY NOT NULL, value REAL NOT NULL) WITHOUT ROWID;
                    PRAGMA user_version = 6;
                    """)
        }
        migrator.registerMigration("7: corrections") { db in
            // `doubted`: whether a person should have looked at the photo before one has.
            try db.execute(
                sql: """
                    CREATE TABLE correction (
                        sha256 TEXT PRIMARY KEY NOT NULL, path BLOB NOT NULL,
                        answer TEXT NOT NULL CHECK (answer IN ('yes', 'no', 'wrong-box')),
                        label TEXT NOT NULL, x REAL, y REAL, boxWidth REAL, boxHeight REAL,
                        width INTEGER NOT NULL, height INTEGER NOT NULL,
                        predicted TEXT, model TEXT, doubted INTEGER NOT NULL, at INTEGER NOT NULL
                    ) WITHOUT ROWID;
                    CREATE INDEX photo_by_digest ON photo (sha256);
                    PRAGMA user_version = 7;
                    """)
        }
        migrator.registerMigration("8: further labels") { db in
            try db.execute(
                sql: """
                    ALTER TABLE photo ADD COLUMN furtherLabels TEXT;
                    PRAGMA user_version = 8;
                    """)
        }
        migrator.registerMigration("9: judge and further boxes") { db in
            // `furtherBoxes`: a JSON array of `PhotoCorrection.LabelledBox`; NULL for none.
            try db.execute(
                sql: """
                    ALTER TABLE photo ADD COLUMN judge TEXT;
                    ALTER TABLE correction ADD COLUMN furtherBoxes TEXT;
                    PRAGMA user_version = 9;
                    """)
        }
        return migrator
    }

    /// Says in words where the tables are not those that the program writes and reads; nil where they are. A database may
    /// be whole in itself and lack a table or a column all the same.
    static func deviation(_ db: Database) throws -> String? {
        let blank = try DatabaseQueue(configuration: .ofOrdinaryPriority)
        try migrator().migrate(blank)
        let wanted = try blank.read(shape)
        let found = try shape(db)
        return wanted.first { !found.contains($0) }.map { "it has no \($0)" }
    }

    private static func shape(_ db: Database) throws -> [String] {
        let found = try ["photo", "figure", "correction"].flatMap { try columns(of: $0, db) }
        let indexes = try String.fetchAll(
            db, sql: "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'photo' AND sql IS NOT NULL")
        return found + indexes.map { "index '\($0)'" }
    }

    private static func columns(of table: String, _ db: Database) throws -> [String] {
        try Row.fetchAll(db, sql: "PRAGMA table_info(\(table))").map { row -> String in
            let (name, type, isNeeded, key): (String, String, Bool, Int) = (
                row["name"], row["type"], row["notnull"], row["pk"]
            )
            return
                "column '\(name)' of type \(type)\(isNeeded ? ", not null" : "")\(key > 0 ? ", key" : "") in '\(table)'"
        }
    }
}
