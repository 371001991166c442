import Synchronization
public import WireProtocol

/// Passes what happens in the daemon on to whoever watches.
///
/// Publishing never waits: a watcher that does not keep up loses its oldest events and is told how many.
public final class EventHub: Sendable {
    private struct State {
        var watchers: [UInt64: AsyncStream<NumberedEvent>.Continuation] = [:]
        var nextKey: UInt64 = 0
        /// Events so far.
        var published = 0
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// - Parameter capacity: events kept for each watcher.
    public init(capacity: Int = 256) {
        self.capacity = max(1, capacity)
    }

    public func publish(_ event: Event) {
        // Within the lock, so that everyone gets the events in the order of their numbers.
        state.withLock { state in
            for watcher in state.watchers.values { watcher.yield(NumberedEvent(number: state.published, event: event)) }
            state.published += 1
        }
    }

    /// All events from now on. End it with `cancel()`, or by cancelling the task that reads it.
    public func subscribe() -> EventSubscription {
        let (events, continuation) = AsyncStream.makeStream(
            of: NumberedEvent.self, bufferingPolicy: .bufferingNewest(capacity))
        let (key, published) = state.withLock { state in
            defer { state.nextKey += 1 }
            state.watchers[state.nextKey] = continuation
            return (state.nextKey, state.published)
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.watchers.removeValue(forKey: key) }
        }
        return EventSubscription(events, from: published) { continuation.finish() }
    }
}

/// An event and how many the hub had published before it; a gap in the numbers tells what was lost.
struct NumberedEvent: Sendable {
    let number: Int
    let event: Event
}

/// One watcher's events, read by one task.
public final class EventSubscription: AsyncSequence, Sendable {
    private struct State {
        /// The number of the event that comes next where none is lost.
        var expected: Int
        var isCancelled = false
    }

    private let events: AsyncStream<NumberedEvent>
    private let finish: @Sendable () -> Void
    private let state: Mutex<State>

    init(_ events: AsyncStream<NumberedEvent>, from number: Int, finish: @escaping @Sendable () -> Void) {
        self.events = events
        self.finish = finish
        state = Mutex(State(expected: number))
    }

    /// Ends the sequence; what is waiting to be read is dropped.
    public func cancel() {
        state.withLock { $0.isCancelled = true }
        finish()
    }

    private func next() async -> Event? {
        // Iterators of one stream share its buffer.
        var iterator = events.makeAsyncIterator()
        guard let next = await iterator.next() else { return nil }
        return state.withLock { state in
            guard !state.isCancelled else { return nil }
            var event = next.event
            if next.number > state.expected { event.dropped = next.number - state.expected }
            state.expected = next.number + 1
            return event
        }
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let subscription: EventSubscription

        public func next() async -> Event? { await subscription.next() }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(subscription: self) }
}
