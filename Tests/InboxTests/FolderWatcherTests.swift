import Files
import Foundation
import Glibc
import Inbox
import Synchronization
import Testing
import WireProtocol

/// Serialized: libinotifytools allows one watcher a process.
@Suite("Watching a folder with inotify", .serialized, .timeLimit(.minutes(30)))
struct FolderWatcherTests {
    /// Watches `folder` while `body` runs; `seen` collects the events.
    private func watching(
        _ folder: FilePath, _ body: (_ seen: EventLog) async throws -> Void
    ) async throws {
        let (watcher, stream) = try await started(in: folder)
        let seen = EventLog()
        let collector = Task { for await event in stream { seen.append(event) } }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(seen)) } catch { outcome = .failure(error) }
        watcher.stop()
        await collector.value
        try outcome.get()
    }

    /// A watcher that has started. Other tests of the process have more than a thousand files open now and then, and no
    /// watcher can start meanwhile.
    private func started(
        in folder: FilePath
    ) async throws -> (watcher: InotifyFolderWatcher, stream: AsyncStream<FolderEvent>) {
        let watcher = InotifyFolderWatcher(folder: folder)
        let start: Result<AsyncStream<FolderEvent>, FolderWatcherError>
        do { start = .success(try await watcher.start()) } catch { start = .failure(error) }
        guard case .failure(.tooManyOpenFiles) = start else { return (watcher, try start.get()) }
        try await Task.sleep(for: .milliseconds(50))
        return try await started(in: folder)
    }

    @Test("closing after writing, moving in and linking in are told; sidecars and other files are not")
    func touched() async throws {
        let folder = try TestFolder()
        let outside = try TestFolder()
        try outside.write("moved.jpg")
        try outside.write("linked.jpg")
        try await watching(folder.path) { seen in
            try folder.write("note.txt")
            try folder.write("a.jpg.overlay.jpg")
            try folder.write(".hidden.jpg")
            try folder.write("a.jpg")
            try FileManager.default.moveItem(at: outside.url("moved.jpg"), to: folder.url("moved.jpg"))
            try FileManager.default.linkItem(at: outside.url("linked.jpg"), to: folder.url("linked.jpg"))
            #expect(await eventually { seen.holds(.touched(folder.path("linked.jpg"))) })
            #expect(
                seen.distinct == [
                    .otherFile(folder.path("note.txt"), isThere: true), .touched(folder.path("a.jpg")),
                    .touched(folder.path("moved.jpg")), .touched(folder.path("linked.jpg")),
                ])
        }
    }

    @Test("a sidecar that goes is told by its photo's name")
    func sidecarRemoved() async throws {
        let folder = try TestFolder()
        let photo = try folder.write("a.jpg")
        for suffix in [".overlay.jpg", ".boxes.json"] { try folder.write("a.jpg" + suffix) }
        try await watching(folder.path) { seen in
            try folder.remove("a.jpg.boxes.json")
            #expect(await eventually { seen.count(.sidecarRemoved(of: photo)) == 1 })
            try folder.move("a.jpg.overlay.jpg", to: ".kept")
            #expect(await eventually { seen.count(.sidecarRemoved(of: photo)) == 2 })
        }
    }

    @Test("a name that is given to a complete file is told: by link and unlink, and to one that had none")
    func namedAfterwards() async throws {
        let folder = try TestFolder()
        try await watching(folder.path) { seen in
            for round in 0..<20 {
                try folder.write(".t\(round)")
                let (hidden, photo) = (folder.path(".t\(round)"), folder.path("a\(round).jpg"))
                #expect(hidden.withCString { from in photo.withCString { link(from, $0) } } == 0)
                #expect(hidden.withCString { unlink($0) } == 0)
            }
            // O_TMPFILE | O_WRONLY of Linux, which Swift does not import.
            let nameless = folder.path.withCString { open($0, 0o20200000 | O_WRONLY, 0o644) }
            if nameless >= 0 {
                #expect(write(nameless, "photo", 5) == 5)
                let from = "/proc/self/fd/\(nameless)"
                #expect(linkat(AT_FDCWD, from, AT_FDCWD, folder.url("nameless.jpg").path, AT_SYMLINK_FOLLOW) == 0)
                close(nameless)
                #expect(await eventually { seen.holds(.touched(folder.path("nameless.jpg"))) })
            }
            #expect(
                await eventually { (0..<20).allSatisfy { seen.holds(.touched(folder.path("a\($0).jpg"))) } })
        }
    }

    @Test("deleting and moving away are told")
    func removed() async throws {
        let folder = try TestFolder()
        let outside = try TestFolder()
        try folder.write("a.jpg")
        try folder.write("b.jpg")
        try await watching(folder.path) { seen in
            try folder.remove("a.jpg")
            try FileManager.default.moveItem(at: folder.url("b.jpg"), to: outside.url("b.jpg"))
            #expect(await eventually { seen.holds(.removed(folder.path("b.jpg"))) })
            #expect(seen.holds(.removed(folder.path("a.jpg"))))
        }
    }

    @Test("nothing is lost in new folders, however fast they are filled")
    func newFolders() async throws {
        let folder = try TestFolder()
        try await watching(folder.path) { seen in
            // As the pipeline does: events, and a scan of each folder that appears.
            func found() -> Set<FilePath> {
                var paths: Set<FilePath> = []
                for event in seen.distinct {
                    if case .touched(let path) = event { paths.insert(path) }
                    if case .folderAppeared(let path) = event { paths.formUnion(scanPhotos(path)) }
                }
                return paths
            }
            let expected = Set(
                try (0..<20).map { try folder.write("day\($0 % 4)/roll\($0 % 3)/IMG_\($0).jpg") })
            #expect(await eventually { found() == expected })

            seen.clear()
            try folder.write("day0/roll0/late.jpg")
            #expect(await eventually { seen.holds(.touched(folder.path("day0/roll0/late.jpg"))) })
        }
    }

    @Test("a folder that is moved in is watched")
    func movedIn() async throws {
        let folder = try TestFolder()
        let outside = try TestFolder()
        try outside.write("roll/one/a.jpg")
        try await watching(folder.path) { seen in
            try FileManager.default.moveItem(at: outside.url("roll"), to: folder.url("roll"))
            #expect(await eventually { seen.holds(.folderAppeared(folder.path("roll"))) })
            try folder.write("roll/one/b.jpg")
            #expect(await eventually { seen.holds(.touched(folder.path("roll/one/b.jpg"))) })
        }
    }

    @Test("after a folder is renamed its photos are told under the new name, and a scan is asked for")
    func renamedFolder() async throws {
        let folder = try TestFolder()
        try folder.makeFolder("old/inner")
        try await watching(folder.path) { seen in
            try folder.move("old", to: "new")
            #expect(await eventually { seen.rescans > 0 })
            try folder.write("new/inner/a.jpg")
            #expect(await eventually { seen.holds(.touched(folder.path("new/inner/a.jpg"))) })
            #expect(!seen.holds(.touched(folder.path("old/inner/a.jpg"))))
        }
    }

    @Test("a folder that is deleted and made again is watched again")
    func recreatedFolder() async throws {
        let folder = try TestFolder()
        try folder.makeFolder("day")
        try await watching(folder.path) { seen in
            for round in 0..<5 {
                try folder.remove("day")
                try folder.makeFolder("day")
                #expect(await eventually { seen.count(.folderAppeared(folder.path("day"))) == round + 1 })
            }
            try folder.write("day/a.jpg")
            #expect(await eventually { seen.holds(.touched(folder.path("day/a.jpg"))) })
        }
    }

    @Test("an inbox that disappears is waited for, and scanned when it is back")
    func inboxComesBack() async throws {
        let folder = try TestFolder()
        try folder.makeFolder("inbox")
        try await watching(folder.path("inbox")) { seen in
            try folder.remove("inbox")
            #expect(await eventually { seen.holds(.inboxLost) })
            try folder.makeFolder("inbox")
            #expect(await eventually { seen.rescans > 0 })
            try folder.write("inbox/a.jpg")
            #expect(await eventually { seen.holds(.touched(folder.path("inbox/a.jpg"))) })
        }
    }

    @Test("names with line breaks, quotes and bytes that are no UTF-8 arrive unchanged")
    func strangeNames() async throws {
        let folder = try TestFolder()
        let paths = [
            folder.path.appending("line\nbreak \"quoted\" 'too'.jpg"),
            folder.path.appending([0xC3, 0x28, 0xFF] + Array(".jpg".utf8)),
        ]
        try await watching(folder.path) { seen in
            for path in paths { try folder.write(at: path) }
            #expect(await eventually { paths.allSatisfy { seen.holds(.touched($0)) } })
        }
    }

    @Test("links to folders are not followed")
    func links() async throws {
        let folder = try TestFolder()
        let outside = try TestFolder()
        try FileManager.default.createSymbolicLink(at: folder.url("loop"), withDestinationURL: folder.url)
        try FileManager.default.createSymbolicLink(at: folder.url("elsewhere"), withDestinationURL: outside.url)
        try await watching(folder.path) { seen in
            try outside.write("a.jpg")
            try folder.write("b.jpg")
            #expect(await eventually { seen.holds(.touched(folder.path("b.jpg"))) })
            #expect(seen.distinct == [.touched(folder.path("b.jpg"))])
        }
    }

    @Test("a second watcher in the process is refused; after the first has stopped another may start")
    func onlyOne() async throws {
        let folder = try TestFolder()
        try await watching(folder.path) { _ in
            await #expect(throws: FolderWatcherError.alreadyRunning) {
                _ = try await InotifyFolderWatcher(folder: folder.path).start()
            }
        }
        try await watching(folder.path) { seen in
            try folder.write("a.jpg")
            #expect(await eventually { seen.holds(.touched(folder.path("a.jpg"))) })
        }
    }

    @Test("a folder that does not exist is refused with what to do")
    func missing() async throws {
        let folder = try TestFolder()
        let missing = folder.path("missing")
        let error = await #expect(throws: FolderWatcherError.self) {
            _ = try await started(in: missing)
        }
        #expect(error == .cannotWatch(missing, errorNumber: ENOENT))
        #expect("\(try #require(error))".contains("--inbox"))
    }

    @Test("stopping takes no time-out")
    func stopsPromptly() async throws {
        let folder = try TestFolder()
        // The library would wait a minute each time, which together is beyond the limit of this suite.
        for _ in 0..<40 { try await watching(folder.path) { _ in try await Task.sleep(for: .milliseconds(10)) } }
    }
}

/// Events in the order they came, for several threads.
final class EventLog: Sendable {
    private let events = Mutex<[FolderEvent]>([])

    func append(_ event: FolderEvent) { events.withLock { $0.append(event) } }
    func clear() { events.withLock { $0 = [] } }
    func holds(_ event: FolderEvent) -> Bool { count(event) > 0 }
    func count(_ event: FolderEvent) -> Int { events.withLock { $0.count { $0 == event } } }
    var distinct: Set<FolderEvent> { events.withLock { Set($0) } }
    var rescans: Int {
        events.withLock { events in
            events.count { if case .rescanNeeded = $0 { true } else { false } }
        }
    }
}
