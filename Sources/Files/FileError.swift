import Glibc

/// A system call about a file that failed; keeps `errno`, so that the caller can tell what passes from what stays.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried: "open", "rename", "read the folder".
    public let operation: String
    public let path: FilePath
    /// The value of `errno` right after the call.
    public let errorNumber: CInt
    /// Says more than the number does; nil where that says all.
    private let reason: String?

    /// - Parameter reason: in the place of what the system says of `errorNumber`.
    public init(_ operation: String, _ path: FilePath, errorNumber: CInt, reason: String? = nil) {
        self.operation = operation
        self.path = path
        self.errorNumber = errorNumber
        self.reason = reason
    }

    /// Whether the file, or a folder on the way to it, is not there.
    public var meansGone: Bool { errorNumber == ENOENT || errorNumber == ENOTDIR }

    /// Whether trying again later can help without anyone changing the photo: a full disk, too many open files,
    /// a folder that may not be written, a disk or network share that is unwell.
    public var isTransient: Bool {
        switch errorNumber {
        case ENOSPC, EDQUOT, EIO, EMFILE, ENFILE, ENOMEM, EAGAIN, EINTR, EBUSY, ETXTBSY, ESTALE, ETIMEDOUT,
            ENOLCK, EACCES, EPERM, EROFS, ENODEV, ENXIO, ENOTCONN, EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH:
            true
        default: false
        }
    }

    /// One line that says what to do next.
    public var description: String {
        "cannot \(operation) \(path): " + (reason ?? String(cString: strerror(errorNumber)) + advice)
    }

    private var advice: String {
        switch errorNumber {
        case ENOSPC, EDQUOT: "; free some space on that disk"
        case EACCES, EPERM: "; give the daemon's user the right to read and write there"
        case EROFS: "; mount it writable"
        case EMFILE, ENFILE: "; raise the limit of open files (LimitNOFILE=)"
        case ENAMETOOLONG: "; give the photo a shorter name"
        case ELOOP: "; the daemon follows no links: name the file that it leads to"
        case ETIMEDOUT: "; its disk or network share does not answer"
        default: ""
        }
    }
}
