import Files
import Foundation
import Glibc
package import Inbox
package import Logging

/// Does suspects: photos over which the daemon may have died. Each goes to a process of its own, the same program, with
/// limits on its memory and its time; what ends that process ends nothing else.
///
/// Only there a photo can be blamed: the process has its networks in memory and has taken a photo of nothing through them
/// before, and from then on does this photo alone. A process that was ended from outside proves nothing, and neither does
/// one that does not get so far. The process stays for further suspects for a few seconds, because loading networks takes
/// longer than a photo.
package actor IsolatedProcessor {
    package struct Limits: Sendable {
        /// For loading networks and trying them.
        package var start = Duration.seconds(300)
        /// For one photo; the watchdog's time.
        package var photo = Duration.seconds(180)
        /// For how long a process without a photo stays.
        package var idle = Duration.seconds(5)

        package init() {}
    }

    private let executable: String
    private let arguments: @Sendable () async -> [String]
    private let limits: Limits
    private let logger: Logger
    private var spare: ChildProcess?
    private var farewell: Task<Void, Never>?

    /// - Parameters:
    ///   - executable: this program.
    ///   - arguments: that make it the process for one photo after the other; asked for at each start.
    package init(
        executable: String, arguments: @escaping @Sendable () async -> [String], limits: Limits = Limits(),
        logger: Logger
    ) {
        self.executable = executable
        self.arguments = arguments
        self.limits = limits
        self.logger = logger
    }

    deinit {
        if let spare { IsolatedProcessor.end(spare) }
    }

    /// - Throws: `PhotoFailure`, permanent with the code `stops-daemon` where the photo ended the process.
    package func process(_ photo: QueuedPhoto) async throws -> PhotoResult {
        farewell?.cancel()
        let kept = spare
        spare = nil
        let child: ChildProcess
        if let kept { child = kept } else { child = try await started() }
        logger.notice("a photo is done in a process of its own", metadata: ["photo": "\(photo.path)"])
        let order = IsolatedOrder(path: Data(photo.path.bytes))
        let outcome = await exchange(with: child, patience: limits.photo) { try child.channel.send(order) }
        switch outcome {
        case .answer(let answer):
            keep(child)
            return try answer.result()
        case .ended(let end):
            try Task.checkCancellation()
            throw IsolatedProcessor.verdict(on: end)
        case .timedOut:
            throw PhotoFailure.permanent(
                code: "stops-daemon",
                message: "a process of its own was not done with this photo after \(limits.photo / .seconds(1)) seconds"
                    + IsolatedProcessor.advice)
        }
    }

    /// What the end of a process says about the photo that it had in hand.
    static func verdict(on end: ChildProcess.End) -> PhotoFailure {
        switch end {
        case .exit(let code):
            return .transient(message: "the process for one photo ended with exit code \(code)")
        case .signal(let signal):
            guard let name = faults[signal] else {
                return .transient(message: "the process for one photo was ended from outside (signal \(signal))")
            }
            return .permanent(
                code: "stops-daemon", message: "a process of its own ended with \(name) over this photo" + advice)
        }
    }

    /// The signals by which a program ends through its own doing. SIGKILL is none: the limit on time comes as SIGXCPU,
    /// memory beyond the limit is refused and ends in a trap.
    private static let faults = [
        SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGILL: "SIGILL", SIGSEGV: "SIGSEGV",
        SIGTRAP: "SIGTRAP", SIGSYS: "SIGSYS", SIGXCPU: "SIGXCPU (its limit of computing time)",
    ]
    private static let advice =
        "; it is tried again by another version or other networks, when it changes, and by 'interpretctl redo'"

    // MARK: The process

    private enum Outcome: Sendable {
        case answer(IsolatedAnswer)
        case ended(ChildProcess.End)
        case timedOut
    }

    /// A process that is ready for a photo.
    private func started() async throws -> ChildProcess {
        let child: ChildProcess
        do {
            child = try ChildProcess(executable, await arguments())
        } catch {
            throw PhotoFailure.transient(message: "the process for one photo cannot be started: \(error)")
        }
        switch await exchange(with: child, patience: limits.start, {}) {
        case .answer(.ready): return child
        case .answer:
            IsolatedProcessor.end(child)
            throw PhotoFailure.transient(message: "the process for one photo spoke out of turn")
        case .ended(let end):
            try Task.checkCancellation()
            // Nothing has been asked of it yet, so nothing is the photo's fault.
            throw PhotoFailure.transient(message: "the process for one photo did not start: \(end)")
        case .timedOut:
            throw PhotoFailure.transient(message: "the process for one photo did not start in time")
        }
    }

    /// Says something and waits for the answer, on a thread that may wait. Unless there is an answer the process has
    /// ended, and is ended where the task is cancelled.
    private func exchange(
        with child: ChildProcess, patience: Duration, _ say: @escaping @Sendable () throws -> Void
    ) async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let thread = Thread {
                    do {
                        try say()
                        let answer = try child.channel.receive(
                            IsolatedAnswer.self, until: .now.advanced(by: patience))
                        continuation.resume(returning: .answer(answer))
                    } catch {
                        let hasTime = error as? FrameChannel.Failure != .timedOut
                        child.kill()
                        let end = child.wait()
                        continuation.resume(returning: hasTime ? .ended(end) : .timedOut)
                    }
                }
                thread.name = "one photo"
                thread.start()
            }
        } onCancel: {
            child.kill()
        }
    }

    private func keep(_ child: ChildProcess) {
        spare = child
        farewell = Task { [weak self, limits] in
            try? await Task.sleep(for: limits.idle)
            if !Task.isCancelled { await self?.dismiss() }
        }
    }

    /// Ends the process that waits for a further photo: its networks may be old ones.
    func dismiss() {
        guard let child = spare else { return }
        spare = nil
        IsolatedProcessor.end(child)
    }

    private static func end(_ child: ChildProcess) {
        child.kill()
        Thread { _ = child.wait() }.start()
    }
}
