import Glibc
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
import Synchronization
public import WireProtocol

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
    private let rights: @Sendable (SocketPeer) async -> Set<Right>
    private let use: SocketUse
    private let logger: Logger
    private let didListen: @Sendable () -> Void

    /// - Parameters:
    ///   - events: what `watch` shows.
    ///   - rights: what a peer may do.
    ///   - use: is told what clients take.
    ///   - didListen: called once clients can connect.
    public init(
        endpoint: Endpoint, handler: any RequestHandling, events: EventHub, limits: SocketLimits = SocketLimits(),
        rights: @escaping @Sendable (SocketPeer) async -> Set<Right> = { _ in Set(Right.allCases) },
        use: SocketUse = SocketUse(), logger: Logger,
        didListen: @escaping @Sendable () -> Void = {}
    ) {
        self.endpoint = endpoint
        self.handler = handler
        self.events = events
        self.limits = limits
        self.rights = rights
        self.use = use
        self.logger = logger
        self.didListen = didListen
    }

    /// - Throws: `SocketError` where it cannot listen or cannot accept any more.
    public func run() async throws {
        switch endpoint {
        case .path(let path):
            // The file is removed when accepting has ended, the lock released when the last connection has.
            let listener = try SocketListener(path: path)
            try await serve(listener.descriptor, at: path, file: listener.file)
            _ = consume listener
        case .inherited(let descriptor):
            let path = SocketListener.path(ofDescriptor: descriptor) ?? "descriptor \(descriptor)"
            try await serve(try SocketListener.adopt(descriptor: descriptor), at: path, file: nil)
        }
    }

    /// - Parameter file: what clients connect by; nil where it is the service manager's.
    private func serve(_ descriptor: Int32, at path: String, file: SocketFile?) async throws {
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
        let connections = SocketConnections(limits: limits)
        let budget = SocketBudget(limit: limits.bytesInFlight)
        let passedBudget = SocketBudget(limit: limits.passedBytesInFlight)
        let files = passedFiles(beside: path)
        defer { files?.end() }
        use.note(connections, requests: budget, passed: passedBudget, files: files)
        didListen()
        let isAsked = Atomic(false)
        var deadline: Task<Void, any Error>?
        // Whether it is gone.
        let looking = file.map { file in
            Task { [interval = limits.fileCheckInterval] in
                repeat {
                    do { try await Task.sleep(for: interval) } catch { return false }
                } while file.isThere
                server.close(promise: nil)
                return true
            }
        }
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await channel in accepted.stream {
                    group.addTask {
                        await serve(channel, connections, budget) { user in
                            RequestFiles(files, of: user, within: passedBudget)
                        }
                    }
                }
                server.close(promise: nil)
                connections.drain()
                looking?.cancel()
                file?.remove()
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
        if isAsked.load(ordering: .acquiring) { return }
        if await looking?.value == true { throw SocketError.fileGone(path) }
        throw SocketError.systemCall("accept", path: path, reason: "the listening socket was closed")
    }

    /// Nil where there can be none; clients send the bytes then.
    private func passedFiles(beside path: String) -> PassedFiles? {
        do throws(SocketError) {
            return try PassedFiles(besides: path)
        } catch {
            logger.notice("clients cannot pass open files and send their bytes", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    private func serve(
        _ channel: SocketConnection.Channel, _ connections: SocketConnections, _ budget: SocketBudget,
        _ files: @escaping @Sendable (uid_t) -> RequestFiles
    ) async {
        let peer = await SocketPeer(of: channel.channel)
        let rights = if let peer { await rights(peer) } else { Set<Right>() }
        let connection = SocketConnection(
            number: connections.nextNumber(), channel: channel, peer: peer, rights: rights, handler: handler,
            events: events, limits: limits, budget: budget, files: files, logger: logger)
        switch connections.add(connection) {
        case .served:
            await connection.serve()
            connections.remove(connection)
        case .full:
            logger.warning("too many connections", metadata: ["limit": "\(limits.connections)"])
            await connection.refuse(
                RPCError(.busy, "\(limits.connections) clients are connected; close one of them"))
        case .closing: await connection.refuse(RPCError(.shuttingDown, "the daemon is shutting down"))
        }
    }
}
