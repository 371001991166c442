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
        return migrator
    }
}
