/// Passes values from one task to another, each when the other wants it, so that nothing piles up between them.
package actor Handover<Value: Sendable> {
    private var offered: (value: Value, taken: CheckedContinuation<Void, any Error>)?
    private var taker: CheckedContinuation<Value?, any Error>?
    private var end: Result<Void, any Error>?

    package init() {}

    /// Waits until the other has taken `value`.
    ///
    /// - Throws: `CancellationError` where the other wants no more.
    package func give(_ value: Value) async throws {
        guard end == nil else { throw CancellationError() }
        if let taker {
            self.taker = nil
            taker.resume(returning: value)
        } else {
            try await withCheckedThrowingContinuation { offered = (value, $0) }
        }
    }

    /// The next value; nil at the end.
    ///
    /// - Throws: what ``finish(_:)`` was told.
    package func take() async throws -> Value? {
        if let offered {
            self.offered = nil
            offered.taken.resume()
            return offered.value
        }
        if let end {
            try end.get()
            return nil
        }
        return try await withCheckedThrowingContinuation { taker = $0 }
    }

    /// There is no more to come, or nobody who takes it. The first word counts.
    package func finish(_ error: (any Error)? = nil) {
        guard end == nil else { return }
        end = error.map { .failure($0) } ?? .success(())
        offered?.taken.resume(throwing: CancellationError())
        offered = nil
        taker?.resume(with: (error.map { .failure($0) } ?? .success(nil)))
        taker = nil
    }
}
