import Foundation
import NIOCore
import NIOPosix
import WireProtocol

/// A connection to the daemon, used by one task: one request at a time, and notifications as they come.
struct DaemonConnection {
    typealias Channel = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private let channel: any NIOCore.Channel
    private var chunks: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var framing = LineFraming()
    private var lastID: Int64 = 0
    /// The path of the daemon's socket.
    let socket: String
    /// How long the daemon may be silent; nil for ever.
    private let patience: Duration?

    /// Connects to the socket at a path for as long as `body` runs.
    ///
    /// - Throws: `CommandFailure`, with `noDaemon` where nobody listens, and what `body` throws.
    static func with<Value: Sendable>(
        path: String, patience: Duration?, _ body: (inout DaemonConnection) async throws -> Value
    ) async throws -> Value {
        let channel = try await connect(to: path, patience: patience)
        return try await channel.executeThenClose { inbound, _ in
            var connection = DaemonConnection(
                channel: channel.channel, chunks: inbound.makeAsyncIterator(), socket: path, patience: patience)
            return try await body(&connection)
        }
    }

    private init(
        channel: any NIOCore.Channel, chunks: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        socket: String, patience: Duration?
    ) {
        self.socket = socket
        self.channel = channel
        self.chunks = chunks
        self.patience = patience
    }

    /// Waits where more clients connect than the daemon accepts: the system has a queue of them, and says nothing of when
    /// there is a place in it.
    private static func connect(to path: String, patience: Duration?) async throws -> Channel {
        let start = ContinuousClock.now
        while true {
            if let channel = try await connected(to: path) { return channel }
            if let patience, ContinuousClock.now - start >= patience {
                throw CommandFailure(
                    "the daemon at \(path) is there and took no connection for \(Format.count(Int(patience.components.seconds), "second")): it is "
                        + "stopped, hangs, or more clients connect than it can serve; \(adviceOnSilence)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private static let adviceOnSilence =
        "look at 'systemctl status interpretd' and its log, or wait longer with --timeout"

    /// - Returns: nil where no connection is taken just now.
    private static func connected(to path: String) async throws -> Channel? {
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(5))
                .connect(unixDomainSocketPath: path) { channel in
                    channel.eventLoop.makeCompletedFuture { try Channel(wrappingChannelSynchronously: channel) }
                }
        } catch let error as IOError where error.errnoCode == EAGAIN {
            return nil
        } catch let error as IOError where error.errnoCode == EACCES || error.errnoCode == EPERM {
            throw CommandFailure(
                "you may not use the socket \(path); join its group or run as its owner", status: .noDaemon)
        } catch is SocketAddressError {
            throw CommandFailure("the socket's path '\(path)' is too long for the system; choose a shorter one")
        } catch {
            throw CommandFailure(
                "no daemon answers at \(path); start one with 'interpretd serve' or 'systemctl start interpretd', "
                    + "or name its socket with --socket", status: .noDaemon)
        }
    }

    /// Sends one request and waits for its answer; other messages are passed over.
    ///
    /// - Parameter onFile: takes the parts of the result's files; the daemon sends no more than it has taken.
    /// - Throws: `RPCError` where the daemon answers with one, `CommandFailure` where it does not answer, and what
    ///   `onFile` throws.
    mutating func call<Parameters, Output>(
        _ method: RPCMethod<Parameters, Output>, _ parameters: Parameters,
        onProgress: (ProgressNotification) -> Void = { _ in }, onFile: (FilePart) throws -> Void = { _ in }
    ) async throws -> JSONText {
        lastID += 1
        let id = RequestID.integer(lastID)
        let line = try method.request(id: id, parameters).line()
        guard line.count <= WireLimits.lineBytes else {
            throw CommandFailure("the request has \(line.count) bytes and may have \(WireLimits.lineBytes); send less")
        }
        // Where the daemon closes early, what it had to say is in the answer.
        channel.writeAndFlush(ByteBuffer(bytes: line), promise: nil)
        while true {
            switch try await nextMessage() {
            case .reply(let reply) where reply.id == id:
                return try reply.outcome.get()
            case .reply(let reply) where reply.id == .null:
                // About the connection as a whole: no room for one more client, for example.
                return try reply.outcome.get()
            case .notification(let notification) where notification.method == RPCMethods.progressNotification:
                if let progress = try? notification.params.decoded(as: ProgressNotification.self), progress.id == id {
                    onProgress(progress)
                }
            case .notification(let notification) where notification.method == RPCMethods.fileNotification:
                guard let part = try? notification.params.decoded(as: FilePart.self) else {
                    throw CommandFailure("cannot read the daemon's file; compare 'interpretctl version'")
                }
                if part.id == id { try onFile(part) }
            case .reply, .notification:
                continue
            }
        }
    }

    /// The next line the daemon sends.
    ///
    /// - Parameter isPatient: whether silence is no reason to give up.
    mutating func nextMessage(isPatient: Bool = false) async throws -> ServerMessage {
        let timer = isPatient ? nil : patience.map(startTimer)
        defer { timer?.cancel() }
        do {
            while true {
                if let line = try framing.nextLine() { return try ServerMessage(line: line) }
                guard let chunk = try await chunks.next() else { throw ChannelError.eof }
                framing.append(chunk.readableBytesView)
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch let malformed as ServerMessage.Malformed {
            throw CommandFailure("\(malformed); is this the socket of interpretd?", endsConnection: true)
        } catch let error as LineFramingError {
            throw CommandFailure("the daemon's answer is too long: \(error)", endsConnection: true)
        } catch {
            throw CommandFailure(
                "the daemon closed the connection before it answered; see its log for the reason", endsConnection: true)
        }
    }

    private func startTimer(_ patience: Duration) -> Scheduled<Void> {
        let pipeline = channel.pipeline
        return channel.eventLoop.scheduleTask(in: TimeAmount(patience)) {
            pipeline.fireErrorCaught(
                CommandFailure(
                    "the daemon did not answer for \(Format.count(Int(patience.components.seconds), "second")): it is busy, stopped, or hangs; "
                        + DaemonConnection.adviceOnSilence, endsConnection: true))
        }
    }
}
