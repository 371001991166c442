public import Files
public import Logging
public import ServiceLifecycle
import Synchronization

/// Finds photos in the inbox, has them interpreted, and writes what comes of it beside them.
///
/// One loop (``Conductor``) decides what happens next; scanning, admitting and processing are its child tasks and send
/// it news. Up to `width` photos are in hand at a time, so that one is decoded or drawn while the network sees another.
public final class PhotoPipeline: ServiceLifecycle.Service {
    public struct Configuration: Sendable {
        /// Photos in hand at a time.
        public var width: Int
        /// How long a photo must stay unchanged before it is read.
        public var quietTime: Duration
        /// How long an empty photo must stay unchanged before it is read.
        public var emptyPatience: Duration
        /// How long a photo whose picture has no end yet must stay unchanged before it is read as it is.
        public var unfinishedPatience: Duration
        /// Whether the sidecars of a photo stay when it is deleted, renamed or moved away.
        public var keepsOrphans: Bool
        /// Whether files of others that have a sidecar's name are replaced.
        public var overwrites: Bool
        /// Seconds for which sidecars are kept; for ever where nil.
        public var retention: Double?
        /// Time between scans of the whole inbox: no event tells what another machine does on a network share.
        public var rescanInterval: Duration
        /// How long the photos in hand may take when the pipeline is to end; what is not done then waits for the next
        /// start.
        public var stoppingPatience: Duration
        /// How long a photo over which the daemon died waits at most for those that have come since; one at a time.
        public var suspectPatience: Duration
        public var retry: RetryPolicy

        public init(
            width: Int = 2, quietTime: Duration = .milliseconds(300), emptyPatience: Duration = .seconds(3),
            unfinishedPatience: Duration = .seconds(10), keepsOrphans: Bool = false,
            overwrites: Bool = false, retention: Double? = nil, rescanInterval: Duration = .seconds(300),
            stoppingPatience: Duration = .seconds(6), suspectPatience: Duration = .seconds(60),
            retry: RetryPolicy = RetryPolicy()
        ) {
            self.width = max(1, width)
            self.quietTime = quietTime
            self.emptyPatience = emptyPatience
            self.unfinishedPatience = max(unfinishedPatience, quietTime)
            self.keepsOrphans = keepsOrphans
            self.overwrites = overwrites
            self.retention = retention
            self.rescanInterval = rescanInterval
            self.stoppingPatience = stoppingPatience
            self.suspectPatience = suspectPatience
            self.retry = retry
        }
    }

    /// What this run has done so far, or one pass in all.
    public struct Tally: Sendable, Hashable {
        /// Photos interpreted and written.
        public var done = 0
        /// Photos set aside because they cannot be read.
        public var failed = 0
        /// Tries that failed for a passing reason.
        public var postponed = 0
        /// Photos whose sidecars proved that they were done.
        public var adopted = 0
        /// Photos that disappeared before or while they were read.
        public var vanished = 0
        /// Folders that a scan could not read.
        public var unreadableFolders = 0

        public init() {}

        /// Whether one pass left nothing undone: what the exit code of `interpretd process` says.
        public var isComplete: Bool { failed == 0 && postponed == 0 && unreadableFolders == 0 }
    }

    enum Mode { case service, onePass }

    let inbox: FilePath
    let catalog: Catalog
    let processor: any PhotoProcessing
    let configuration: Configuration
    let notifier: (any ServiceNotifier)?
    let stalled: @Sendable () -> Duration
    let observer: @Sendable (PhotoEvent) -> Void
    let logger: Logger
    let sidecars = SidecarWriter()
    let mailbox = PipelineMailbox()
    let unread = UnreadFiles()
    /// Whether the whole inbox has been looked through since the start.
    let hasScanned = Atomic(false)
    private let watcher: (any FolderWatcher)?
    private let tallied = Mutex(Tally())
    private let unwatched = Mutex<Set<FilePath>>([])

    /// - Parameters:
    ///   - inbox: an absolute path without symbolic links, so that each photo has one name.
    ///   - watcher: tells what changes in `inbox`; not needed for ``processOnce()``.
    ///   - notifier: is told that the loop turns and what it does.
    ///   - stalled: how long the piece of computing that has been silent longest has shown no sign of progress; zero
    ///     where nothing is computed. Asked often, and must return at once.
    ///   - observer: is told each event, on whatever thread it happens; must return soon.
    public init(
        inbox: FilePath, catalog: Catalog, watcher: (any FolderWatcher)?, processor: any PhotoProcessing,
        configuration: Configuration = Configuration(), notifier: (any ServiceNotifier)? = nil,
        stalled: @escaping @Sendable () -> Duration = { .zero }, logger: Logger,
        observer: @escaping @Sendable (PhotoEvent) -> Void = { _ in }
    ) {
        self.inbox = inbox
        self.catalog = catalog
        self.watcher = watcher
        self.processor = processor
        self.configuration = configuration
        self.notifier = notifier
        self.stalled = stalled
        self.logger = logger
        self.observer = observer
    }

    /// What this run has done so far.
    public var tally: Tally { tallied.withLock { $0 } }

    /// How many files of the inbox are no photos that are read, by kind: `["PNG": 3]`.
    public var unreadFiles: [String: Int] { unread.counts }

    /// Folders that the kernel does not watch for us; they are looked through now and then.
    public var unwatchedFolders: Int { unwatched.withLock { $0.count } }

    func count(_ change: (inout Tally) -> Void) { tallied.withLock { change(&$0) } }

    /// Has the loop look for work: somebody has changed the catalog or the networks.
    ///
    /// - Parameter networksChanged: whether what failed may succeed now.
    public func wake(networksChanged: Bool = false) {
        if networksChanged { mailbox.post { $0.networksChanged = true } } else { mailbox.ring() }
    }

    /// Works until a graceful shutdown, which lets the photos in hand be finished within
    /// ``Configuration/stoppingPatience`` and leaves the others waiting.
    ///
    /// - Throws: `FolderWatcherError` where the inbox cannot be watched, `CatalogError` where the catalog is damaged
    ///   (starting again mends that), `CancellationError` where the task is cancelled.
    public func run() async throws {
        try await withGracefulShutdownHandler {
            try await work(.service)
        } onGracefulShutdown: {
            self.mailbox.post { $0.isStopping = true }
        }
    }

    /// Looks through the inbox once and does what is to be done there, without watching it.
    public func processOnce() async throws -> Tally {
        try await withGracefulShutdownHandler {
            try await work(.onePass)
        } onGracefulShutdown: {
            self.mailbox.post { $0.isStopping = true }
        }
        return tally
    }

    private func work(_ mode: Mode) async throws {
        // Watching comes before the first scan, so that nothing falls between them.
        let events = try await startWatching(mode)
        defer { watcher?.stop() }
        let interrupted = try await catalog.working()
        try await reconsiderFailed()
        try await withThrowingDiscardingTaskGroup { group in
            if let events {
                group.addTask { for await event in events { await self.receive(event) } }
            }
            if let retention = configuration.retention, mode == .service {
                group.addTask { await self.removeExpired(after: retention) }
            }
            for record in interrupted {
                group.addTask {
                    try await self.recover(record)
                    self.mailbox.post { $0.recovered += 1 }
                }
            }
            var conductor = Conductor(of: self, mode, recovering: interrupted.count)
            defer {
                conductor.stopTimer()
                watcher?.stop()
            }
            try await conductor.run(&group)
            await conductor.finish()
            group.cancelAll()
        }
    }

    private func startWatching(_ mode: Mode) async throws(FolderWatcherError) -> AsyncStream<FolderEvent>? {
        guard mode == .service, let watcher else { return nil }
        return try await watcher.start()
    }

    private func receive(_ event: FolderEvent) async {
        switch event {
        case .touched(let path), .removed(let path), .sidecarRemoved(of: let path):
            mailbox.post { $0.touched.insert(path) }
        case .otherFile(let path, isThere: true): noteUnread(path)
        case .otherFile(let path, isThere: false): unread.remove(path)
        case .folderAppeared(let path):
            mailbox.post { $0.folders.insert(path) }
        case .rescanNeeded(let reason):
            unwatched.withLock { $0 = [] }
            logger.notice("the inbox is scanned anew", metadata: ["reason": "\(reason)"])
            mailbox.post { $0.scanAll = true }
            await note([CatalogFigures.overflows: 1])
        case .lookAround:
            mailbox.post { $0.scanAll = true }
        case .inboxLost:
            logger.error("the inbox is gone; waiting for it to come back", metadata: ["inbox": "\(inbox)"])
        case .unwatched(let path, let reason):
            unwatched.withLock { _ = $0.insert(path) }
            logger.warning(
                "a folder cannot be watched; it is looked through every ten seconds",
                metadata: ["folder": "\(path)", "reason": "\(reason)"])
        }
    }
}
