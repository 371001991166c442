import Foundation
import Glibc
import Logging
import NIOCore
import Synchronization
import WireProtocol

/// One client: reads its lines, starts its requests side by side, writes each answer when it is there.
///
/// An answer counts as written when the system has taken it, and a request holds its place until then. A client that
/// does not read thus fills its own places, after which nothing more is read from it: what it can make the daemon hold
/// is bounded, and nobody else waits for it.
///
/// A client that closes only its writing side still gets its answers (`nc -N` does so); one that closes the socket has
/// its requests cancelled.
struct SocketConnection: Sendable {
    typealias Channel = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    let number: UInt64
    let channel: Channel
    /// The user at the other end; nobody's number where the kernel did not tell.
    let user: uid_t
    /// What that user may do.
    let rights: Set<Right>
    let handler: any RequestHandling
    let events: EventHub
    let limits: SocketLimits
    let logger: Logger
    let requests: SocketRequestRegistry
    let watcher = SocketWatcher()
    let activity = SocketActivity()
    private let budget: SocketBudget
    /// What the requests of this connection may take of passed files.
    let files: @Sendable () -> RequestFiles

    init(
        number: UInt64, channel: Channel, peer: SocketPeer?, rights: Set<Right>, handler: any RequestHandling,
        events: EventHub, limits: SocketLimits, budget: SocketBudget,
        files: @escaping @Sendable (_ user: uid_t) -> RequestFiles, logger: Logger
    ) {
        let user = peer?.user ?? .max
        self.user = user
        self.files = { files(user) }
        self.rights = rights
        self.budget = budget
        self.number = number
        self.channel = channel
        self.handler = handler
        self.events = events
        self.limits = limits
        self.logger = logger
        requests = SocketRequestRegistry(limit: limits.requestsPerConnection)
    }

    /// Serves until the client is gone. Errors of a connection end that connection and nothing else.
    func serve() async {
        channel.channel.closeFuture.whenComplete { [requests, watcher] _ in
            requests.close()
            watcher.stop()
        }
        do {
            try await withTaskCancellationHandler {
                try await channel.executeThenClose { inbound, _ in
                    await withDiscardingTaskGroup { group in
                        await readRequests(from: inbound, into: &group)
                    }
                }
            } onCancel: {
                abort()
            }
        } catch {
            logger.debug("connection ended", metadata: ["connection": "\(number)", "error": "\(error)"])
        }
    }

    /// How long ago the last whole line came; nil where a request is in flight or events are watched.
    var idleTime: Duration? {
        requests.isEmpty && !watcher.isWatching ? activity.sinceLastLine : nil
    }

    /// Takes no more requests, answers those in flight, and closes.
    func drain() {
        requests.drain { [channel] in channel.channel.close(promise: nil) }
    }

    /// Closes at once.
    func abort() {
        requests.close()
        channel.channel.close(promise: nil)
    }

    /// Answers a client for whom there is no room, and closes.
    func refuse(_ error: RPCError) async {
        do {
            try await channel.executeThenClose { _, _ in
                await send(Reply(id: .null, outcome: .failure(error)))
            }
        } catch {
            logger.debug("connection ended", metadata: ["connection": "\(number)", "error": "\(error)"])
        }
    }

    private func readRequests(
        from inbound: NIOAsyncChannelInboundStream<ByteBuffer>, into group: inout DiscardingTaskGroup
    ) async {
        var framing = LineFraming(limit: limits.lineBytes)
        let share = SocketBudgetShare(of: budget, user: user)
        do {
            for try await chunk in inbound {
                guard share.grow(by: chunk.readableBytes) else { throw SocketBudgetExceeded() }
                framing.append(chunk.readableBytesView)
                var held = framing.heldBytes
                while let line = try framing.nextLine() {
                    activity.note()
                    let part = share.split(held - framing.heldBytes)
                    held = framing.heldBytes
                    await receive(line, part, into: &group)
                }
            }
        } catch is SocketBudgetExceeded {
            await send(
                Reply(
                    id: .null,
                    outcome: .failure(
                        RPCError(.busy, "too many bytes of requests are in flight; ask again when some are answered"))))
            watcher.stop()
        } catch let error as LineFramingError {
            await send(Reply(id: .null, outcome: .failure(RPCError(.lineTooLong, "\(error)"))))
            // Requests in flight are still answered; events would keep the connection open for ever.
            watcher.stop()
        } catch {
            logger.debug("cannot read", metadata: ["connection": "\(number)", "error": "\(error)"])
        }
    }

    /// Writes one answer. A client that is gone is none of the writer's business: the connection ends by itself.
    func send(_ reply: Reply) async {
        do {
            var line = try reply.line()
            if line.count > limits.lineBytes + 1 {
                let error = RPCError(
                    .lineTooLong,
                    "the result has \(line.count) bytes and a line at most \(limits.lineBytes); ask for less at once")
                line = try Reply(id: reply.id, outcome: .failure(error)).line()
            }
            try await write(line)
        } catch {
            logger.debug("cannot answer", metadata: ["connection": "\(number)", "error": "\(error)"])
        }
    }

    /// Writes one notification.
    ///
    /// - Throws: where it cannot be written; the client is gone.
    func notify(_ method: String, _ params: some Encodable) async throws {
        try await write(try ServerNotification(method: method, params: params).line())
    }

    private func write(_ line: Data) async throws {
        // The channel's own future is done when the system has the bytes. `NIOAsyncChannel`'s writer returns earlier,
        // and what it still holds is lost when the channel is closed.
        try await channel.channel.writeAndFlush(ByteBuffer(bytes: line)).get()
    }
}

/// There is no room for what a client sends.
private struct SocketBudgetExceeded: Error {}

/// When a connection last sent a whole line.
final class SocketActivity: Sendable {
    private let last = Mutex(ContinuousClock.now)

    func note() { last.withLock { $0 = .now } }
    var sinceLastLine: Duration { last.withLock { .now - $0 } }
}

/// The subscription of a connection that watches.
final class SocketWatcher: Sendable {
    private struct State {
        var subscription: EventSubscription?
        var isStopped = false
    }

    private let state = Mutex(State())

    /// - Returns: the events to send, or nil where they are being sent already or the connection has ended.
    func start(_ events: EventHub) -> EventSubscription? {
        state.withLock { state in
            guard state.subscription == nil, !state.isStopped else { return nil }
            let subscription = events.subscribe()
            state.subscription = subscription
            return subscription
        }
    }

    var isWatching: Bool { state.withLock { $0.subscription != nil } }

    /// Ends the events until they are started again.
    func pause() {
        take { _ in }
    }

    /// Ends the events for good.
    func stop() {
        take { $0.isStopped = true }
    }

    private func take(_ change: (inout State) -> Void) {
        let subscription = state.withLock { state in
            change(&state)
            defer { state.subscription = nil }
            return state.subscription
        }
        subscription?.cancel()
    }
}
