import Synchronization

/// What plans compute in: how much they hold, and how much the plans of one session may.
public final class PlanMemory: Sendable {
    /// Of all sessions that are not told otherwise.
    public static let shared = PlanMemory()

    private let bytes = Atomic(0)
    private let bound: Atomic<Int>

    /// - Parameter limit: see ``limit``.
    public init(limit: Int = .max) { bound = Atomic(limit) }

    /// Bytes that the plans of one session may hold together, those it keeps for later included. A plan that is larger by
    /// itself is refused before anything is allocated. Part of the program's configuration, set once at its start.
    public var limit: Int {
        get { bound.load(ordering: .relaxed) }
        set { bound.store(newValue, ordering: .relaxed) }
    }

    /// Bytes that plans hold now, of all sessions.
    public var held: Int { bytes.load(ordering: .relaxed) }

    /// - Throws: `ExecutionError.planTooLarge` where a plan of so many bytes would be.
    func check(_ bytes: Int) throws(ExecutionError) {
        let limit = limit
        guard bytes <= limit else { throw .planTooLarge(bytes: bytes, limit: limit) }
    }

    func add(_ count: Int) { bytes.wrappingAdd(count, ordering: .relaxed) }
}
