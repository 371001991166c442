import CDNN
import Foundation

/// How many threads the kernels that are made and run by the calling thread use from now on.
func setThreadCount(_ count: Int) { cdnn_set_thread_count(Int32(clamping: count)) }

/// How many threads the kernels of a session are made for and run on. Only the session's thread may
/// use it.
final class KernelThreads {
    let count: Int
    private var current: Int

    /// - Parameter count: the processor's cores where nil.
    init(_ count: Int?) {
        self.count = count ?? ProcessInfo.processInfo.activeProcessorCount
        current = self.count
    }

    /// Makes and runs kernels on `count` threads within `body`.
    func limited<R, E: Error>(to count: Int, _ body: () throws(E) -> R) throws(E) -> R {
        let before = current
        set(count)
        defer { set(before) }
        return try body()
    }

    private func set(_ count: Int) {
        current = count
        setThreadCount(count)
    }
}
