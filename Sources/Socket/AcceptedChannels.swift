import NIOCore
import Synchronization

/// Hands the connections that were accepted from NIO's threads to the server's task, and loses none.
///
/// NIO itself drops a connection that it accepted while the listening socket closes. A dropped `NIOAsyncChannel` ends the
/// process, since nobody has finished its writer. Here each one is either served or closed.
final class AcceptedChannels: Sendable {
    /// The connections, in the order in which they came, until ``close()``; for one reader.
    let stream: AsyncStream<SocketConnection.Channel>
    private let continuation: AsyncStream<SocketConnection.Channel>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    /// Takes a connection over from NIO.
    func add(_ channel: SocketConnection.Channel) {
        if case .enqueued = continuation.yield(channel) { return }
        // Nobody reads any more: the daemon ends.
        Task { try? await channel.executeThenClose { _, _ in } }
    }

    /// There will be no more; those that came are still handed out.
    func close() { continuation.finish() }
}
