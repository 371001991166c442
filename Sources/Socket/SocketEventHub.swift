import Synchronization
public import WireProtocol

/// Passes what happens in the daemon on to whoever watches.
///
/// Publishing never waits: a watcher that does not keep up loses its oldest events and is told how many.
public final class EventHub: Sendable {
    private struct State {
        var subscriptions: [UInt64: EventSubscription] = [:]
        var nextKey: UInt64 = 0
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// - Parameter capacity: events kept for each watcher.
    public init(capacity: Int = 256) {
        self.capacity = max(1, capacity)
    }

    public func publish(_ event: Event) {
        let subscriptions = state.withLock { Array($0.subscriptions.values) }
        for subscription in subscriptions { subscription.deliver(event) }
    }

    /// All events from now on. End it with `cancel()`, or by cancelling the task that reads it.
    public func subscribe() -> EventSubscription {
        state.withLock { state in
            let key = state.nextKey
            state.nextKey += 1
            let subscription = EventSubscription(capacity: capacity) { [weak self] in
                _ = self?.state.withLock { $0.subscriptions.removeValue(forKey: key) }
            }
            state.subscriptions[key] = subscription
            return subscription
        }
    }
}

/// One watcher's events, read by one task.
public final class EventSubscription: AsyncSequence, Sendable {
    private struct State {
        var events: [Event] = []
        var dropped = 0
        var reader: CheckedContinuation<Event?, Never>?
        var isCancelled = false

        mutating func takeFirst() -> Event? {
            guard !events.isEmpty else { return nil }
            var event = events.removeFirst()
            if dropped > 0 { event.dropped = dropped }
            dropped = 0
            return event
        }
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let didCancel: @Sendable () -> Void

    init(capacity: Int, didCancel: @escaping @Sendable () -> Void) {
        self.capacity = capacity
        self.didCancel = didCancel
    }

    /// Ends the sequence; what is waiting to be read is dropped.
    public func cancel() {
        let reader = state.withLock { state in
            state.isCancelled = true
            state.events = []
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
        didCancel()
    }

    func deliver(_ event: Event) {
        let reader = state.withLock { state -> CheckedContinuation<Event?, Never>? in
            if let reader = state.reader {
                state.reader = nil
                return reader
            }
            guard !state.isCancelled else { return nil }
            if state.events.count == capacity {
                state.events.removeFirst()
                state.dropped += 1
            }
            state.events.append(event)
            return nil
        }
        reader?.resume(returning: event)
    }

    private func next() async -> Event? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Event?? = state.withLock { state in
                    if state.isCancelled { return .some(nil) }
                    if let event = state.takeFirst() { return .some(event) }
                    state.reader = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            cancel()
        }
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let subscription: EventSubscription

        public func next() async -> Event? { await subscription.next() }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(subscription: self) }
}
