/// Why a daemon cannot listen at its socket.
public enum SocketError: Error, Equatable, CustomStringConvertible {
    case pathNotAbsolute(String)
    case pathTooLong(String, limit: Int)
    case notASocket(String)
    case alreadyServed(String)
    case notAListeningSocket(descriptor: Int32)
    /// Somebody removed the socket's file, or put another in its place.
    case fileGone(String)
    case systemCall(String, path: String, reason: String)

    public var description: String {
        switch self {
        case .pathNotAbsolute(let path):
            "the socket's path '\(path)' is not absolute; begin it with '/'"
        case .pathTooLong(let path, let limit):
            "the socket's path '\(path)' has \(path.utf8.count) bytes and the system takes \(limit); "
                + "choose a shorter one with --socket"
        case .notASocket(let path):
            "\(path) exists and is no socket; move it away or choose another path with --socket"
        case .alreadyServed(let path):
            "another daemon serves \(path) (or is just shutting down); stop it or choose another path with --socket"
        case .notAListeningSocket(let descriptor):
            "descriptor \(descriptor) is no listening Unix stream socket; check ListenStream= in the .socket unit"
        case .fileGone(let path):
            "the socket's file \(path) was removed, so that nobody can connect any more; start the daemon again"
        case .systemCall(let call, let path, let reason):
            "cannot listen at \(path): \(call): \(reason)"
        }
    }
}
