package import Foundation
public import Logging
public import ServiceLifecycle

/// Copies the catalog once a day.
public struct CatalogBackups: ServiceLifecycle.Service {
    /// Seconds.
    static let interval: TimeInterval = 86_400
    private static let checkInterval = Duration.seconds(600)

    private let catalog: Catalog
    private let logger: Logger

    public init(of catalog: Catalog, logger: Logger) {
        self.catalog = catalog
        self.logger = logger
    }

    /// Whether a copy is due. One from the future was made before the clock was set back, and says nothing.
    package static func isDue(last: Date?, at now: Date) -> Bool {
        guard let last, last <= now else { return true }
        return now.timeIntervalSince(last) >= interval
    }

    /// Works until a graceful shutdown.
    ///
    /// - Throws: `CatalogError.corrupt` where the catalog is found to be damaged; starting again heals it.
    public func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                while true {
                    try await backUpIfDue()
                    try await Task.sleep(for: CatalogBackups.checkInterval)
                }
            }
        } catch is CancellationError {}
    }

    private func backUpIfDue() async throws(CatalogError) {
        do {
            guard CatalogBackups.isDue(last: try await catalog.condition().lastBackup, at: Date()) else { return }
            try await catalog.backUp()
            logger.info("the catalog was backed up")
        } catch {
            if case .corrupt = error { throw error }
            if !Task.isCancelled {
                logger.warning("the catalog could not be backed up", metadata: ["reason": "\(error)"])
            }
        }
    }
}
