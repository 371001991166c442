import Execution
import Files
import Foundation
import Glibc
import Inbox
public import Logging

/// The process in which suspects are done: hears of photos at its standard input, which is a socket, and answers there.
/// Ends with whoever started it.
public struct IsolatedWorker: Sendable {
    private let channel = FrameChannel(descriptor: STDIN_FILENO)
    private let configuration: DaemonConfiguration
    private let logger: Logger

    public init(_ configuration: DaemonConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Does one photo after the other until the socket closes.
    ///
    /// - Throws: what keeps it from starting.
    public func run() async throws {
        endWithTheOtherSide()
        // Computed as the daemon computes, or what went wrong there might go well here; but nothing is measured.
        let state = configuration.stateFolder(ProcessInfo.processInfo.environment)
        let table = AlgorithmTable(file: state.appending(path: Daemon.speedsName), measures: false)
        let processor = try await Daemon.inboxProcessor(configuration, algorithms: .measured(table), logger: logger)
        limitResources()
        try await onThread { try channel.send(IsolatedAnswer.ready) }
        while let order = try? await onThread({ try channel.receive(IsolatedOrder.self) }) {
            let answer: IsolatedAnswer
            do {
                let path = FilePath(bytes: Array(order.path))
                let identity = try await FileWork.run(on: path) { try FileStatus(of: path).identity }
                answer = IsolatedAnswer(
                    try await processor.process(
                        QueuedPhoto(
                            path: path, identity: identity, attempt: 1, isSuspect: false,
                            computing: ComputingMark { _ in })))
            } catch {
                answer = IsolatedAnswer(error)
            }
            try await onThread { try channel.send(answer) }
        }
    }

    /// The daemon that was killed has nobody for the answer, and its successor will start another process.
    private func endWithTheOtherSide() {
        Thread {
            var entry = pollfd(fd: STDIN_FILENO, events: Int16(IsolatedWorker.hangsUp), revents: 0)
            while poll(&entry, 1, -1) <= 0 {}
            _exit(0)
        }.start()
    }

    /// `POLLRDHUP`, which Swift does not see.
    private static let hangsUp: CInt = 0x2000
    /// Beyond what a photo may take: what the network, its threads and the pictures need.
    private static let furtherMebibytes = 2048
    private static let secondsOfComputing = 180

    /// From here on the memory may grow by what a photo may take, and the time of all threads together by as much as the
    /// daemon waits.
    private func limitResources() {
        let statistics = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let pages = statistics.split(separator: " ").first.flatMap { UInt($0) } ?? 0
        let used = pages * UInt(sysconf(Int32(_SC_PAGESIZE)))
        // Pixels and progressive coefficients.
        let growth = UInt(2 * (configuration.maxPhotoMemory ?? 768) + IsolatedWorker.furtherMebibytes) << 20
        limit(CInt(RLIMIT_AS.rawValue), used + growth)
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        let cores = ProcessInfo.processInfo.activeProcessorCount
        limit(CInt(RLIMIT_CPU.rawValue), UInt(seconds + cores * IsolatedWorker.secondsOfComputing))
    }

    private func limit(_ resource: CInt, _ value: UInt) {
        var limits = rlimit()
        getrlimit(__rlimit_resource_t(UInt32(resource)), &limits)
        limits.rlim_cur = min(rlim_t(value), limits.rlim_max)
        if setrlimit(__rlimit_resource_t(UInt32(resource)), &limits) != 0 {
            logger.warning(
                "a limit cannot be set",
                metadata: ["resource": "\(resource)", "reason": "\(String(cString: strerror(errno)))"])
        }
    }

    /// Calls what blocks on a thread of its own.
    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result(catching: body)) }.start()
        }
    }
}
