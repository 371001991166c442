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
        /// Photos about which the disk is being asked, each with whether an event was the reason (or else its wait was
        /// over). A share that hangs answers late or never, and the loop turns all the same.
        private var lookedAt: [FilePath: Bool] = [:]
        /// Those of them to which something happened meanwhile.
        private var touchedMeanwhile: Set<FilePath> = []
        /// Settled, but not in the catalog yet.
        private var ready: [SettledPhoto] = []
        private var vanished: [FilePath] = []
        private var inFlight: Set<FilePath> = []
        private var isAdmitting = false
        /// Photos of a daemon that died about which is not decided yet.
        private var recovering: Int
        private var isForgetting = false
        private var reconsiders = false
        private var suspectInHand: FilePath?
        /// When a suspect last had its turn, where others are always waiting.
        private var lastSuspect = Instant.now
        private var isScanning = false
        private var scanAll = true
        private var foldersToScan: Set<FilePath> = []
        private var nextScan: Instant
        /// When a waiting photo may be tried again.
        private var nextRetry: Instant?
        /// The catalog failed; it is left alone until then.
        private var pausedUntil: Instant?
        private var statusIsStale = true
        private var statusToldAt: Instant?
        private var hasWork = true

        init(of pipeline: PhotoPipeline, _ mode: Mode, recovering: Int) {
            self.pipeline = pipeline
            self.mode = mode
            self.recovering = recovering
            wakeups = pipeline.mailbox.wakeups.makeAsyncIterator()
            settling = SettlingQueue(
                quietTime: pipeline.configuration.quietTime, emptyPatience: pipeline.configuration.emptyPatience,
                unfinishedPatience: pipeline.configuration.unfinishedPatience)
            nextScan = .now.advanced(by: pipeline.configuration.rescanInterval)
        }

        mutating func run(_ group: inout Group) async throws {
            while true {
                let news = pipeline.mailbox.take()
                if let fatal = news.fatal { throw fatal }
                note(news)
                if news.isStopping { return }
                look(at: news.touched, &group)
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

        /// Waits for what is in hand, as long as the configuration allows.
        mutating func finish() async {
            let deadline = Instant.now.advanced(by: pipeline.configuration.stoppingPatience)
            while true {
                note(pipeline.mailbox.take())
                let isBusy = isScanning || isAdmitting || isForgetting || !inFlight.isEmpty || recovering > 0
                guard isBusy, .now < deadline else { return }
                feedWatchdog()
                setTimer(deadline)
                guard await wakeups.next() != nil else { return }
            }
        }

        // MARK: Listening

        private mutating func note(_ news: PipelineMailbox.News) {
            for path in news.finished {
                inFlight.remove(path)
                if suspectInHand == path { suspectInHand = nil }
            }
            if news.networksChanged { reconsiders = true }
            if news.admissionEnded { isAdmitting = false }
            recovering -= news.recovered
            for look in news.looks { note(look) }
            if news.scanEnded { isScanning = false }
            if news.forgettingEnded { isForgetting = false }
            if news.scanAll { scanAll = true }
            foldersToScan.formUnion(news.folders)
            if !news.finished.isEmpty || news.admissionEnded || news.scanEnded || news.recovered > 0 {
                statusIsStale = true
            }
        }

        /// Asks the disk about photos that something happened to, and about those whose wait may be over.
        private mutating func look(at touched: Set<FilePath>, _ group: inout Group) {
            touchedMeanwhile.formUnion(touched.filter { lookedAt[$0] != nil })
            var paths = touched.filter { lookedAt[$0] == nil }
            for path in paths { lookedAt[path] = true }
            for path in settling.due(at: .now) where lookedAt[path] == nil {
                lookedAt[path] = false
                paths.insert(path)
            }
            guard !paths.isEmpty else { return }
            for path in paths { settling.startLooking(at: path) }
            let ends = lookedAt
            group.addTask { [pipeline, paths = Array(paths)] in
                let answers = await FileStatus.regularFiles(at: paths)
                var looks: [PipelineMailbox.News.Look] = []
                for (path, answer) in zip(paths, answers) {
                    // Of a photo that was just written to, the end is of no interest yet.
                    var isWhole = true
                    if ends[path] == false, case .success(_?) = answer {
                        isWhole = (try? await FileWork.run(on: path) { PhotoEnding.isWhole(path) }) ?? true
                    }
                    looks.append(PipelineMailbox.News.Look(path: path, answer: answer, isWhole: isWhole))
                }
                pipeline.mailbox.post { $0.looks += looks }
            }
        }

        private mutating func note(_ look: PipelineMailbox.News.Look) {
            let (path, now) = (look.path, Instant.now)
            let wasTouched = lookedAt.removeValue(forKey: path) ?? false
            if touchedMeanwhile.remove(path) != nil { pipeline.mailbox.post { $0.touched.insert(path) } }
            switch look.answer {
            case .success(let identity?):
                if wasTouched {
                    settling.touch(path, identity, at: now)
                } else if settling.observe(path, identity, isWhole: look.isWhole, at: now) {
                    ready.append(SettledPhoto(path: path, identity: identity))
                }
            case .success(nil):
                _ = settling.observe(path, nil, at: now)
                vanished.append(path)
            case .failure(let error):
                pipeline.logger.warning("a photo cannot be looked at", metadata: ["reason": "\(error)"])
                _ = settling.observe(path, nil, at: now)  // the next scan finds it again
            }
        }

        // MARK: Acting

        private mutating func act(_ group: inout Group) async throws(CatalogError) {
            let pipeline = pipeline
            if !isForgetting, !vanished.isEmpty {
                let batch = vanished
                vanished = []
                isForgetting = true
                group.addTask { await pipeline.forget(batch) }
            }
            if !isAdmitting, !ready.isEmpty {
                let batch = ready
                ready = []
                isAdmitting = true
                group.addTask { await pipeline.admitSettled(batch) }
            }
            startScan(&group)
            if reconsiders {
                try await pipeline.reconsiderFailed()
                reconsiders = false
            }
            hasWork = pipeline.processor.acceptsPhotos
            // One instant for all questions, or a retry that falls due between them would be asked about by none.
            let now = Date()
            while hasWork, inFlight.count < pipeline.configuration.width {
                guard let record = try await next(at: now) else {
                    hasWork = false
                    break
                }
                inFlight.insert(record.path)
                if record.isSuspect { suspectInHand = record.path }
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

        /// Claims the photo whose turn it is. Suspects come after all others, also those that a scan is still finding, and
        /// one at a time; where others never cease to wait, now and then all the same.
        private mutating func next(at now: Date) async throws(CatalogError) -> PhotoRecord? {
            let isOverdue = lastSuspect.duration(to: .now) > pipeline.configuration.suspectPatience
            for suspect in isOverdue ? [true, false] : [false, true] {
                let othersMayCome = !inFlight.isEmpty || isScanning || isAdmitting || !ready.isEmpty
                if suspect, suspectInHand != nil || (othersMayCome && !isOverdue) { continue }
                if suspect { lastSuspect = .now }
                if let record = try await pipeline.catalog.claimNext(excluding: inFlight, suspect: suspect, at: now) {
                    return record
                }
            }
            return nil
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

        /// The watchdog is fed while the loop turns and all that is being computed, for whomever, shows signs of
        /// progress: a network that hangs starves it, a file that does not answer does not.
        private func feedWatchdog() {
            guard let notifier = pipeline.notifier, let interval = notifier.watchdogInterval else { return }
            if pipeline.stalled() < interval { notifier.watchdog() }
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
                && lookedAt.isEmpty && vanished.isEmpty && !isForgetting && inFlight.isEmpty && recovering == 0
                && !hasWork
                && pausedUntil == nil
        }

        private mutating func sleep() async throws {
            var deadlines = [settling.nextCheck, nextRetry, pausedUntil]
            // The end of a running scan wakes the loop by itself.
            if mode == .service, !isScanning { deadlines.append(nextScan) }
            if let interval = pipeline.notifier?.watchdogInterval { deadlines.append(.now.advanced(by: interval / 4)) }
            if pipeline.notifier != nil, statusIsStale { deadlines.append(.now.advanced(by: .seconds(1))) }
            setTimer(deadlines.compactMap { $0 }.min())
            guard await wakeups.next() != nil else { throw CancellationError() }
        }

        private mutating func setTimer(_ deadline: Instant?) {
            timer?.cancel()
            timer = deadline.map { [mailbox = pipeline.mailbox] deadline in
                Task {
                    try? await Task.sleep(until: deadline, clock: .continuous)
                    if !Task.isCancelled { mailbox.ring() }
                }
            }
        }
    }
}
