import Files
import Foundation
import Glibc
import Inbox
import Testing
import WireProtocol

/// What is a person's stays; what the daemon has delivered is there, for as long as it is wanted.
@Suite("A person's files, and the daemon's", .timeLimit(.minutes(30)))
struct OwnFilesTests {
    private func pipeline(
        _ inbox: TestFolder, _ catalog: Catalog, _ processor: ScriptedProcessor = ScriptedProcessor(),
        watcher: (any FolderWatcher)? = nil, _ change: (inout PhotoPipeline.Configuration) -> Void = { _ in }
    ) -> PhotoPipeline {
        var configuration = PhotoPipeline.Configuration.quick
        change(&configuration)
        return PhotoPipeline(
            inbox: inbox.path, catalog: catalog, watcher: watcher, processor: processor, configuration: configuration,
            logger: silentLogger)
    }

    @Test("a person's file of a sidecar's name is not overwritten, unless that is wanted", arguments: [false, true])
    func foreign(overwrites: Bool) async throws {
        let inbox = try TestFolder()
        let photo = try inbox.write("a.jpg", age: 60)
        try inbox.write("a.jpg.overlay.jpg", "a person's own", age: 60)
        let catalog = Catalog.inMemory()
        let tally = try await pipeline(inbox, catalog) { $0.overwrites = overwrites }.processOnce()
        #expect((inbox.contents("a.jpg.overlay.jpg") == "a person's own") == !overwrites)
        let record = try #require(try await catalog.record(of: photo))
        #expect(record.state == (overwrites ? .done : .failed))
        if !overwrites {
            #expect(record.errorCode == "name-taken" && record.errorMessage?.contains("a.jpg.overlay.jpg") == true)
            #expect(inbox.names == ["a.jpg", "a.jpg.error.json", "a.jpg.overlay.jpg"])
            #expect(tally.failed == 1)
        }
    }

    @Test("a person's file of the report's name stays as well")
    func foreignReport() async throws {
        let inbox = try TestFolder()
        try inbox.write("a.jpg", age: 60)
        try inbox.write("a.jpg.error.json", "[]", age: 60)
        let processor = ScriptedProcessor { _ in throw PhotoFailure.permanent(code: "bad", message: "bad") }
        _ = try await pipeline(inbox, Catalog.inMemory(), processor).processOnce()
        #expect(inbox.contents("a.jpg.error.json") == "[]")
    }

    @Test("whoever may not read a photo may not read what lies beside it", arguments: [0o600, 0o640, 0o644, 0o444])
    func rights(mode: Int) throws {
        let folder = try TestFolder()
        let photo = try folder.write("a.jpg")
        #expect(chmod(photo.string, mode_t(mode)) == 0)
        try SidecarWriter().write(exampleResult(for: photo, Data("photo".utf8)).sidecars, beside: photo)
        for name in folder.names where name != "a.jpg" {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.url(name).path)
            // Its owner, the daemon, may write it.
            #expect(attributes[.posixPermissions] as? Int == mode | 0o600, "\(name)")
        }
    }

    @Test(
        "a sidecar that somebody deletes comes back, whether that is seen at once or by a scan",
        arguments: [true, false])
    func deleted(isSeen: Bool) async throws {
        let inbox = try TestFolder()
        let photo = try inbox.write("a.jpg", age: 60)
        let catalog = Catalog.inMemory()
        let processor = ScriptedProcessor()
        let watcher = HandWatcher()
        try await withRunningPipeline(pipeline(inbox, catalog, processor, watcher: watcher)) {
            #expect(await eventually { try await catalog.counts().done == 1 })
            try inbox.remove(isSeen ? "a.jpg.overlay.jpg" : "a.jpg.boxes.json")
            watcher.send(isSeen ? .sidecarRemoved(of: photo) : .rescanNeeded(reason: "test"))
            #expect(await eventually { inbox.exists("a.jpg.overlay.jpg") && inbox.exists("a.jpg.boxes.json") })
            #expect(await eventually { try await catalog.counts().done == 1 })
        }
        #expect(processor.calls(photo) == 2)
    }

    @Test("what was kept long enough goes, its photo stays, and it does not come back")
    func retention() async throws {
        let inbox = try TestFolder()
        let photo = try inbox.write("a.jpg", age: 60)
        let catalog = Catalog.inMemory()
        let processor = ScriptedProcessor()
        _ = try await pipeline(inbox, catalog, processor).processOnce()
        #expect(inbox.names.count == 4)
        let watcher = HandWatcher()
        try await withRunningPipeline(pipeline(inbox, catalog, processor, watcher: watcher) { $0.retention = 0.001 }) {
            #expect(await eventually { inbox.names == ["a.jpg"] })
            watcher.send(.sidecarRemoved(of: photo))
            watcher.send(.rescanNeeded(reason: "test"))
            try await Task.sleep(for: .milliseconds(300))
            #expect(inbox.names == ["a.jpg"])
            // Asked for, it is done again.
            #expect(try await catalog.redo([photo]) == [true])
            watcher.send(.touched(photo))
            #expect(await eventually { processor.calls(photo) == 2 })
        }
        #expect(try await catalog.record(of: photo)?.state == .done)
    }

    @Test("cleaning removes what belongs to photos that are gone, and nothing of a person")
    func clean() async throws {
        let inbox = try TestFolder()
        for name in ["here.jpg", "gone.jpg"] { try inbox.write(name, age: 60) }
        let catalog = Catalog.inMemory()
        let pipeline = pipeline(inbox, catalog)
        _ = try await pipeline.processOnce()
        try inbox.remove("gone.jpg")
        try inbox.write("lost.jpg.overlay.jpg", "a person's own")
        try inbox.write(".interpretd-99999999-7-1.tmp")
        let cleaned = try await pipeline.clean()
        #expect(cleaned.sidecars == 3 && cleaned.temporary == 1)
        #expect(
            inbox.names == [
                "here.jpg", "here.jpg.boxes.json", "here.jpg.overlay.jpg", "here.jpg.saliency.jpg",
                "lost.jpg.overlay.jpg",
            ])
    }

    @Test("what was counted is there after a restart", arguments: CatalogBody.allCases)
    func figures(body: CatalogBody) async throws {
        let inbox = try TestFolder()
        let place = try TestFolder()
        for index in 0..<3 { try inbox.write("\(index).jpg", age: 60) }
        let bad = inbox.path("1.jpg")
        var catalog = try body.open(in: place)
        let processor = ScriptedProcessor { photo in
            if photo.path == bad { throw PhotoFailure.permanent(code: "not-a-jpeg", message: "no") }
        }
        _ = try await pipeline(inbox, catalog, processor).processOnce()
        if body == .sqlite {
            catalog = Catalog.inMemory()
            catalog = try await reopenedCatalog(place.url("test.sqlite").path)
        }
        let now = Date()
        let identity = FileIdentity(device: 1, inode: 1, size: 1, modified: 1)
        _ = try await catalog.admit(
            [SettledPhoto(path: FilePath("/i/new.jpg"), identity: identity)], at: now.addingTimeInterval(-90))
        let figures = try await catalog.figures(at: now)
        #expect(figures["photos_done_total"] == 2)
        #expect(figures["photos_failed_total_not-a-jpeg"] == 1)
        #expect(figures["photos_queued"] == 1 && figures["photos_done"] == 2 && figures["photos_failed"] == 1)
        #expect(figures["oldest_waiting_seconds"] == 90)
        #expect(try await catalog.failures() == ["not-a-jpeg": 1])
    }

    @Test("a bucket counts all that is not above its bound")
    func histogram() async throws {
        let catalog = Catalog.inMemory()
        for value in [3.0, 40, 1e9] { try await catalog.add(CatalogFigures.observed(["decode": value])) }
        let figures = try await catalog.figures()
        #expect(figures["decode_milliseconds_bucket_2"] == 0)
        #expect(figures["decode_milliseconds_bucket_5"] == 1)
        #expect(figures["decode_milliseconds_bucket_50"] == 2)
        #expect(figures["decode_milliseconds_bucket_60000"] == 2)
        #expect(figures["decode_milliseconds_bucket_inf"] == 3)
        #expect(figures["decode_milliseconds_count"] == 3)
        #expect(figures["decode_milliseconds_sum"] == 1e9 + 43)
    }
}
