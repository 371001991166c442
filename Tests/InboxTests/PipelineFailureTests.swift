import Digests
import Files
import Foundation
import Glibc
import Inbox
import Synchronization
import Testing
import WireProtocol

@Suite("The pipeline when things go wrong", .timeLimit(.minutes(30)))
struct PipelineFailureTests {
    private func pipeline(
        _ inbox: TestFolder, _ catalog: Catalog, _ processor: any PhotoProcessing, watcher: (any FolderWatcher)? = nil,
        observer: @escaping @Sendable (PhotoEvent) -> Void = { _ in }
    ) -> PhotoPipeline {
        PhotoPipeline(
            inbox: inbox.path, catalog: catalog, watcher: watcher ?? HandWatcher(), processor: processor,
            configuration: .quick, logger: silentLogger, observer: observer)
    }

    @Test("what passes is tried again until it succeeds", arguments: [ENOSPC, EIO, EMFILE])
    func transient(errorNumber: CInt) async throws {
        let inbox = try TestFolder()
        let photo = try inbox.write("a.jpg", age: 60)
        let catalog = Catalog.inMemory()
        let processor = ScriptedProcessor { photo in
            if photo.attempt < 4 { throw FileError("write", photo.path, errorNumber: errorNumber) }
        }
        let pipeline = pipeline(inbox, catalog, processor)
        try await withRunningPipeline(pipeline) {
            #expect(await eventually { try await catalog.record(of: photo)?.state == .done })
        }
        #expect(processor.totalCalls == 4)
        #expect(pipeline.tally.postponed == 3)
        #expect(!inbox.exists("a.jpg.error.json"))
    }

    /// Not as the superuser, who may write everywhere.
    @Test("a folder that may not be written is tried again until it may", .enabled(if: geteuid() != 0))
    func unwritable() async throws {
        let inbox = try TestFolder()
        let photo = try inbox.write("day/a.jpg", age: 60)
        chmod(inbox.url("day").path, 0o555)
        defer { chmod(inbox.url("day").path, 0o755) }
        let catalog = Catalog.inMemory()
        let pipeline = pipeline(inbox, catalog, ScriptedProcessor())
        try await withRunningPipeline(pipeline) {
            #expect(await eventually { try await catalog.record(of: photo)?.errorCode == "file-trouble" })
            chmod(inbox.url("day").path, 0o755)
            #expect(await eventually { try await catalog.record(of: photo)?.state == .done })
        }
        #expect(pipeline.tally.postponed > 0)
        #expect(pipeline.tally.failed == 0)
    }

    @Test("a photo that cannot be read gets an error.json, stays untouched and is left alone")
    func permanent() async throws {
        let inbox = try TestFolder()
        let photo = try inbox.write("a.jpg", "no \"JPEG\"", age: 60)
        let catalog = Catalog.inMemory()
        let processor = ScriptedProcessor { _ in
            throw PhotoFailure.permanent(code: "not-a-jpeg", message: "it begins with \"no\"; save it as JPEG")
        }
        let failures = Mutex<[String]>([])
        let watcher = HandWatcher()
        let pipeline = pipeline(inbox, catalog, processor, watcher: watcher) { event in
            if case .failed(_, let code, _) = event { failures.withLock { $0.append("\(event.name) \(code)") } }
        }
        try await withRunningPipeline(pipeline) {
            #expect(await eventually { try await catalog.record(of: photo)?.state == .failed })
            watcher.send(.rescanNeeded(reason: "test"))
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(processor.totalCalls == 1)
        #expect(failures.withLock { $0 } == ["photo-failed not-a-jpeg"])
        #expect(inbox.contents("a.jpg") == "no \"JPEG\"")
        let report = try #require(inbox.contents("a.jpg.error.json"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(report.utf8)) as? [String: Any])
        let failure = try #require(object["error"] as? [String: String])
        #expect(failure == ["code": "not-a-jpeg", "message": "it begins with \"no\"; save it as JPEG"])
        #expect((object["photo"] as? [String: Any])?["file"] as? String == "a.jpg")
    }

    @Test("success removes the report of an earlier failure; failure removes what an earlier photo had")
    func reports() async throws {
        let inbox = try TestFolder()
        let photo = try inbox.write("a.jpg", "good", age: 60)
        let catalog = Catalog.inMemory()
        let watcher = HandWatcher()
        let processor = ScriptedProcessor { photo in
            if photo.identity.size == 3 { throw PhotoFailure.permanent(code: "not-a-jpeg", message: "bad") }
        }
        try await withRunningPipeline(pipeline(inbox, catalog, processor, watcher: watcher)) {
            #expect(await eventually { try await catalog.record(of: photo)?.state == .done })
            try inbox.write("a.jpg", "bad")
            watcher.send(.touched(photo))
            #expect(await eventually { try await catalog.record(of: photo)?.state == .failed })
            #expect(inbox.names == ["a.jpg", "a.jpg.error.json"])
            try inbox.write("a.jpg", "good again")
            watcher.send(.touched(photo))
            #expect(await eventually { try await catalog.record(of: photo)?.state == .done })
            #expect(!inbox.exists("a.jpg.error.json"))
        }
    }

    @Test("an error of unknown nature is tried some times and then counts as permanent")
    func unknown() async throws {
        struct Surprise: Error {}
        let inbox = try TestFolder()
        let photo = try inbox.write("a.jpg", age: 60)
        let catalog = Catalog.inMemory()
        let processor = ScriptedProcessor { _ in throw Surprise() }
        try await withRunningPipeline(pipeline(inbox, catalog, processor)) {
            #expect(await eventually { try await catalog.record(of: photo)?.state == .failed })
        }
        #expect(processor.totalCalls == RetryPolicy().attemptsForUnknownErrors)
        #expect(try await catalog.record(of: photo)?.errorCode == "internal-error")
    }

    @Test("a photo that vanishes while it waits or while it is read is dropped, without sidecars")
    func vanishing() async throws {
        let inbox = try TestFolder()
        let first = try inbox.write("1.jpg", age: 300)
        let second = try inbox.write("2.jpg", age: 200)
        let third = try inbox.write("3.jpg", age: 100)
        let catalog = Catalog.inMemory()
        let processor = ScriptedProcessor { photo in
            // All three are known by now: the scan admits a batch at a time.
            if photo.path == first { for name in ["1.jpg", "3.jpg"] { try inbox.remove(name) } }
        }
        let pipeline = PhotoPipeline(
            inbox: inbox.path, catalog: catalog, watcher: HandWatcher(), processor: processor,
            configuration: .init(width: 1), logger: silentLogger)
        try await withRunningPipeline(pipeline) {
            #expect(await eventually { try await catalog.counts().done == 1 })
            #expect(await eventually { try await catalog.page(after: nil, limit: 9).map(\.path) == [second] })
        }
        #expect(processor.calls(third) <= 1)
        #expect(pipeline.tally.vanished == 2)
        #expect(inbox.names == ["2.jpg", "2.jpg.boxes.json", "2.jpg.overlay.jpg", "2.jpg.saliency.jpg"])
    }

    @Test("a photo that changes while it is read is done as it is in the end")
    func changesWhileRead() async throws {
        let inbox = try TestFolder()
        let photo = try inbox.write("a.jpg", "first", age: 60)
        let catalog = Catalog.inMemory()
        let hasChanged = Flag()
        let processor = ScriptedProcessor { _ in
            if !hasChanged.set() { try inbox.write("a.jpg", "written over") }
        }
        try await withRunningPipeline(pipeline(inbox, catalog, processor)) {
            let digest = SHA256.hexDigest(of: Data("written over".utf8))
            #expect(await eventually { try await catalog.record(of: photo)?.summary?.sha256 == digest })
        }
        #expect(SidecarProof.verified(beside: photo) != nil)
    }

    @Test("names that are not UTF-8 get their sidecars like all others")
    func strangeName() async throws {
        let inbox = try TestFolder()
        let photo = inbox.path.appending([0xFF] + Array("\n.jpg".utf8))
        try inbox.write(at: photo)
        let catalog = Catalog.inMemory()
        let pipeline = pipeline(inbox, catalog, ByteProcessor())
        try await withRunningPipeline(pipeline) {
            #expect(await eventually { try await catalog.record(of: photo)?.state == .done })
        }
        #expect(try await identity(of: photo.adding(suffix: ".boxes.json")).size == 2)
    }

    /// Opens nothing by a repaired name.
    private struct ByteProcessor: PhotoProcessing {
        func process(_ photo: QueuedPhoto) async throws -> PhotoResult {
            let digest = try await FileWork.run(on: photo.path) { try SHA256.hexDigest(ofFile: photo.path) }
            return PhotoResult(
                sidecars: [SidecarFile(.boxes, contents: Data("{}".utf8))],
                summary: PhotoSummary(sha256: digest, boxCount: 0))
        }
    }
}
