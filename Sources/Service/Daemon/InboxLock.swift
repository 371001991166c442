import Files
import Glibc
import Logging

/// The claim to an inbox: a second daemon would do everything twice, and remove what the first has written.
///
/// The lock is on the folder itself. The kernel gives it back whatever way the process ends, so that none is ever stale.
final class InboxLock: Sendable {
    private let descriptor: CInt

    /// - Throws: `DaemonError.inboxInUse` where another process has it.
    init(_ inbox: FilePath, logger: Logger) throws(DaemonError) {
        descriptor = try InboxLock.take(inbox, logger)
    }

    deinit { close(descriptor) }

    // Not in `init`: once all its properties are set, an error there runs `deinit` too, which would close a second time
    // what may be another's by then.
    private static func take(_ inbox: FilePath, _ logger: Logger) throws(DaemonError) -> CInt {
        let descriptor = inbox.withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw .folder(inbox.string, errorNumber: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return descriptor }
        let errorNumber = errno
        if errorNumber == EWOULDBLOCK {
            close(descriptor)
            throw .inboxInUse(inbox.string)
        }
        logger.warning(
            "the inbox's file system has no locks; see to it that no other daemon uses it",
            metadata: ["reason": "\(String(cString: strerror(errorNumber)))"])
        return descriptor
    }
}
