import Foundation

/// Memory that a plan computes in, or several of which one runs at a time. Only what is touched is taken from the system,
/// which gives pages as they are written to; all of it counts as held (``PlanMemory``).
final class Arena {
    let base: UnsafeMutableRawPointer
    /// In bytes.
    let capacity: Int
    private let share: PlanShare

    /// - Throws: `ExecutionError.planTooLarge` and `.memoryInUse` before anything is taken; `.outOfMemory`.
    init(capacity: Int, of share: PlanShare) throws(ExecutionError) {
        try share.memory.take(capacity, for: share)
        let mapped = mmap(
            nil, max(capacity, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let mapped, mapped != MAP_FAILED else {
            share.memory.giveBack(capacity, of: share)
            throw .outOfMemory(bytes: capacity)
        }
        base = mapped
        self.capacity = capacity
        self.share = share
    }

    deinit {
        munmap(base, max(capacity, 1))
        share.memory.giveBack(capacity, of: share)
    }
}
