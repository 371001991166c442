import Dispatch
import Glibc
import Logging
import ServiceLifecycle

/// The parts of the daemon, which run side by side and stop at the same time.
///
/// At SIGTERM all hear of it at once: photos and connections that come are left alone, short requests and the photos in
/// hand get some seconds, then what still runs is cancelled. A computation that does not get to the end of its piece
/// (a batch of a large network) is not waited for longer than ``patience``: nothing can be lost by ending it, since all
/// that was finished is on the disk and the rest waits in the catalog.
struct DaemonParts: ServiceLifecycle.Service {
    /// From the wish to stop to the end of the process, whatever it computes.
    static let patience = DispatchTimeInterval.milliseconds(9_500)

    let parts: [any ServiceLifecycle.Service]
    let notifier: SystemdNotifier
    let logger: Logger

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for part in parts { group.addTask { try await part.run() } }
                // Where one fails, the others are cancelled; `waitForAll` would wait for them first.
                for try await _ in group {}
            }
        } onGracefulShutdown: { [notifier, logger] in
            notifier.stopping()
            // Not a task: the threads that run tasks may be what is busy.
            DispatchQueue.global().asyncAfter(deadline: .now() + DaemonParts.patience) {
                logger.warning("something is still being computed; it is left for the next start")
                _exit(0)
            }
        }
    }
}
