import CLinux
import Dispatch
import Foundation
import Glibc
import Synchronization
import WireProtocol

/// Files that clients have opened and passed on instead of sending their bytes: what a client may read and the daemon may not.
///
/// A file comes as a datagram at a socket of its own beside the other (``WireProtocol/SocketPath/files(of:)``), with a name that
/// the client has made up. A request of the same user then names it, which takes it. What nobody takes is closed after a
/// while; there is room for some of each user, and of all. Nothing here looks into a file: whoever takes one does.
final class PassedFiles: Sendable {
    /// How many files may wait to be taken.
    struct Limits: Sendable {
        var ofOneUser = 16
        var ofAll = 64
        /// Seconds until a file is closed that nobody has taken.
        var patience: Double = 30
    }

    private struct Key: Hashable {
        let user: uid_t
        let name: String
    }

    private struct Waiting {
        let file: PassedFile
        let since: ContinuousClock.Instant
    }

    private struct State {
        var waiting: [Key: Waiting] = [:]
        /// Until then the descriptor is ours.
        var hasEnded = false
    }

    private let descriptor: CInt
    private let path: String
    private let limits: Limits
    private let state = Mutex(State())
    // Dispatch guards its sources itself, and does not say so.
    private nonisolated(unsafe) let source: any DispatchSourceRead
    private nonisolated(unsafe) let clock: any DispatchSourceTimer

    /// Receives at a socket of its own beside the one at `path`, until ``end()``. Whoever may use the one may use the other.
    ///
    /// - Throws: `SocketError` where it cannot be made.
    init(besides path: String, limits: Limits = Limits()) throws(SocketError) {
        self.path = SocketPath.files(of: path)
        self.limits = limits
        descriptor = try DatagramSocket.bound(to: self.path, asOpenAs: path)
        let queue = DispatchQueue(label: "passed files")
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        clock = DispatchSource.makeTimerSource(queue: queue)
        source.setEventHandler { [weak self] in self?.receive() }
        source.setCancelHandler { [descriptor] in close(descriptor) }
        clock.setEventHandler { [weak self] in self?.letGo() }
        clock.schedule(deadline: .now() + limits.patience, repeating: limits.patience)
        source.activate()
        clock.activate()
    }

    /// Takes in no more, and closes what nobody has taken.
    func end() {
        let isFirst = state.withLock { state in
            defer { state = State(hasEnded: true) }
            return !state.hasEnded
        }
        guard isFirst else { return }
        unlink(path)
        clock.cancel()
        source.cancel()
    }

    /// How many files wait to be taken.
    var count: Int { state.withLock { $0.waiting.count } }

    /// The file that a process of `user` has passed under this name; nil where there is none. It is there once.
    func take(_ name: String, of user: uid_t) -> PassedFile? {
        // It was sent before the request, and may not have been received yet.
        receive()
        return state.withLock { $0.waiting.removeValue(forKey: Key(user: user, name: name))?.file }
    }

    /// Takes in what has come.
    private func receive() {
        state.withLock { state in
            guard !state.hasEnded else { return }
            var name = [UInt8](repeating: 0, count: WireLimits.passedFileName + 1)
            while true {
                var (file, user): (CInt, uid_t) = (-1, .max)
                let count = clinux_receive_file(descriptor, &name, name.count, &file, &user)
                guard count >= 0 else { return }
                guard file >= 0 else { continue }
                // Closed where it is not kept.
                let passed = PassedFile(descriptor: file)
                guard (1...WireLimits.passedFileName).contains(count),
                    let text = String(validating: name[..<count], as: UTF8.self),
                    state.waiting.count < limits.ofAll,
                    state.waiting.keys.count(where: { $0.user == user }) < limits.ofOneUser
                else { continue }
                state.waiting[Key(user: user, name: text)] = Waiting(file: passed, since: .now)
            }
        }
    }

    private func letGo() {
        let late = state.withLock { state in
            let late = state.waiting.filter { $0.value.since.duration(to: .now) >= .seconds(limits.patience) }
            for key in late.keys { state.waiting[key] = nil }
            return late
        }
        // Closed here, where nobody waits for the lock.
        withExtendedLifetime(late) {}
    }
}

/// An open file that a client has passed on. Closed when it goes out of use.
public final class PassedFile: Sendable {
    public let descriptor: CInt

    init(descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}

/// The files that one request may take, and the bytes of them that it may have in memory until it is answered.
public final class RequestFiles: Sendable {
    private let files: PassedFiles?
    private let user: uid_t
    private let share: SocketBudgetShare

    init(_ files: PassedFiles?, of user: uid_t, within budget: SocketBudget) {
        self.files = files
        self.user = user
        share = SocketBudgetShare(of: budget, user: user)
    }

    /// The file that the client has passed under this name; nil where there is none. It is there once.
    public func take(_ name: String) -> PassedFile? { files?.take(name, of: user) }

    /// - Returns: whether there is room for so many bytes, which then count until the request is answered.
    public func reserve(_ bytes: Int) -> Bool { share.grow(by: bytes) }
}
