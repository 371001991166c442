public import Glibc
import NIOCore

/// Who is at the other end of a connection, as the kernel saw it when it was made (`SO_PEERCRED`).
public struct SocketPeer: Sendable, Hashable {
    public let process: pid_t
    public let user: uid_t
    public let group: gid_t

    public init(process: pid_t, user: uid_t, group: gid_t) {
        self.process = process
        self.user = user
        self.group = group
    }

    /// Nil where the kernel does not tell.
    init?(of channel: any Channel) async {
        guard let options = channel as? any SocketOptionProvider else { return nil }
        // The kernel writes a `struct ucred`: process, user, group.
        let credentials: EventLoopFuture<Credentials> = options.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        guard let found = try? await credentials.get() else { return nil }
        self.init(process: found.process, user: found.user, group: found.group)
    }

    private struct Credentials: Sendable {
        let process: pid_t
        let user: uid_t
        let group: gid_t
    }
}
