import CLinux
import ServiceLifecycle

/// Gives memory that a burst of work has left back to the system, once nothing has been done for a while: what networks keep
/// for later, and what is free within the C library's heap, which would otherwise stay with the process for ever.
struct MemoryKeeper: ServiceLifecycle.Service {
    private static let interval = Duration.seconds(30)
    /// A photo's bitmaps and network inputs are smaller, a large network's weights are not.
    private static let photoPiece: Int32 = 4 << 20

    /// Once the networks are loaded: what works on photos is used again and again, and its memory is kept meanwhile. It
    /// saves a sixth of a second of the kernel's time every ten photos of twelve megapixels.
    static func expectPhotos() { clinux_reuse_pieces(photoPiece) }

    /// What is free within the C library's heap is the system's again: after networks were loaded, which takes much that
    /// is not needed again.
    static func returnFreeMemory() { clinux_give_memory_back() }

    /// Counts the work done so far; where it has not grown, the daemon is idle.
    let work: @Sendable () -> Int
    /// Has networks let go what they keep for later.
    let giveBack: @Sendable () async -> Void

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                var (last, given) = (work(), -1)
                while true {
                    try await Task.sleep(for: MemoryKeeper.interval)
                    let now = work()
                    if now == last, now != given {
                        await giveBack()
                        MemoryKeeper.returnFreeMemory()
                        given = now
                    }
                    last = now
                }
            }
        } catch is CancellationError {}
    }
}
