import Glibc

/// Why sockets from systemd cannot be used.
public enum SocketActivationError: Error, Hashable, Sendable, CustomStringConvertible {
    case unreadable(errorNumber: CInt)
    case notAUnixSocket(descriptor: CInt)

    public var description: String {
        switch self {
        case .unreadable(let errorNumber):
            "cannot take over systemd's sockets: \(String(cString: strerror(errorNumber)))"
        case .notAUnixSocket(let descriptor):
            "descriptor \(descriptor) from systemd is no listening Unix stream socket; "
                + "interpretd.socket must use ListenStream= with a path"
        }
    }
}
