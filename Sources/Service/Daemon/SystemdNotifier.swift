import CSystemd
import Glibc
public import Inbox

/// Tells systemd, by sd_notify(3). Outside of systemd every call does nothing.
public struct SystemdNotifier: ServiceNotifier {
    public let watchdogInterval: Duration?

    /// Reads `WATCHDOG_USEC` and `WATCHDOG_PID` from the environment.
    public init() {
        var microseconds: UInt64 = 0
        let isWatched = sd_watchdog_enabled(0, &microseconds) > 0
        watchdogInterval = isWatched ? .microseconds(Int64(clamping: microseconds)) : nil
    }

    /// The start goes on, and takes up to three minutes more.
    public func starting(_ text: String) {
        notify("EXTEND_TIMEOUT_USEC=180000000")
        status(text)
    }

    public func ready() { notify("READY=1") }

    public func status(_ text: String) {
        // A line break would begin another assignment.
        notify("STATUS=" + String(text.map { $0.isNewline ? " " : $0 }))
    }

    public func watchdog() { notify("WATCHDOG=1") }

    public func stopping() { notify("STOPPING=1") }

    private func notify(_ state: String) {
        // No systemd to listen is no failure, and what else could be done about one?
        _ = sd_notify(0, state)
    }

    /// The listening Unix sockets that systemd opened for this process (`interpretd.socket`); empty when it was started
    /// otherwise. The descriptors belong to the caller.
    ///
    /// - Throws: ``SocketActivationError`` where systemd passed something else.
    public static func inheritedSockets() throws(SocketActivationError) -> [CInt] {
        // The environment stays as it is: changing it is not thread-safe, and no child process could be misled by it.
        let count = sd_listen_fds(0)
        guard count >= 0 else { throw .unreadable(errorNumber: -count) }
        // SD_LISTEN_FDS_START is 3 by definition of the protocol.
        let descriptors = (0..<count).map { 3 + $0 }
        for descriptor in descriptors where sd_is_socket_unix(descriptor, Int32(SOCK_STREAM.rawValue), 1, nil, 0) <= 0 {
            throw .notAUnixSocket(descriptor: descriptor)
        }
        return descriptors
    }
}
