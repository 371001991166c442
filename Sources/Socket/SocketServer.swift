public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
import Synchronization
import WireProtocol

/// Serves the protocol at a Unix socket until the group it belongs to shuts down.
///
/// On graceful shutdown it stops accepting, removes the socket file, answers what is in flight for at most
/// `SocketLimits.shutdownGrace`, cancels the rest, and returns. A handler that does not heed cancellation delays it
/// further.
public struct SocketServer: ServiceLifecycle.Service {
    /// Where to listen.
    public enum Endpoint: Sendable, Hashable {
        /// A socket of our own at this absolute path.
        case path(String)
        /// A listening socket that the service manager opened and looks after (`LISTEN_FDS`).
        case inherited(descriptor: Int32)
    }

    private let endpoint: Endpoint
    private let handler: any RequestHandling
    private let events: EventHub
    private let limits: SocketLimits
    private let logger: Logger
    private let didListen: @Sendable () -> Void

    /// - Parameters:
    ///   - events: what `watch` shows.
    ///   - didListen: called once clients can connect.
    public init(
        endpoint: Endpoint, handler: any RequestHandling, events: EventHub, limits: SocketLimits = SocketLimits(),
        logger: Logger, didListen: @escaping @Sendable () -> Void = {}
    ) {
        self.endpoint = endpoint
        self.handler = handler
        self.events = events
        self.limits = limits
        self.logger = logger
        self.didListen = didListen
    }

    /// - Throws: `SocketError` where it cannot listen or cannot accept any more.
    public func run() async throws {
        switch endpoint {
        case .path(let path):
            // The file is removed when accepting has ended, the lock released when the last connection has.
            let listener = try SocketListener(path: path)
            try await serve(listener.descriptor, at: path) { listener.removeFile() }
            _ = consume listener
        case .inherited(let descriptor):
            let path = SocketListener.path(ofDescriptor: descriptor) ?? "descriptor \(descriptor)"
            try await serve(try SocketListener.adopt(descriptor: descriptor), at: path) {}
        }
    }

    private func serve(
        _ descriptor: Int32, at path: String, whenAcceptingEnded: () -> Void
    ) async throws {
        let accepted = AcceptedChannels()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    accepted.add(try SocketConnection.Channel(wrappingChannelSynchronously: channel))
                }
            }
            .withBoundSocket(descriptor).get()
        server.closeFuture.whenComplete { _ in accepted.close() }
        didListen()
        let connections = SocketConnections()
        let isAsked = Atomic(false)
        var deadline: Task<Void, any Error>?
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await channel in accepted.stream { accept(channel, connections, into: &group) }
                server.close(promise: nil)
                connections.drain()
                whenAcceptingEnded()
                deadline = Task { [grace = limits.shutdownGrace] in
                    try await Task.sleep(for: grace)
                    connections.abort()
                }
            }
        } onCancelOrGracefulShutdown: {
            isAsked.store(true, ordering: .releasing)
            server.close(promise: nil)
        }
        deadline?.cancel()
        guard isAsked.load(ordering: .acquiring) else {
            throw SocketError.systemCall("accept", path: path, reason: "the listening socket was closed")
        }
    }

    private func accept(
        _ channel: SocketConnection.Channel, _ connections: SocketConnections, into group: inout DiscardingTaskGroup
    ) {
        let connection = SocketConnection(
            number: connections.nextNumber(), channel: channel, handler: handler, events: events, limits: limits,
            logger: logger)
        guard connections.add(connection, limit: limits.connections) else {
            logger.warning("too many connections", metadata: ["limit": "\(limits.connections)"])
            let error = RPCError(.busy, "\(limits.connections) clients are connected; close one of them")
            group.addTask { await connection.refuse(error) }
            return
        }
        group.addTask {
            await connection.serve()
            connections.remove(connection)
        }
    }
}

/// The connections being served.
private final class SocketConnections: Sendable {
    private struct State {
        var open: [UInt64: SocketConnection] = [:]
        var lastNumber: UInt64 = 0
    }

    private let state = Mutex(State())

    func nextNumber() -> UInt64 {
        state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    /// - Returns: whether there was room.
    func add(_ connection: SocketConnection, limit: Int) -> Bool {
        state.withLock { state in
            guard state.open.count < limit else { return false }
            state.open[connection.number] = connection
            return true
        }
    }

    func remove(_ connection: SocketConnection) {
        state.withLock { _ = $0.open.removeValue(forKey: connection.number) }
    }

    func drain() {
        for connection in all { connection.drain() }
    }

    func abort() {
        for connection in all { connection.abort() }
    }

    private var all: [SocketConnection] {
        state.withLock { Array($0.open.values) }
    }
}
