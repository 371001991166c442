import Files
import Glibc

/// An advisory lock that keeps a second daemon away; the kernel gives it back whatever way the process ends.
final class SQLiteCatalogLock: Sendable {
    private let descriptor: CInt

    /// - Throws: `CatalogError.inUse` where another process holds it.
    init(for path: String) throws(CatalogError) {
        descriptor = try SQLiteCatalogLock.take(path)
    }

    deinit { close(descriptor) }

    // Not in `init`: once all its properties are set, an error there runs `deinit` too, which would close a second time
    // what may be another's by then.
    private static func take(_ path: String) throws(CatalogError) -> CInt {
        let file = FilePath(path + ".lock")
        let descriptor = file.withCString { Glibc.open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else {
            throw .unavailable(message: "\(FileError("open", file, errorNumber: errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let errorNumber = errno
            close(descriptor)
            if errorNumber == EWOULDBLOCK { throw .inUse(path: path) }
            throw .unavailable(message: "\(FileError("lock", file, errorNumber: errorNumber))")
        }
        return descriptor
    }
}
