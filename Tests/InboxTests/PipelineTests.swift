import Digests
import Files
import Foundation
import Glibc
import Inbox
import Synchronization
import Testing
import WireProtocol

@Suite("The pipeline", .timeLimit(.minutes(30)))
struct PipelineTests {
    private func pipeline(
        _ inbox: TestFolder, _ catalog: Catalog, _ processor: any PhotoProcessing, watcher: (any FolderWatcher)? = nil,
        notifier: (any ServiceNotifier)? = nil, stalled: @escaping @Sendable () -> Duration = { .zero },
        configuration: PhotoPipeline.Configuration = .quick,
        observer: @escaping @Sendable (PhotoEvent) -> Void = { _ in }
    ) -> PhotoPipeline {
        PhotoPipeline(
            inbox: inbox.path, catalog: catalog, watcher: watcher, processor: processor, configuration: configuration,
            notifier: notifier, stalled: stalled, logger: silentLogger, observer: observer)
    }

    @Test("two hundred photos are each done once, no more at a time than it is wide")
    func twoHundred() async throws {
        let inbox = try TestFolder()
        for index in 0..<100 { try inbox.write("before/\(index % 7)/\(index).jpg", "photo \(index)", age: 60) }
        let catalog = Catalog.inMemory()
        let processor = ScriptedProcessor()
        let watcher = HandWatcher()
        let events = Mutex<[String]>([])
        let pipeline = pipeline(
            inbox, catalog, processor, watcher: watcher,
            observer: { event in events.withLock { $0.append(event.name) } })
        try await withRunningPipeline(pipeline) {
            for index in 100..<200 {
                let path = try inbox.write("after\(index).jpg", "photo \(index)")
                watcher.send(.touched(path))
                if index % 3 == 0 { watcher.send(.touched(path)) }
            }
            #expect(await eventually { try await catalog.counts().done == 200 })
        }
        #expect(processor.callCounts.count == 200)
        #expect(processor.callCounts.allSatisfy { $0 == 1 })
        #expect(processor.mostRunning <= 2)
        #expect(pipeline.tally.done == 200)
        #expect(inbox.exists("after150.jpg.boxes.json"))
        let names = events.withLock { $0 }
        #expect(names.count { $0 == "photo-queued" } == 200)
        #expect(names.count { $0 == "photo-done" } == 200)
    }

    @Test("lost events are made good by a scan, which also finds what is gone")
    func overflow() async throws {
        let inbox = try TestFolder()
        try inbox.write("gone.jpg", age: 60)
        let catalog = Catalog.inMemory()
        let watcher = HandWatcher()
        let pipeline = pipeline(inbox, catalog, ScriptedProcessor(), watcher: watcher)
        try await withRunningPipeline(pipeline) {
            #expect(await eventually { try await catalog.counts().done == 1 })
            try inbox.remove("gone.jpg")
            let unseen = try inbox.write("unseen/a.jpg", age: 60)
            watcher.send(.rescanNeeded(reason: "test"))
            #expect(await eventually { try await catalog.record(of: unseen)?.state == .done })
            #expect(await eventually { try await catalog.record(of: inbox.path("gone.jpg")) == nil })
        }
        #expect(pipeline.tally.vanished == 1)
    }

    @Test("a folder that appears is scanned; a photo that is removed is forgotten")
    func folders() async throws {
        let inbox = try TestFolder()
        let catalog = Catalog.inMemory()
        let watcher = HandWatcher()
        try await withRunningPipeline(pipeline(inbox, catalog, ScriptedProcessor(), watcher: watcher)) {
            let photo = try inbox.write("day/roll/a.jpg")
            watcher.send(.folderAppeared(inbox.path("day")))
            #expect(await eventually { try await catalog.record(of: photo)?.state == .done })
            try inbox.remove("day/roll/a.jpg")
            watcher.send(.removed(photo))
            #expect(await eventually { try await catalog.record(of: photo) == nil })
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: inbox.url("day/roll").path).isEmpty)
    }

    @Test("a photo that changes is done again, one that is only touched by an event is not")
    func changes() async throws {
        let inbox = try TestFolder()
        let photo = try inbox.write("a.jpg", "first", age: 60)
        let catalog = Catalog.inMemory()
        let processor = ScriptedProcessor()
        let watcher = HandWatcher()
        try await withRunningPipeline(pipeline(inbox, catalog, processor, watcher: watcher)) {
            #expect(await eventually { try await catalog.record(of: photo)?.state == .done })
            watcher.send(.touched(photo))
            try await Task.sleep(for: .milliseconds(150))
            #expect(processor.totalCalls == 1)
            try inbox.write("a.jpg", "second version")
            watcher.send(.touched(photo))
            let digest = SHA256.hexDigest(of: Data("second version".utf8))
            #expect(await eventually { try await catalog.record(of: photo)?.summary?.sha256 == digest })
        }
        #expect(processor.totalCalls == 2)
    }

    @Test("a photo is not read while it is being written")
    func settles() async throws {
        let inbox = try TestFolder()
        let catalog = Catalog.inMemory()
        let processor = ScriptedProcessor()
        let watcher = HandWatcher()
        var configuration = PhotoPipeline.Configuration.quick
        // Longer than a busy machine keeps the writer waiting.
        configuration.quietTime = .seconds(3)
        try await withRunningPipeline(
            pipeline(inbox, catalog, processor, watcher: watcher, configuration: configuration)
        ) {
            var text = ""
            for index in 0..<10 {
                text += "part \(index) "
                watcher.send(.touched(try inbox.write("a.jpg", text)))
                // Keeps its thread: other tests must not make the writer pause for longer than it takes to settle.
                usleep(20_000)
            }
            #expect(await eventually { try await catalog.counts().done == 1 })
            #expect(
                try await catalog.record(of: inbox.path("a.jpg"))?.summary?.sha256
                    == SHA256.hexDigest(of: Data(text.utf8)))
        }
        #expect(processor.totalCalls == 1)
    }

    @Test("shutting down finishes the photos in hand and leaves the others waiting")
    func shutdown() async throws {
        let inbox = try TestFolder()
        for index in 0..<30 { try inbox.write("\(index).jpg", "photo \(index)", age: 60) }
        let catalog = Catalog.inMemory()
        let mayFinish = Flag()
        let processor = ScriptedProcessor { _ in
            _ = await eventually { mayFinish.isSet }
        }
        let pipeline = pipeline(inbox, catalog, processor, watcher: HandWatcher())
        try await withRunningPipeline(pipeline) {
            #expect(await eventually { try await catalog.counts().pending == 28 })
            #expect(await eventually { processor.totalCalls == 2 })
            // Lets go well after the shutdown has been asked for.
            Task {
                try await Task.sleep(for: .milliseconds(200))
                mayFinish.set()
            }
        }
        let counts = try await catalog.counts()
        #expect(counts.done == 2)
        #expect(counts.pending == 28)
        #expect(counts.working == 0)
        #expect(processor.totalCalls == 2)
    }

    @Test("one pass does what is there and returns")
    func onePass() async throws {
        let inbox = try TestFolder()
        try inbox.write("old.jpg", age: 60)
        try inbox.write("fresh.jpg", "fresh")
        try inbox.write("empty.jpg", "")
        let processor = ScriptedProcessor { photo in
            if photo.identity.size == 0 { throw PhotoFailure.permanent(code: "empty-file", message: "it is empty") }
        }
        let tally = try await pipeline(inbox, Catalog.inMemory(), processor).processOnce()
        #expect(tally.done == 2)
        #expect(tally.failed == 1)
        #expect(!tally.isComplete)
        let again = try await pipeline(inbox, Catalog.inMemory(), processor).processOnce()
        #expect(again.adopted == 2)
        #expect(again.done == 0)
    }

    @Test("one pass over a folder that is not there says so")
    func onePassOverNothing() async throws {
        let parent = try TestFolder()
        let pipeline = PhotoPipeline(
            inbox: parent.path("missing"), catalog: Catalog.inMemory(), watcher: nil,
            processor: ScriptedProcessor(),
            configuration: .quick, logger: silentLogger)
        #expect(try await pipeline.processOnce().isComplete == false)
    }

    @Test("an inbox that cannot be read forgets nothing")
    func missingInbox() async throws {
        let parent = try TestFolder()
        try parent.write("inbox/a.jpg", age: 60)
        let catalog = Catalog.inMemory()
        func pass() async throws {
            let pipeline = PhotoPipeline(
                inbox: parent.path("inbox"), catalog: catalog, watcher: nil, processor: ScriptedProcessor(),
                configuration: .quick, logger: silentLogger)
            _ = try await pipeline.processOnce()
        }
        try await pass()
        try parent.move("inbox", to: "unmounted")
        try await pass()
        #expect(try await catalog.counts().done == 1)
    }

    @Test("the watchdog is fed while idle and while a photo waits, be it for hours; its photo is done at last")
    func watchdogWaits() async throws {
        let inbox = try TestFolder()
        let watcher = HandWatcher()
        let notifier = CountingNotifier(watchdogInterval: .milliseconds(400))
        let mayFinish = Flag()
        // The photo waits for a file that does not answer, or behind another's long question.
        let processor = ScriptedProcessor { _ in _ = await eventually { mayFinish.isSet } }
        // What is computed elsewhere gets on: some piece is always young.
        let pipeline = pipeline(
            inbox, Catalog.inMemory(), processor, watcher: watcher, notifier: notifier,
            stalled: { .milliseconds(399) })
        try await withRunningPipeline(pipeline) {
            #expect(await eventually { notifier.beatCount > 5 })
            watcher.send(.touched(try inbox.write("a.jpg")))
            #expect(await eventually { processor.totalCalls == 1 })
            for _ in 0..<3 {
                let beats = notifier.beatCount
                try await Task.sleep(for: .milliseconds(400))
                #expect(await eventually { notifier.beatCount > beats })
            }
            mayFinish.set()
            #expect(await eventually { notifier.statusText == "0 waiting, 0 in work, 1 done, 0 failed" })
        }
    }

    @Test("the watchdog starves while a piece of computing hangs, and is fed again when it gets on")
    func watchdogStarves() async throws {
        let inbox = try TestFolder()
        let notifier = CountingNotifier(watchdogInterval: .milliseconds(400))
        let hangs = Flag()
        let getsOn = Flag()
        let pipeline = pipeline(
            inbox, Catalog.inMemory(), ScriptedProcessor(), watcher: HandWatcher(), notifier: notifier,
            stalled: { hangs.isSet && !getsOn.isSet ? .milliseconds(400) : .zero })
        try await withRunningPipeline(pipeline) {
            #expect(await eventually { notifier.beatCount > 5 })
            hangs.set()
            try await Task.sleep(for: .milliseconds(300))
            let starved = notifier.beatCount
            try await Task.sleep(for: .milliseconds(800))
            #expect(notifier.beatCount == starved)
            getsOn.set()
            #expect(await eventually { notifier.beatCount > starved })
        }
    }

    /// What is measured is admission: how soon all are safely in the catalog, while the first are being done already.
    @Test("ten thousand photos are known in seconds, while work goes on")
    func tenThousand() async throws {
        let inbox = try TestFolder()
        for folder in 0..<100 {
            try inbox.makeFolder("\(folder)")
            for index in 0..<100 { try inbox.write(at: inbox.path("\(folder)/\(index).jpg"), "\(index)") }
        }
        let catalog = Catalog.inMemory()
        let processor = ScriptedProcessor()
        try await withRunningPipeline(pipeline(inbox, catalog, processor, watcher: HandWatcher())) {
            #expect(await eventually { processor.totalCalls > 0 })
            #expect(
                await eventually(every: .milliseconds(100)) {
                    let counts = try await catalog.counts()
                    return counts.pending + counts.working + counts.done == 10_000
                })
        }
        #expect(processor.totalCalls < 10_000)
        #expect(processor.callCounts.allSatisfy { $0 == 1 })
    }
}
