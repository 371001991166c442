import Digests
import Execution
import Files
import Foundation
import Inbox
public import Logging
import Photos
import ServiceLifecycle
import Socket
import UnixSignals
import Web
import WireProtocol

/// The parts of the daemon, put together.
public struct Daemon: Sendable {
    private let pipeline: PhotoPipeline
    private let parts: DaemonParts
    private let lock: InboxLock
    private let logger: Logger

    /// Loads the models and opens the catalog. What can go wrong with a configuration goes wrong here.
    ///
    /// - Parameter rereading: reads the configuration again, when that is asked for.
    public init(
        _ configuration: DaemonConfiguration, rereading: @escaping @Sendable () async throws -> DaemonConfiguration,
        logger: Logger
    ) async throws {
        let environment = ProcessInfo.processInfo.environment
        let notifier = SystemdNotifier()
        let pipelineConfiguration = try configuration.pipeline()
        DecodeLimits.current = try configuration.decodeLimits()
        PlanMemory.shared.limit = try configuration.planMemory()
        let inbox = try Daemon.inbox(configuration, environment)
        let lock = try InboxLock(FilePath(inbox.path), logger: logger)
        let access = AccessControl(try configuration.accessGroups())
        let state = try Daemon.prepared(configuration.stateFolder(environment))
        // What people send with the evidence page is explained from where it lies.
        let permitted = PermittedFolders(
            folders: try configuration.permittedFolders(inbox).folders
                + (configuration.web == nil ? [] : [WebServer.spool(in: FilePath(state.path))]))
        let composer = Composer(
            overlay: Overlay(font: try Font()), plainSaliency: configuration.plainSaliency ?? false)
        let metrics = Metrics()
        let events = EventHub()
        let use = SocketUse()
        let indexes = UnitIndexes(folder: state, inbox: inbox, logger: logger)
        let loader = try ModelLoader(
            composer: composer, metrics: metrics, indexes: indexes,
            table: AlgorithmTable(file: state.appending(path: Daemon.speedsName), isHasty: true) {
                logger.notice("\($0)")
            }, weights: state,
            notifier: notifier, logger: logger)
        let live = LiveModels(try await loader.load(configuration))
        let catalog = try Catalog(at: state.appending(path: Daemon.catalogName(for: inbox)).path, logger: logger)
        let inherited = try SystemdNotifier.inheritedSockets().first
        let socket = inherited.flatMap(SocketListener.path(ofDescriptor:)) ?? configuration.socketPath(environment)
        let program = try await Program.current()
        let isolated = IsolatedProcessor(
            executable: program.path,
            arguments: { ((try? await rereading()) ?? configuration).isolatedArguments(state: state.path) },
            logger: logger)

        self.logger = logger
        self.lock = lock
        pipeline = PhotoPipeline(
            inbox: FilePath(inbox.path), catalog: catalog, watcher: InotifyFolderWatcher(folder: FilePath(inbox.path)),
            processor: LiveProcessor(live: live, isolated: isolated, program: program.version),
            configuration: pipelineConfiguration, notifier: notifier, stalled: { live.store.stalled }, logger: logger,
            observer: { events.publish(Event($0, model: live.store.photoModel?.name)) })
        let bulletin = Bulletin()
        let reloading = Reloading(
            started: configuration, read: rereading, loader: loader, live: live, isolated: isolated, access: access,
            pipeline: pipeline, bulletin: bulletin, logger: logger)
        let thumbnails = Thumbnails(folder: FilePath(state.path).appending("thumbnails"))
        let requests = DaemonRequests(
            live: live, catalog: catalog, metrics: metrics, composer: composer,
            checks: MethodChecks(state: state.path), indexes: indexes, inbox: inbox.path, permitted: permitted,
            thumbnails: thumbnails, state: state.path, socket: socket, use: use, pipeline: pipeline,
            reloading: reloading, bulletin: bulletin)
        let handler = requests.handler()
        var page: WebServer?
        if let web = configuration.web {
            page = try WebServer(
                address: try WebAddress(web), inbox: FilePath(inbox.path), state: FilePath(state.path), photos: catalog,
                handler: handler, events: events, thumbnails: thumbnails, logger: logger
            ) { bulletin.page = $0 }
        }
        let server = SocketServer(
            endpoint: inherited.map { .inherited(descriptor: $0) } ?? .path(socket), handler: handler,
            events: events, rights: { await access.rights(of: $0) }, use: use, logger: logger,
            didListen: {
                logger.info(
                    "ready",
                    metadata: [
                        "inbox": "\(inbox.path)", "socket": "\(socket)",
                        "model": "\(live.store.photoModel?.name ?? "none")",
                    ])
                notifier.ready()
            })
        parts = DaemonParts(
            parts: [
                server, pipeline, reloading, CatalogBackups(of: catalog, logger: logger),
                MemoryKeeper(work: { metrics.work }, giveBack: { await live.store.giveMemoryBack() }),
            ] + (page.map { [$0] } ?? []), notifier: notifier,
            logger: logger)
    }

    /// Serves until SIGTERM or SIGINT: the photos in hand are finished, the others wait for the next start.
    public func run() async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: parts)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        logger.info("stopped", metadata: ["photos": "\(pipeline.tally.done)"])
    }

    /// One catalog an inbox, so that daemons for several inboxes can share a state folder.
    private static func catalogName(for inbox: URL) -> String {
        "catalog-\(SHA256.hexDigest(of: Data(inbox.path.utf8)).prefix(12)).sqlite"
    }

    /// The inbox's real path. It is made only where that is wanted: a slip in its name, or a disk that is not mounted,
    /// should not end with the daemon watching an empty folder.
    static func inbox(_ configuration: DaemonConfiguration, _ environment: [String: String]) throws(DaemonError) -> URL
    {
        let folder = configuration.inboxFolder(environment)
        do {
            return try prepared(folder, mustExist: configuration.create != true)
        } catch .folder(let path, errorNumber: ENOENT) {
            throw .noInbox(path)
        }
    }

    /// Whether `error` is about how the daemon was started, so that starting it again the same way cannot help.
    public static func isConfigurationError(_ error: any Error) -> Bool {
        switch error {
        case let error as DaemonError: error.isLasting
        case let error as WebError: error.isLasting
        case is ModelStoreError, is SocketActivationError: true
        case let error as SocketError:
            switch error {
            case .pathNotAbsolute, .pathTooLong, .notASocket, .notAListeningSocket: true
            case .alreadyServed, .fileGone, .systemCall: false
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
                probability: summary.probability, boxes: summary.boxCount, verdict: summary.verdict,
                doubtful: summary.isDoubtful, warning: summary.warning)
        case .failed(let path, _, let message):
            self.init(.photoFailed, path: path.string, error: message)
        }
    }
}
