import Synchronization
public import WireProtocol

/// What answers the requests of all connections.
///
/// Called once per request, concurrently. The task is cancelled when the client cancels the request or goes away, and
/// at the end of a shutdown's grace; a handler that takes long checks for that, since the connection waits for it.
public protocol RequestHandling: Sendable {
    /// - Returns: the `result` of the answer.
    /// - Throws: the `error` of the answer.
    func handle(_ request: Request, context: RequestContext) async throws(RPCError) -> JSONText
}

/// What a handler may do beside answering.
public struct RequestContext: Sendable {
    /// The connection's number, for logs.
    public let connection: UInt64
    /// What happens in the daemon.
    public let events: EventHub
    /// Sends files ahead of the answer; nil where the request has no id, and thus nothing to tie them to.
    public let files: FileSender?
    /// What the client has passed of its files; nil where it can pass none.
    public let passed: RequestFiles?
    private let reporter: ProgressReporter?

    init(
        connection: UInt64, events: EventHub, reporter: ProgressReporter?, files: FileSender?, passed: RequestFiles?
    ) {
        self.passed = passed
        self.connection = connection
        self.events = events
        self.reporter = reporter
        self.files = files
    }

    /// Tells the client how far its request is. Never waits, so it may be called in an inner loop: what comes faster
    /// than ten times a second, or than the client reads, is left out.
    ///
    /// - Parameters:
    ///   - fraction: 0…1.
    ///   - message: what is being done, in a few words.
    ///   - map: of the map that is being made, asked for only where the notification is sent.
    public func progress(
        fraction: Double, message: String? = nil, map: () -> PartialMapPayload? = { nil }
    ) {
        reporter?.report(fraction: fraction, message: message, map: map)
    }
}

/// Turns a handler's progress into notifications of one request.
final class ProgressReporter: Sendable {
    private static let interval: Duration = .milliseconds(100)

    let notifications: AsyncStream<ProgressNotification>
    private let continuation: AsyncStream<ProgressNotification>.Continuation
    private let id: RequestID
    private let start = ContinuousClock.now
    private let lastReport = Mutex<ContinuousClock.Instant?>(nil)

    init(id: RequestID) {
        self.id = id
        (notifications, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func report(fraction: Double, message: String?, map: () -> PartialMapPayload? = { nil }) {
        guard fraction.isFinite else { return }
        let now = ContinuousClock.now
        let isDue = lastReport.withLock { last in
            if let last, now - last < ProgressReporter.interval { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let fraction = min(max(fraction, 0), 1)
        let elapsed = (now - start) / .seconds(1)
        // The first moments say little about the pace.
        let secondsLeft = elapsed > 1 && fraction > 0 ? (elapsed * (1 - fraction) / fraction * 10).rounded() / 10 : nil
        continuation.yield(
            ProgressNotification(id: id, fraction: fraction, message: message, secondsLeft: secondsLeft, map: map()))
    }

    /// No notification follows but the one that may be waiting.
    func finish() {
        continuation.finish()
    }
}
