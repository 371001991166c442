import Foundation

/// Memory for plans of which one runs at a time. Only what is touched counts: the system gives pages as they are
/// written to.
final class SharedArena {
    let base: UnsafeMutableRawPointer
    let capacity: Int

    init(capacity: Int) throws(ExecutionError) {
        let mapped = mmap(
            nil, max(capacity, 1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let mapped, mapped != MAP_FAILED else { throw .outOfMemory(bytes: capacity) }
        base = mapped
        self.capacity = capacity
    }

    deinit { munmap(base, max(capacity, 1)) }
}
