import Execution
import Inbox
import Logging
import Photos
import ServiceLifecycle
import UnixSignals
import WireProtocol

/// Reads the configuration and the networks again, at SIGHUP and when a client asks for it.
struct Reloading: ServiceLifecycle.Service {
    /// What the daemon was started with.
    let started: DaemonConfiguration
    /// Reads the same files and flags again.
    let read: @Sendable () async throws -> DaemonConfiguration
    let loader: ModelLoader
    let live: LiveModels
    let isolated: IsolatedProcessor
    let access: AccessControl
    let pipeline: PhotoPipeline
    let bulletin: Bulletin
    let logger: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            do {
                for notice in try await reloadInTurn().notices { logger.warning("\(notice)") }
            } catch is CancellationError {
                // The daemon stops.
            } catch {
                logger.error("nothing was read again; all stays as it is", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// After what a client has asked for, which may have read what has changed since, and when those are done who are at work
    /// with networks replaced before: nobody is there to send the signal again.
    private func reloadInTurn() async throws -> ReloadResult {
        defer { bulletin.waitingReload = nil }
        while true {
            do {
                return try await reload()
            } catch let error as RPCError where error.code == .busy {
                if bulletin.waitingReload == nil {
                    logger.notice("the signal to read again waits", metadata: ["reason": "\(error.message)"])
                }
                bulletin.waitingReload = error.message
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: .milliseconds(200)) }
            }
        }
    }

    /// - Throws: what is wrong with the configuration or the folder of models; all stays as it is then.
    func reload() async throws -> ReloadResult {
        let configuration = try await read()
        let limits = try configuration.decodeLimits()
        let planMemory = try configuration.planMemory()
        let groups = try configuration.accessGroups()
        var result = try await loader.reload(configuration, live)
        DecodeLimits.current = limits
        PlanMemory.shared.limit = planMemory
        access.exchange(for: groups)
        await isolated.dismiss()
        pipeline.wake(networksChanged: true)
        let fixed = configuration.settingsOfTheStart(unlike: started)
        if !fixed.isEmpty {
            result.notices.append(
                "changed settings that take effect only at the next start: \(fixed.joined(separator: ", "))")
        }
        return result
    }
}

extension DaemonConfiguration {
    /// The names of settings that hold from start to end, as far as they differ.
    func settingsOfTheStart(unlike other: DaemonConfiguration) -> [String] {
        [
            ("inbox", inbox != other.inbox), ("socket", socket != other.socket), ("state", state != other.state),
            ("settle", settle != other.settle), ("keepSidecars", keepSidecars != other.keepSidecars),
            ("plainSaliency", plainSaliency != other.plainSaliency), ("verbose", verbose != other.verbose),
            ("overwrite", overwrite != other.overwrite), ("retention", retention != other.retention),
            ("roots", roots != other.roots),
        ].filter(\.1).map(\.0)
    }
}
