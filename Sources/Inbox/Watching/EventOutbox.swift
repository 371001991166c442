/// Hands events to the stream; where the stream is full it remembers that something was lost.
struct EventOutbox {
    private let continuation: AsyncStream<FolderEvent>.Continuation
    private var hasLost = false

    init(_ continuation: AsyncStream<FolderEvent>.Continuation) { self.continuation = continuation }

    mutating func send(_ event: FolderEvent) {
        confessLoss()
        if case .dropped = continuation.yield(event) { hasLost = true }
    }

    /// Called also when nothing happens, so that a loss at the end of a burst is told too.
    mutating func confessLoss() {
        guard hasLost else { return }
        if case .enqueued = continuation.yield(.rescanNeeded(reason: "events came faster than they were read")) {
            hasLost = false
        }
    }
}
