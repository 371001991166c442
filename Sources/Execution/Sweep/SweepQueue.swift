import Foundation

/// A batch of places of one group.
struct SweepJob: Sendable {
    let groupIndex: Int
    /// How many places the plan that does it takes, at least as many as there are unless memory is short.
    let items: Int
    let places: [WindowSweep.Place]
}

/// Batches to be done, taken from both ends, and what came of those that other threads did.
///
/// Neighbours are of one group, so that threads that come from different ends compile different groups.
final class SweepQueue: @unchecked Sendable {
    struct Result {
        let places: [WindowSweep.Place]
        let targets: [[Float]]
    }

    private let condition = NSCondition()
    private var jobs: ArraySlice<SweepJob>
    private var results: [Result] = []
    private var error: ExecutionError?
    private var running = 0
    private var isPaused = false

    init(_ jobs: [SweepJob]) { self.jobs = jobs[...] }

    /// The next batch from either end; nil where none is left, or while the queue is paused.
    func take(fromEnd: Bool) -> SweepJob? {
        condition.withLock {
            if isPaused { return nil }
            return fromEnd ? jobs.popLast() : jobs.popFirst()
        }
    }

    var hasJobs: Bool { condition.withLock { !jobs.isEmpty } }

    /// Hands out no batches until ``resume()``.
    func pause() { condition.withLock { isPaused = true } }

    func resume() { condition.withLock { isPaused = false } }

    /// Drops what nobody has begun.
    func stop() { condition.withLock { jobs.removeAll() } }

    /// Has `worker` take batches on a thread of its own until none are left.
    func start(_ worker: SweepWorker) {
        condition.withLock { running += 1 }
        let thread = Thread {
            Thread.current.name = "sweep"
            setThreadCount(1)
            while let job = self.take(fromEnd: true) {
                do throws(ExecutionError) {
                    let targets = try worker.run(job)
                    self.condition.withLock { self.results.append(Result(places: job.places, targets: targets)) }
                } catch {
                    self.condition.withLock { self.error = self.error ?? error }
                    self.stop()
                }
            }
            self.condition.withLock {
                self.running -= 1
                self.condition.signal()
            }
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// What other threads have done since this was last asked.
    ///
    /// - Parameter waiting: until they have all ended.
    func finished(waiting: Bool) -> (results: [Result], error: ExecutionError?) {
        condition.lock()
        defer { condition.unlock() }
        while waiting, running > 0 { condition.wait() }
        defer { results = [] }
        return (results, error)
    }
}
