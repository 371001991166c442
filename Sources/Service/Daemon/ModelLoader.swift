import Execution
import Files
import Foundation
import Inbox
import Logging
import Photos
import ServiceLifecycle
import WireProtocol

/// Loads the networks, at start and whenever it is asked for while the daemon runs.
actor ModelLoader {
    private let composer: Composer
    private let metrics: Metrics
    private let indexes: UnitIndexes
    private let table: AlgorithmTable
    private let trial: ModelTrial
    /// On whose disk weights are kept as their files have them.
    private let weights: URL
    private let notifier: SystemdNotifier
    private let logger: Logger
    /// Networks are loaded for so many threads; others are loaded anew.
    private var threads: Int?
    private var isReloading = false
    /// So long a reload waits for those who are at work with networks that were replaced before. A photo takes less.
    private static let patience = Duration.seconds(10)
    private let environment = ProcessInfo.processInfo.environment

    init(
        composer: Composer, metrics: Metrics, indexes: UnitIndexes, table: AlgorithmTable, weights: URL,
        notifier: SystemdNotifier, logger: Logger
    ) throws {
        self.composer = composer
        self.metrics = metrics
        self.indexes = indexes
        self.table = table
        self.weights = weights
        self.notifier = notifier
        self.logger = logger
        trial = try ModelTrial()
    }

    /// All networks, as the configuration says.
    func load(_ configuration: DaemonConfiguration) async throws -> LiveModels.InUse {
        threads = configuration.threads
        let directories = try configuration.modelFolders(environment)
        // Before the networks are read: what changes meanwhile is seen at the next time.
        let folders = try await folderStates(in: directories)
        let store = try await ModelStore(
            directories: directories, roots: configuration.roots ?? [], threads: threads,
            algorithms: .measured(table), weights: weights, logger: logger
        ).tried(logger: logger) { [trial, notifier] model, isForInbox in
            // The first start measures the convolutions of each network, and there may be many.
            notifier.starting("trying model \(model.name)")
            try await trial.run(model, isForInbox: isForInbox, readsUnits: !model.indexedLayers.isEmpty)
        }
        for notice in store.choices { logger.warning("\(notice)") }
        MemoryKeeper.expectPhotos()
        MemoryKeeper.returnFreeMemory()
        return LiveModels.InUse(
            store: store, processor: try await processor(for: store, configuration), folders: folders)
    }

    /// Loads what is new or has changed beside what is in use, takes a photo through it, and exchanges the networks between
    /// two photos. Where a new network is bad the old one of its name stays.
    ///
    /// - Throws: `RPCError` with `busy` where that is being done already; `ModelStoreError`, `DaemonError`.
    func reload(_ configuration: DaemonConfiguration, _ live: LiveModels) async throws -> ReloadResult {
        guard !isReloading else { throw RPCError(.busy, "the networks are being read at this moment; ask again later") }
        isReloading = true
        defer { isReloading = false }
        let old = live.current
        let directories = try configuration.modelFolders(environment)
        var folders = try await folderStates(in: directories)
        let changed = Set(folders.keys).subtracting(unchangedNames(folders, old, configuration))
        if live.areManyReplaced(of: changed) {
            try await waitForReplaced(of: changed, live)
            folders = try await folderStates(in: directories)
        }
        let unchanged = unchangedNames(folders, old, configuration)
        let loaded = try await offThePool { [table, weights, logger] in
            try old.store.reloaded(
                from: directories, roots: configuration.roots ?? [], unchanged: unchanged,
                threads: configuration.threads, algorithms: .measured(table), weights: weights, logger: logger)
        }
        let inboxModels = Set(old.store.inboxModels.map(\.name))
        let tried = await loaded.tried(logger: logger) { [trial] model, isForInbox in
            if unchanged.contains(model.name), !isForInbox || inboxModels.contains(model.name) { return }
            try await trial.run(model, isForInbox: isForInbox, readsUnits: !model.indexedLayers.isEmpty)
        }
        MemoryKeeper.returnFreeMemory()
        let store = tried.keepingOld(of: old.store)
        threads = configuration.threads
        live.exchange(
            for: LiveModels.InUse(
                store: store, processor: try await processor(for: store, configuration), folders: folders))
        let result = ReloadResult(
            models: store.models.map(\.name), inboxModel: store.photoModel?.name,
            loaded: tried.models.map(\.name).filter { !unchanged.contains($0) },
            removed: old.store.models.map(\.name).filter { store.model(named: $0) == nil },
            refused: store.refused.map(\.name), notices: store.notices)
        logger.notice(
            "the networks were read again",
            metadata: [
                "loaded": "\(result.loaded.joined(separator: ", "))",
                "removed": "\(result.removed.joined(separator: ", "))", "inbox": "\(result.inboxModel ?? "none")",
            ])
        return result
    }

    /// The networks whose folders are as they were when they were loaded.
    private func unchangedNames(
        _ folders: [String: FolderState], _ old: LiveModels.InUse, _ configuration: DaemonConfiguration
    ) -> Set<String> {
        guard configuration.threads == threads else { return [] }
        return Set(
            old.store.models.map(\.name).filter { name in
                folders[name] != nil && folders[name] == old.folders[name]
                    && !old.store.refused.contains { $0.name == name }
            })
    }

    /// Waits until few enough of the networks that were replaced before are still asked for something.
    ///
    /// - Throws: `RPCError` with `busy` where that takes longer than ``patience``; `CancellationError`, at the daemon's stop as
    ///   well.
    private func waitForReplaced(of names: Set<String>, _ live: LiveModels) async throws {
        let end = ContinuousClock.now + Self.patience
        try await cancelWhenGracefulShutdown {
            while live.areManyReplaced(of: names) {
                guard ContinuousClock.now < end else {
                    throw RPCError(
                        .busy,
                        "requests are still at work with \(LiveModels.mostReplaced) networks that were replaced before, and a "
                            + "further one would take too much memory; nothing was read again. Ask again when they are done"
                    )
                }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func processor(
        for models: ModelStore, _ configuration: DaemonConfiguration
    ) async throws -> any PhotoProcessing {
        guard let model = models.photoModel else { return WaitingProcessor() }
        return InboxProcessor(
            model, of: models, configuration, composer: composer, metrics: metrics,
            index: model.indexedLayers.isEmpty ? nil : try await indexes.index(of: model), logger: logger)
    }

    private func folderStates(in directories: [URL]) async throws -> [String: FolderState] {
        try await FileWork.run(on: FilePath(directories[0].path)) { try ModelStore.folderStates(in: directories) }
    }

    /// Runs what takes seconds where it keeps nobody else from a thread.
    private func offThePool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
