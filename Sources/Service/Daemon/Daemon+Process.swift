import DatasetSearch
import Execution
import Files
import Foundation
public import Inbox
public import Logging
import Photos

extension Daemon {
    /// The file of the state folder in which measured speeds of convolutions are kept.
    static let speedsName = "kernel-speeds.json"

    /// One pass over a folder, without watching it and without a socket.
    public static func process(
        _ configuration: DaemonConfiguration, logger: Logger
    ) async throws -> PhotoPipeline.Tally {
        let pipelineConfiguration = try configuration.pipeline()
        let inbox = try prepared(
            configuration.inboxFolder(ProcessInfo.processInfo.environment), mustExist: true)
        let lock = try InboxLock(FilePath(inbox.path), logger: logger)
        defer { withExtendedLifetime(lock) {} }
        let pipeline = PhotoPipeline(
            inbox: FilePath(inbox.path), catalog: Catalog.inMemory(), watcher: nil,
            processor: try await inboxProcessor(configuration, algorithms: .standard, logger: logger),
            configuration: pipelineConfiguration, logger: logger)
        return try await pipeline.processOnce()
    }

    /// What photos are done with where there are no clients: the inbox's networks and no others.
    ///
    /// - Throws: `ModelStoreError` where no network reads photos.
    static func inboxProcessor(
        _ configuration: DaemonConfiguration, algorithms: AlgorithmChoice, logger: Logger
    ) async throws -> InboxProcessor {
        DecodeLimits.current = try configuration.decodeLimits()
        PlanMemory.shared.limit = try configuration.planMemory()
        let trial = try ModelTrial()
        let models = try await ModelStore(
            directories: configuration.modelFolders(ProcessInfo.processInfo.environment),
            roots: configuration.roots ?? [], threads: configuration.threads, algorithms: algorithms,
            logger: logger
        ).tried(onlyInbox: true, logger: logger) { model, isForInbox in
            try await trial.run(model, isForInbox: isForInbox, readsUnits: false)
        }
        guard let model = models.photoModel else { throw ModelStoreError.noPhotoModel(models.notices) }
        for notice in models.choices { logger.warning("\(notice)") }
        MemoryKeeper.expectPhotos()
        return InboxProcessor(
            model, of: models, configuration,
            composer: Composer(
                overlay: Overlay(font: try Font()), plainSaliency: configuration.plainSaliency ?? false),
            metrics: Metrics(), index: nil, logger: logger)
    }
}

extension InboxProcessor {
    /// As the configuration says.
    init(
        _ model: LoadedModel, of models: ModelStore, _ configuration: DaemonConfiguration, composer: Composer,
        metrics: Metrics, index: UnitIndex?, logger: Logger
    ) {
        self.init(
            composer: composer, model: model, segmenter: models.segmenter, verdictNetworks: models.verdictNetworks,
            judge: models.judge?.everything, metrics: metrics,
            hidesWindows: configuration.occlusion ?? false,
            index: index, logger: logger)
    }
}
