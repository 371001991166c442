import Foundation

/// Runs an actor's jobs one after the other on a thread of its own.
///
/// oneDNN's OpenMP team belongs to the thread that starts it, and a forward pass blocks its thread: neither belongs
/// into Swift's cooperative pool.
final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var isStopped = false

    init(name: String, prepare: @escaping @Sendable () -> Void) {
        let queue = Queue(executor: self)
        let thread = Thread {
            prepare()
            queue.drain()
        }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        condition.lock()
        jobs.append(UnownedJob(job))
        condition.signal()
        condition.unlock()
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    deinit {
        // The thread holds no strong reference; it wakes up and finds its executor gone.
        condition.lock()
        isStopped = true
        condition.signal()
        condition.unlock()
    }

    /// The thread's side, which does not keep the executor alive while it waits.
    private final class Queue: @unchecked Sendable {
        private weak var executor: ThreadExecutor?
        private let condition: NSCondition

        init(executor: ThreadExecutor) {
            self.executor = executor
            condition = executor.condition
        }

        func drain() {
            while true {
                condition.lock()
                while let executor, executor.jobs.isEmpty, !executor.isStopped {
                    withExtendedLifetime(executor) {}
                    _ = condition.wait(until: Date(timeIntervalSinceNow: 1))
                }
                guard let executor, !executor.jobs.isEmpty else {
                    condition.unlock()
                    return
                }
                let job = executor.jobs.removeFirst()
                condition.unlock()
                job.runSynchronously(on: executor.asUnownedSerialExecutor())
            }
        }
    }
}
