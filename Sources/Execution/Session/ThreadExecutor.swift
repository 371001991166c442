import Foundation

/// Runs an actor's jobs one after the other on a thread of its own, which ends with the executor; as a task's preferred
/// executor also what that task runs outside of any actor.
///
/// oneDNN's OpenMP team belongs to the thread that starts it, and a forward pass blocks its thread: neither belongs
/// into Swift's cooperative pool.
package final class ThreadExecutor: SerialExecutor, TaskExecutor {
    private let queue = Queue()

    /// - Parameters:
    ///   - name: of the thread.
    ///   - prepare: called on the thread before the first job.
    package init(name: String, prepare: @escaping @Sendable () -> Void = {}) {
        // The thread knows the queue alone, so it does not keep the executor alive.
        let thread = Thread { [queue] in
            Thread.current.name = name
            prepare()
            queue.drain()
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    package func enqueue(_ job: consuming ExecutorJob) { queue.add(UnownedJob(job), for: self) }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    deinit { queue.stop() }

    private final class Queue: @unchecked Sendable {
        private let condition = NSCondition()
        // Guarded by the condition. A job keeps its executor alive until it has run.
        private var jobs: [(job: UnownedJob, executor: ThreadExecutor)] = []
        private var isStopped = false

        func add(_ job: UnownedJob, for executor: ThreadExecutor) {
            condition.withLock {
                jobs.append((job, executor))
                condition.signal()
            }
        }

        func stop() {
            condition.withLock {
                isStopped = true
                condition.signal()
            }
        }

        /// Runs jobs until the executor is gone. The last reference to it may go with a job, here, hence never under
        /// the lock.
        func drain() {
            while let (job, executor) = next() {
                // A job does not say which of the two it came for.
                job.runSynchronously(
                    isolatedTo: executor.asUnownedSerialExecutor(), taskExecutor: executor.asUnownedTaskExecutor())
            }
        }

        private func next() -> (job: UnownedJob, executor: ThreadExecutor)? {
            condition.withLock {
                while jobs.isEmpty, !isStopped { condition.wait() }
                return jobs.isEmpty ? nil : jobs.removeFirst()
            }
        }
    }
}
