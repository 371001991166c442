import Dispatch
import Foundation
import Synchronization

/// The one door to the disk: what reads, writes or looks at files runs here, on threads that may wait.
///
/// Swift's cooperative pool has one thread a core, and a network share that is down answers a call never. So that such a
/// share stops nobody else:
/// - An access that has not got on for its `patience` fails with `ETIMEDOUT`. Its thread stays with the file, for a call
///   that hangs cannot be taken back, and another takes its place.
/// - While an access to a path hangs, further ones to that path fail at once; so do all on a file system where
///   `Limits.hangingOnOneFileSystem` hang.
/// - When `Limits.hanging` threads hang, the door is shut: every access fails at once with `EBUSY`, until one of them
///   comes back. What has waited for its turn twice as long as its patience fails so too.
///
/// A pool of a fixed size, as NIO's, would lose a thread for good to each file that hangs, and fall silent with the last.
package final class FileWork: Sendable {
    /// How many threads there may be.
    package struct Limits: Sendable {
        /// Accesses that get on at a time; the others wait their turn.
        package var threads = 64
        /// Threads beyond those that may hang.
        package var hanging = 192
        package var hangingOnOneFileSystem = 4
        /// How often the accesses are looked at.
        package var checkInterval = Duration.milliseconds(250)

        package init() {}
    }

    /// How long reading and looking may stand still: as long as the socket's requests may take when the daemon is to
    /// end, so that no file delays that.
    package static let patience = Duration.seconds(10)
    /// How long writing may: flushing a file takes a busy disk its time.
    package static let writingPatience = Duration.seconds(30)

    private static let shared = FileWork()
    @TaskLocal private static var current: FileAccess?

    private struct State {
        var waiting: [FileAccess] = []
        var running: [UInt64: FileAccess] = [:]
        var hanging: [UInt64: (path: FilePath, mountPoint: FilePath)] = [:]
        /// Threads that do not hang.
        var threads = 0
        /// What each of those among them waits at that has no work and was not called yet. The last to fall idle is called
        /// first, so that threads beyond what is needed end, and their stacks with them.
        var idle: [DispatchSemaphore] = []
        var isWatched = false
    }

    private let limits: Limits
    private let state = Mutex(State())
    private let lastNumber = Atomic<UInt64>(0)

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Calls `work`, which is about the file or folder at `path`, on a thread that may wait.
    ///
    /// Where the task is cancelled before `work` begins, it never does. Where it has begun, its end is waited for.
    ///
    /// - Parameter patience: how long it may go without ``noteProgress()``.
    /// - Throws: what `work` throws; `FileError` with `ETIMEDOUT` or `EBUSY`; `CancellationError`.
    package static func run<Value: Sendable>(
        on path: FilePath, patience: Duration = FileWork.patience, _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await shared.run(on: path, patience: patience, work)
    }

    /// Says, from within `work`, that the disk has answered.
    package static func noteProgress() { current?.noteProgress() }

    /// As the static function, with threads of its own.
    package func run<Value: Sendable>(
        on path: FilePath, patience: Duration = FileWork.patience, _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let number = lastNumber.add(1, ordering: .relaxed).newValue
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer = FileAnswer(continuation)
                let access = FileAccess(
                    number: number, path: path, patience: patience, work: { answer.give(Result { try work() }) },
                    fail: { answer.give(.failure($0)) })
                submit(access)
                // The handler may have come before the submission.
                if Task.isCancelled { drop(number) }
            }
        } onCancel: {
            drop(number)
        }
    }

    // MARK: Coming in

    private func submit(_ access: FileAccess) {
        let somethingHangs = state.withLock { !$0.hanging.isEmpty }
        let mountPoint = somethingHangs ? MountTable.mountPoint(of: access.path) : nil
        enum Outcome { case refused(FileError), queued(startsThread: Bool, startsWatch: Bool) }
        let outcome = state.withLock { state -> Outcome in
            if let refusal = refusal(of: access, on: mountPoint, state) { return .refused(refusal) }
            state.waiting.append(access)
            let startsWatch = !state.isWatched
            state.isWatched = true
            if let called = state.idle.popLast() {
                called.signal()
                return .queued(startsThread: false, startsWatch: startsWatch)
            }
            let startsThread = state.threads < limits.threads
            if startsThread { state.threads += 1 }
            return .queued(startsThread: startsThread, startsWatch: startsWatch)
        }
        switch outcome {
        case .refused(let error): access.fail(error)
        case .queued(let startsThread, let startsWatch):
            if startsThread { startThread() }
            if startsWatch { Task { await watch() } }
        }
    }

    private func refusal(of access: FileAccess, on mountPoint: FilePath?, _ state: State) -> FileError? {
        if state.hanging.values.contains(where: { $0.path == access.path }) { return access.timeOut }
        let onTheSame = state.hanging.values.count { $0.mountPoint == mountPoint }
        if onTheSame >= limits.hangingOnOneFileSystem { return access.timeOut }
        guard state.hanging.count >= limits.hanging else { return nil }
        return FileError(
            "reach", access.path, errorNumber: EBUSY,
            reason: "\(limits.hanging) accesses to disks or network shares that do not answer are waiting already; "
                + "see to these first")
    }

    private func drop(_ number: UInt64) {
        let dropped = state.withLock { state -> FileAccess? in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else { return nil }
            return state.waiting.remove(at: index)
        }
        dropped?.fail(CancellationError())
    }

    // MARK: Threads

    private func startThread() {
        let thread = Thread { [self] in
            let call = DispatchSemaphore(value: 0)
            var finished: FileAccess?
            while let access = next(after: finished, calledBy: call) {
                FileWork.$current.withValue(access) { access.work() }
                finished = access
            }
        }
        thread.name = "files"
        thread.start()
    }

    /// The next access for a thread; nil where the thread is to end.
    private func next(after finished: FileAccess?, calledBy call: DispatchSemaphore) -> FileAccess? {
        let mayStay = state.withLock { state -> Bool in
            guard let finished, state.running.removeValue(forKey: finished.number) == nil else { return true }
            // It was given up, and its thread replaced where that was needed.
            state.hanging[finished.number] = nil
            guard state.threads < limits.threads else { return false }
            state.threads += 1
            return true
        }
        guard mayStay else { return nil }
        while true {
            let access = state.withLock { state -> FileAccess? in
                guard !state.waiting.isEmpty else {
                    state.idle.append(call)
                    return nil
                }
                let access = state.waiting.removeFirst()
                access.noteProgress()
                state.running[access.number] = access
                return access
            }
            if let access { return access }
            guard call.wait(timeout: .now() + .seconds(10)) == .timedOut else { continue }
            let mayEnd = state.withLock { state in
                guard let index = state.idle.firstIndex(where: { $0 === call }) else { return false }
                state.idle.remove(at: index)
                state.threads -= 1
                return true
            }
            if mayEnd { return nil }
            // It was called meanwhile.
            call.wait()
        }
    }

    // MARK: What stands still

    /// Looks after the accesses until there are none.
    private func watch() async {
        while true {
            // Cannot be cancelled: the task is nobody's child.
            try? await Task.sleep(for: limits.checkInterval)
            let overdue = state.withLock { state -> [FileAccess]? in
                if state.waiting.isEmpty, state.running.isEmpty {
                    state.isWatched = false
                    return nil
                }
                // Who waits for a turn sees those ahead given up first, and then gets one.
                let running = state.running.values.filter { $0.hasStoodStill(times: 1) }
                return running + state.waiting.filter { $0.hasStoodStill(times: 2) }
            }
            guard let overdue else { return }
            for access in overdue { giveUp(access, on: MountTable.mountPoint(of: access.path)) }
        }
    }

    private func giveUp(_ access: FileAccess, on mountPoint: FilePath) {
        let (error, startsThread) = state.withLock { state -> (FileError?, Bool) in
            if let index = state.waiting.firstIndex(where: { $0.number == access.number }) {
                state.waiting.remove(at: index)
                let error = FileError(
                    "reach", access.path, errorNumber: EBUSY,
                    reason: "\(limits.threads) other accesses wait for slow disks or network shares; try again later")
                return (error, false)
            }
            guard state.running.removeValue(forKey: access.number) != nil else { return (nil, false) }
            state.hanging[access.number] = (access.path, mountPoint)
            let isReplaced = !state.waiting.isEmpty
            if !isReplaced { state.threads -= 1 }
            return (access.timeOut, isReplaced)
        }
        if startsThread { startThread() }
        if let error { access.fail(error) }
    }
}

/// One access: what to do, who waits for the answer, and when the disk last gave a sign.
private final class FileAccess: Sendable {
    let number: UInt64
    let path: FilePath
    let work: @Sendable () -> Void
    let fail: @Sendable (any Error) -> Void
    private let patience: Duration
    private let progressedAt = Mutex(ContinuousClock.now)

    init(
        number: UInt64, path: FilePath, patience: Duration, work: @escaping @Sendable () -> Void,
        fail: @escaping @Sendable (any Error) -> Void
    ) {
        self.number = number
        self.path = path
        self.patience = patience
        self.work = work
        self.fail = fail
    }

    func noteProgress() { progressedAt.withLock { $0 = .now } }

    /// Whether nothing has happened for so many times the patience.
    func hasStoodStill(times: Int) -> Bool { progressedAt.withLock { $0.duration(to: .now) > patience * times } }

    var timeOut: FileError { FileError("reach", path, errorNumber: ETIMEDOUT) }
}

/// Someone who waits for an answer and gets the first that comes.
private final class FileAnswer<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value, any Error>?>

    init(_ continuation: CheckedContinuation<Value, any Error>) {
        self.continuation = Mutex(continuation)
    }

    func give(_ result: Result<Value, any Error>) {
        let waiting = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        waiting?.resume(with: result)
    }
}
