import GRDB

extension CatalogError {
    /// What an error of SQLite means.
    init(_ error: any Error) {
        switch error {
        case let error as CatalogError: self = error
        case let error as DatabaseError where CatalogError.isCorruption(error): self = .corrupt(message: "\(error)")
        default: self = .unavailable(message: "\(error)")
        }
    }

    /// Whether `error` is about what is in the file, and not about the disk or another process. A plain SQLITE_ERROR is: our
    /// statements are right, so a table or a column is missing. A file that was cut off can show as a short read.
    private static func isCorruption(_ error: DatabaseError) -> Bool {
        error.extendedResultCode == .SQLITE_IOERR_SHORT_READ
            || [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_FORMAT, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH]
                .contains(error.resultCode.primaryResultCode)
    }
}
