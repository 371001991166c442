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

    private static func isCorruption(_ error: DatabaseError) -> Bool {
        [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode.primaryResultCode)
    }
}
