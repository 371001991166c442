/// Says that a photo is being computed, so that it is suspected of the daemon's death only then: not while it waits for
/// its turn on the network, nor for a file.
public struct ComputingMark: Sendable {
    private let note: @Sendable (_ isComputing: Bool) async -> Void

    /// - Parameter note: keeps what it is told where a death of the process does not reach it.
    package init(_ note: @escaping @Sendable (_ isComputing: Bool) async -> Void) {
        self.note = note
    }

    /// Runs `body` with the mark set; on the caller's actor. May be called again when it has returned, not within
    /// `body`.
    public func during<Result, Failure: Error>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        await note(true)
        do {
            let result = try await body()
            await note(false)
            return result
        } catch {
            await note(false)
            throw error
        }
    }
}
