import CLinux
import ServiceLifecycle

/// Gives memory that work has left back to the system, which would otherwise stay with the process for ever.
///
/// - What is free within the C library's heap, every half minute in which something was done: pieces of other sizes come
///   between those that were freed, so that the heap of a daemon that is never idle grows to several times what is in use.
/// - What networks keep for later, once nothing was done for half a minute.
package struct MemoryKeeper: ServiceLifecycle.Service {
    /// A photo's bitmaps and network inputs are smaller, a large network's weights are not.
    private static let photoPiece: Int32 = 4 << 20

    /// Once the networks are loaded: what works on photos is used again and again, and its memory is kept meanwhile. It
    /// saves a sixth of a second of the kernel's time every ten photos of twelve megapixels.
    static func expectPhotos() { clinux_reuse_pieces(photoPiece) }

    /// What is free within the C library's heap is the system's again: after networks were loaded, which takes much that
    /// is not needed again, for one.
    package static func returnFreeMemory() { clinux_give_memory_back() }

    private let interval: Duration
    private let work: @Sendable () -> Int
    private let giveBack: @Sendable () async -> Void
    private let trim: @Sendable () -> Void

    /// - Parameters:
    ///   - work: counts the work done so far; where it has not grown, the daemon is idle.
    ///   - giveBack: has networks let go what they keep for later.
    ///   - trim: gives what is free in the heap back to the system.
    package init(
        interval: Duration = .seconds(30), work: @escaping @Sendable () -> Int,
        giveBack: @escaping @Sendable () async -> Void,
        trim: @escaping @Sendable () -> Void = { MemoryKeeper.returnFreeMemory() }
    ) {
        self.interval = interval
        self.work = work
        self.giveBack = giveBack
        self.trim = trim
    }

    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                // At the start much was read and let go.
                var (last, isGiven) = (work(), false)
                while true {
                    try await Task.sleep(for: interval)
                    let now = work()
                    let isIdle = now == last
                    last = now
                    if isIdle, isGiven { continue }
                    if isIdle { await giveBack() }
                    trim()
                    isGiven = isIdle
                }
            }
        } catch is CancellationError {}
    }
}
