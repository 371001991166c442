import Files
import Foundation
import Logging

extension PhotoPipeline {
    /// The loop: takes the news, starts what can be started, and sleeps until there is more or something is due.
    struct Conductor {
        typealias Instant = ContinuousClock.Instant
        typealias Group = ThrowingDiscardingTaskGroup<any Error>

        private let pipeline: PhotoPipeline
        private let mode: Mode
        private var wakeups: AsyncStream<Void>.Iterator
        private var timer: Task<Void, Never>?

        private var settling: SettlingQueue
        /// Settled, but not in the catalog yet.
        private var ready: [Catalog.SettledPhoto] = []
        private var vanished: [FilePath] = []
        private var inFlight: Set<FilePath> = []
        private var isAdmitting = false
        private var isScanning = false
        private var scanAll = true
        private var foldersToScan: Set<FilePath> = []
        private var nextScan: Instant
        /// When a waiting photo may be tried again.
        private var nextRetry: Instant?
        /// The catalog failed; it is left alone until then.
        private var pausedUntil: Instant?
        /// Last time a photo came or went while work was in hand.
        private var progressedAt: Instant
        private var statusIsStale = true
        private var statusToldAt: Instant?
        private var hasWork = true

        init(of pipeline: PhotoPipeline, _ mode: Mode) {
            self.pipeline = pipeline
            self.mode = mode
            wakeups = pipeline.mailbox.wakeups.makeAsyncIterator()
            settling = SettlingQueue(
                quietTime: pipeline.configuration.quietTime, emptyPatience: pipeline.configuration.emptyPatience)
            progressedAt = .now
            nextScan = .now.advanced(by: pipeline.configuration.rescanInterval)
        }

        mutating func run(_ group: inout Group) async throws {
            while true {
                let news = pipeline.mailbox.take()
                if let fatal = news.fatal { throw fatal }
                note(news)
                if news.isStopping { return }
                await look(at: news.touched)
                do throws(CatalogError) {
                    if pausedUntil.map({ $0 <= .now }) ?? true {
                        pausedUntil = nil
                        try await act(&group)
                        try await tellStatus()
                    }
                } catch {
                    if case .corrupt = error { throw error }
                    pipeline.logger.error("the catalog failed; trying again", metadata: ["reason": "\(error)"])
                    pausedUntil = .now.advanced(by: .seconds(5))
                }
                feedWatchdog()
                if mode == .onePass, isAtRest { return }
                try await sleep()
            }
        }

        func stopTimer() { timer?.cancel() }

        // MARK: Listening

        private mutating func note(_ news: PipelineMailbox.News) {
            for path in news.finished { inFlight.remove(path) }
            if !news.finished.isEmpty { progressedAt = .now }
            if news.admissionEnded { isAdmitting = false }
            if news.scanEnded { isScanning = false }
            if news.scanAll { scanAll = true }
            foldersToScan.formUnion(news.folders)
            if !news.finished.isEmpty || news.admissionEnded || news.scanEnded { statusIsStale = true }
        }

        /// Asks the disk about photos that something happened to, and about those whose wait may be over.
        private mutating func look(at touched: Set<FilePath>) async {
            let due = settling.due(at: .now).filter { !touched.contains($0) }
            guard !touched.isEmpty || !due.isEmpty else { return }
            let paths = Array(touched) + due
            let answers = await FileStatus.regularFiles(at: paths)
            let now = Instant.now
            for (path, answer) in zip(paths, answers) {
                do {
                    let identity = try answer.get()
                    if let identity, touched.contains(path) {
                        settling.touch(path, identity, at: now)
                    } else if settling.observe(path, identity, at: now), let identity {
                        ready.append(Catalog.SettledPhoto(path: path, identity: identity))
                    } else if identity == nil {
                        vanished.append(path)
                    }
                } catch {
                    pipeline.logger.warning("a photo cannot be looked at", metadata: ["reason": "\(error)"])
                    _ = settling.observe(path, nil, at: now)  // the next scan finds it again
                }
            }
        }

        // MARK: Acting

        private mutating func act(_ group: inout Group) async throws(CatalogError) {
            let pipeline = pipeline
            while let path = vanished.last {
                try await pipeline.forget(path)
                vanished.removeLast()
            }
            if !isAdmitting, !ready.isEmpty {
                let batch = ready
                ready = []
                isAdmitting = true
                group.addTask { await pipeline.admitSettled(batch) }
            }
            startScan(&group)
            hasWork = true
            // One instant for both questions, or a retry that falls due between them would be asked about by neither.
            let now = Date()
            while inFlight.count < pipeline.configuration.width {
                guard let record = try await pipeline.catalog.claimNext(excluding: inFlight, at: now) else {
                    hasWork = false
                    break
                }
                if inFlight.isEmpty { progressedAt = .now }
                inFlight.insert(record.path)
                statusIsStale = true
                group.addTask {
                    await pipeline.work(on: record)
                    pipeline.mailbox.post { $0.finished.append(record.path) }
                }
            }
            nextRetry = try await pipeline.catalog.nextRetry(after: now).map {
                .now.advanced(by: .seconds(max(0.01, $0.timeIntervalSince(now))))
            }
        }

        private mutating func startScan(_ group: inout Group) {
            let pipeline = pipeline
            if mode == .service, nextScan <= .now { scanAll = true }
            guard !isScanning, scanAll || !foldersToScan.isEmpty else { return }
            isScanning = true
            if scanAll {
                scanAll = false
                foldersToScan = []
                nextScan = .now.advanced(by: pipeline.configuration.rescanInterval)
                group.addTask { await pipeline.scanInbox() }
            } else {
                let folders = foldersToScan
                foldersToScan = []
                group.addTask { await pipeline.scan(folders) }
            }
        }

        // MARK: Telling

        /// The watchdog is fed while the loop turns and the photos in hand get on; a network that hangs starves it.
        private func feedWatchdog() {
            guard let notifier = pipeline.notifier, let interval = notifier.watchdogInterval else { return }
            if inFlight.isEmpty || progressedAt.duration(to: .now) < interval { notifier.watchdog() }
        }

        private mutating func tellStatus() async throws(CatalogError) {
            guard let notifier = pipeline.notifier, statusIsStale else { return }
            if let statusToldAt, statusToldAt.duration(to: .now) < .seconds(1) { return }
            let counts = try await pipeline.catalog.counts()
            notifier.status(
                "\(counts.pending) waiting, \(counts.working) in work, \(counts.done) done, \(counts.failed) failed")
            statusIsStale = false
            statusToldAt = .now
        }

        // MARK: Resting

        private var isAtRest: Bool {
            !isScanning && !scanAll && foldersToScan.isEmpty && !isAdmitting && ready.isEmpty && settling.isEmpty
                && vanished.isEmpty && inFlight.isEmpty && !hasWork && pausedUntil == nil
        }

        private mutating func sleep() async throws {
            var deadlines = [settling.nextCheck, nextRetry, pausedUntil]
            if mode == .service { deadlines.append(nextScan) }
            if let interval = pipeline.notifier?.watchdogInterval { deadlines.append(.now.advanced(by: interval / 4)) }
            if pipeline.notifier != nil, statusIsStale { deadlines.append(.now.advanced(by: .seconds(1))) }
            timer?.cancel()
            timer = deadlines.compactMap { $0 }.min().map { [mailbox = pipeline.mailbox] deadline in
                Task {
                    try? await Task.sleep(until: deadline, clock: .continuous)
                    if !Task.isCancelled { mailbox.ring() }
                }
            }
            guard await wakeups.next() != nil else { throw CancellationError() }
        }
    }
}
