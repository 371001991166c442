import Digests
import Execution
import Files
import Foundation
public import Inbox
public import Logging
import Photos
import ServiceLifecycle
import Socket
import UnixSignals
import WireProtocol

/// The parts of the daemon, put together.
public struct Daemon: Sendable {
    private let pipeline: PhotoPipeline
    private let server: SocketServer
    private let notifier: SystemdNotifier
    private let logger: Logger

    /// Loads the models and opens the catalog. What can go wrong with a configuration goes wrong here.
    public init(_ configuration: DaemonConfiguration, logger: Logger) async throws {
        let environment = ProcessInfo.processInfo.environment
        notifier = SystemdNotifier()
        let pipelineConfiguration = try configuration.pipeline()
        DecodeLimits.current = try configuration.decodeLimits()
        let inbox = try Daemon.prepared(configuration.inboxFolder)
        let state = try Daemon.prepared(configuration.stateFolder(environment))
        let trial = try ModelTrial()
        let models = try await ModelStore(
            directory: configuration.modelsFolder(), threads: configuration.threads,
            algorithms: .measured(
                AlgorithmTable(file: state.appending(path: "kernel-speeds.json")) { logger.notice("\($0)") }),
            logger: logger
        ).tried(logger: logger) { [notifier] model, isForInbox in
            // The first start measures the convolutions of each network, and there may be many.
            notifier.starting("trying model \(model.name)")
            try await trial.run(model, isForInbox: isForInbox, readsUnits: !model.indexedLayers.isEmpty)
        }
        for notice in models.choices { logger.warning("\(notice)") }
        let catalog = try Catalog(at: state.appending(path: Daemon.catalogName(for: inbox)).path, logger: logger)
        let inherited = try SystemdNotifier.inheritedSockets().first
        let socket = inherited.flatMap(SocketListener.path(ofDescriptor:)) ?? configuration.socketPath(environment)
        let plainSaliency = configuration.plainSaliency ?? false
        let composer = Composer(overlay: Overlay(font: try Font()), plainSaliency: plainSaliency)
        let hidesWindows = configuration.occlusion ?? false
        let metrics = Metrics()
        let events = EventHub()
        let indexes = UnitIndexes(folder: state, inbox: inbox, logger: logger)
        var processor: any PhotoProcessing = WaitingProcessor()
        if let model = models.photoModel {
            processor = InboxProcessor(
                composer: composer, model: model, segmenter: models.segmenter, animalModel: models.animalModel,
                metrics: metrics,
                hidesWindows: hidesWindows,
                index: model.indexedLayers.isEmpty ? nil : try await indexes.index(of: model), logger: logger)
        }
        let standard = models.photoModel?.name

        self.logger = logger
        pipeline = PhotoPipeline(
            inbox: FilePath(inbox.path), catalog: catalog, watcher: InotifyFolderWatcher(folder: FilePath(inbox.path)),
            processor: processor, configuration: pipelineConfiguration,
            notifier: notifier, stalled: { models.stalled }, logger: logger,
            observer: { events.publish(Event($0, model: standard)) })
        let requests = DaemonRequests(
            models: models, catalog: catalog, metrics: metrics, composer: composer, indexes: indexes, inbox: inbox.path,
            socket: socket, unread: { [pipeline] in pipeline.unreadFiles })
        server = SocketServer(
            endpoint: inherited.map { .inherited(descriptor: $0) } ?? .path(socket), handler: requests.handler(),
            events: events,
            logger: logger,
            didListen: { [notifier] in
                logger.info(
                    "ready",
                    metadata: ["inbox": "\(inbox.path)", "socket": "\(socket)", "model": "\(standard ?? "none")"])
                notifier.ready()
            })
    }

    /// Serves until SIGTERM or SIGINT: the photos in hand are finished, the others wait for the next start.
    public func run() async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    ServiceGroupConfiguration.ServiceConfiguration(service: FarewellService(notifier: notifier)),
                    ServiceGroupConfiguration.ServiceConfiguration(service: server),
                    ServiceGroupConfiguration.ServiceConfiguration(service: pipeline),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        logger.info("stopped", metadata: ["photos": "\(pipeline.tally.done)"])
    }

    /// One pass over a folder, without watching it and without a socket.
    public static func process(
        _ configuration: DaemonConfiguration, logger: Logger
    ) async throws -> PhotoPipeline.Tally {
        let pipelineConfiguration = try configuration.pipeline()
        DecodeLimits.current = try configuration.decodeLimits()
        let inbox = try prepared(configuration.inboxFolder, mustExist: true)
        let trial = try ModelTrial()
        let models = try await ModelStore(
            directory: configuration.modelsFolder(), threads: configuration.threads, logger: logger
        ).tried(onlyInbox: true, logger: logger) { model, isForInbox in
            try await trial.run(model, isForInbox: isForInbox, readsUnits: false)
        }
        guard let model = models.photoModel else { throw ModelStoreError.noPhotoModel(models.notices) }
        for notice in models.choices { logger.warning("\(notice)") }
        let pipeline = PhotoPipeline(
            inbox: FilePath(inbox.path), catalog: Catalog.inMemory(), watcher: nil,
            processor: InboxProcessor(
                composer: Composer(
                    overlay: Overlay(font: try Font()), plainSaliency: configuration.plainSaliency ?? false),
                model: model, segmenter: models.segmenter,
                animalModel: models.animalModel, metrics: Metrics(), hidesWindows: configuration.occlusion ?? false,
                index: nil, logger: logger),
            configuration: pipelineConfiguration, logger: logger)
        return try await pipeline.processOnce()
    }

    /// One catalog an inbox, so that daemons for several inboxes can share a state folder.
    private static func catalogName(for inbox: URL) -> String {
        "catalog-\(SHA256.hexDigest(of: Data(inbox.path.utf8)).prefix(12)).sqlite"
    }

    /// The folder's real path, made where it is missing.
    private static func prepared(_ folder: URL, mustExist: Bool = false) throws(DaemonError) -> URL {
        if !mustExist { try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
        guard let real = realpath(folder.path, nil) else { throw .folder(folder.path, errorNumber: errno) }
        defer { free(real) }
        let path = String(cString: real)
        var status = stat()
        guard stat(path, &status) == 0 else { throw .folder(folder.path, errorNumber: errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .folder(folder.path, errorNumber: ENOTDIR) }
        guard access(path, R_OK | X_OK) == 0 else { throw .folder(folder.path, errorNumber: errno) }
        return URL(filePath: path, directoryHint: .isDirectory)
    }

    /// Whether `error` is about how the daemon was started, so that starting it again the same way cannot help.
    public static func isConfigurationError(_ error: any Error) -> Bool {
        switch error {
        case let error as DaemonError: error.isLasting
        case is ModelStoreError, is SocketActivationError: true
        case let error as SocketError:
            switch error {
            case .pathNotAbsolute, .pathTooLong, .notASocket, .notAListeningSocket: true
            case .alreadyServed, .systemCall: false
            }
        default: false
        }
    }
}

extension Event {
    /// What watchers are told of a photo.
    init(_ event: PhotoEvent, model: String?) {
        switch event {
        case .queued(let path):
            self.init(.photoQueued, path: path.string)
        case .done(let path, let summary):
            self.init(
                .photoDone, path: path.string, model: summary.model ?? model, label: summary.label,
                probability: summary.probability, boxes: summary.boxCount, warning: summary.warning)
        case .failed(let path, _, let message):
            self.init(.photoFailed, path: path.string, error: message)
        }
    }
}

/// Tells systemd that the daemon is ending as soon as it is asked to.
private struct FarewellService: ServiceLifecycle.Service {
    let notifier: SystemdNotifier

    func run() async throws {
        try await gracefulShutdown()
        notifier.stopping()
    }
}
