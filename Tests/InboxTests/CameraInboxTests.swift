import Digests
import Files
import Foundation
import Glibc
import Inbox
import Synchronization
import Testing
import WireProtocol

/// What cameras, people and their programs do to the files of an inbox.
@Suite("What happens to photos in the inbox", .timeLimit(.minutes(30)))
struct CameraInboxTests {
    private struct Running {
        let inbox: TestFolder
        let catalog: Catalog
        let processor: ScriptedProcessor
        let watcher: HandWatcher
        let pipeline: PhotoPipeline

        func state(_ path: FilePath) async throws -> Inbox.PhotoState? { try await catalog.record(of: path)?.state }

        /// Tells of a change, and waits until the photo was processed `calls` times and has come to `state`.
        func touch(_ path: FilePath, until state: Inbox.PhotoState, calls: Int) async {
            watcher.send(.touched(path))
            #expect(
                await eventually {
                    try await catalog.record(of: path)?.state == state && processor.calls(path) == calls
                })
        }
    }

    private func running(
        _ body: CatalogBody = .memory, in inbox: TestFolder? = nil, unfinishedPatience: Duration = .seconds(60),
        _ step: @escaping ScriptedProcessor.Step = { _ in }, while test: (Running) async throws -> Void
    ) async throws {
        let (inbox, state) = (try inbox ?? TestFolder(), try TestFolder())
        var configuration = PhotoPipeline.Configuration.quick
        configuration.unfinishedPatience = unfinishedPatience
        let catalog = try body.open(in: state)
        let (processor, watcher) = (ScriptedProcessor(step), HandWatcher())
        let pipeline = PhotoPipeline(
            inbox: inbox.path, catalog: catalog, watcher: watcher, processor: processor, configuration: configuration,
            logger: silentLogger)
        try await withRunningPipeline(pipeline) {
            try await test(
                Running(inbox: inbox, catalog: catalog, processor: processor, watcher: watcher, pipeline: pipeline))
        }
    }

    private func stat(of path: FilePath) -> Glibc.stat {
        var status = Glibc.stat()
        #expect(path.withCString { lstat($0, &status) } == 0)
        return status
    }

    /// Writes into the file that is there, and gives it its old time back, as `exiftool -P` does.
    private func changeInPlace(_ path: FilePath, _ contents: String) {
        let before = stat(of: path)
        let file = path.withCString { open($0, O_WRONLY) }
        #expect(pwrite(file, contents, contents.utf8.count, 0) == contents.utf8.count)
        var times = [before.st_atim, before.st_mtim]
        #expect(futimens(file, &times) == 0)
        close(file)
        let after = stat(of: path)
        #expect(after.st_ino == before.st_ino && after.st_size == before.st_size)
        #expect(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec)
    }

    @Test(
        "a photo that was changed in place is done again, one that only got other rights is not",
        arguments: CatalogBody.allCases)
    func changedInPlace(body: CatalogBody) async throws {
        try await running(body) { daemon in
            let photo = try daemon.inbox.write("a.jpg", "photo 1")
            await daemon.touch(photo, until: .done, calls: 1)
            changeInPlace(photo, "photo 2")
            await daemon.touch(photo, until: .done, calls: 2)
            #expect(
                try await daemon.catalog.record(of: photo)?.summary?.sha256
                    == SHA256.hexDigest(of: Data("photo 2".utf8)))

            #expect(photo.withCString { chmod($0, 0o600) } == 0)
            daemon.watcher.send(.touched(photo))
            let now = try await identity(of: photo)
            #expect(await eventually { try await daemon.catalog.record(of: photo)?.identity == now })
            #expect(daemon.processor.calls(photo) == 2)
            #expect(daemon.inbox.exists("a.jpg.boxes.json"))
        }
    }

    @Test("a photo whose rights change while it is read is done once, one whose bytes change is done again")
    func changedWhileRead() async throws {
        let first = Flag()
        try await running(
            .memory,
            { photo in
                guard !first.set() else { return }
                _ = photo.path.withCString { chmod($0, 0o600) }
            }
        ) { daemon in
            let photo = try daemon.inbox.write("a.jpg", "photo 1")
            await daemon.touch(photo, until: .done, calls: 1)
            let now = try await identity(of: photo)
            #expect(await eventually { try await daemon.catalog.record(of: photo)?.identity == now })
            #expect(daemon.processor.calls(photo) == 1)
        }
    }

    @Test("records of an older version are brought up to date without reading the photo")
    func olderRecords() {
        let old = FileIdentity(device: 1, inode: 2, size: 3, modified: 4)
        var record = PhotoRecord(path: FilePath("/a.jpg"), identity: old, queuedAt: Date())
        let seen = SettledPhoto(
            path: record.path, identity: FileIdentity(device: 1, inode: 2, size: 3, modified: 4, changed: 5))
        let decision = CatalogRules.admit(seen, record, at: Date())
        #expect(CatalogRules.requiredLook(for: seen, record) == .identity && decision.answer == .known)
        record = PhotoRecord(path: record.path, identity: seen.identity, queuedAt: record.queuedAt)
        #expect(decision.change == .write(record))
        #expect(CatalogRules.requiredLook(for: seen, record) == nil)
    }

    // MARK: Old results

    @Test("beside an error stands no result of an earlier photo, and what a person put there stays")
    func noOldResultBesideAnError() async throws {
        try await running(
            .memory,
            { photo in
                let bytes = try Data(contentsOf: URL(fileURLWithPath: photo.path.string))
                if bytes.starts(with: Data("bad".utf8)) { throw PhotoFailure.permanent(code: "bad", message: "bad") }
            }
        ) { daemon in
            let photo = try daemon.inbox.write("a.jpg", "good")
            try daemon.inbox.write("a.jpg.mask.jpg", "a person's own")
            try daemon.inbox.write("b.jpg.boxes.json", "{\"version\":\"a person's own\"}")
            try daemon.inbox.write("b.jpg.error.json", "[]")
            await daemon.touch(photo, until: .done, calls: 1)
            #expect(daemon.inbox.exists("a.jpg.overlay.jpg") && daemon.inbox.exists("a.jpg.boxes.json"))
            try daemon.inbox.write("a.jpg", "bad now")
            await daemon.touch(photo, until: .failed, calls: 2)
            let bad = try daemon.inbox.write("b.jpg", "bad")
            await daemon.touch(bad, until: .failed, calls: 1)
            #expect(
                daemon.inbox.names == [
                    "a.jpg", "a.jpg.error.json", "a.jpg.mask.jpg", "b.jpg", "b.jpg.boxes.json", "b.jpg.error.json",
                ])
            #expect(daemon.inbox.contents("b.jpg.boxes.json") == "{\"version\":\"a person's own\"}")
            // The way back: the error goes when the photo is good.
            try daemon.inbox.write("a.jpg", "good again")
            await daemon.touch(photo, until: .done, calls: 3)
            #expect(await eventually { !daemon.inbox.exists("a.jpg.error.json") })
            #expect(daemon.inbox.contents("a.jpg.mask.jpg") == "a person's own")
        }
    }

    @Test("while a newer photo waits or is looked at, nothing of the older one is beside it")
    func noOldResultBesideANewerPhoto() async throws {
        let (isInHand, mayGoOn) = (Flag(), Flag())
        try await running(
            .memory,
            { photo in
                let bytes = try Data(contentsOf: URL(fileURLWithPath: photo.path.string))
                guard bytes == Data("newer".utf8) else { return }
                isInHand.set()
                while !mayGoOn.isSet { try await Task.sleep(for: .milliseconds(5)) }
            }
        ) { daemon in
            let photo = try daemon.inbox.write("a.jpg", "older")
            await daemon.touch(photo, until: .done, calls: 1)
            try daemon.inbox.write("a.jpg", "newer")
            daemon.watcher.send(.touched(photo))
            #expect(await eventually { isInHand.isSet })
            #expect(daemon.inbox.names == ["a.jpg"])
            mayGoOn.set()
            #expect(await eventually { try await daemon.state(photo) == .done })
            #expect(
                daemon.inbox.contents("a.jpg.boxes.json")?.contains(SHA256.hexDigest(of: Data("newer".utf8))) == true)
        }
    }

    @Test("pictures of an interrupted write are known by their comment")
    func interruptedWrite() async throws {
        let folder = try TestFolder()
        let photo = try folder.write("a.jpg")
        let head = Data([0xff, 0xd8, 0xff, 0xfe, 0, 22]) + Data(SidecarKind.pictureComment.utf8)
        try head.write(to: folder.url("a.jpg.overlay.jpg"))
        try folder.write("a.jpg.saliency.jpg", "a person's own")
        let removed = try await FileWork.run(on: photo) { try OldResults(photo: photo).remove(withError: true) }
        #expect(removed == 1)
        #expect(folder.names == ["a.jpg", "a.jpg.saliency.jpg"])
    }

    // MARK: Renamed and deleted

    @Test("sidecars go with a photo that is deleted or renamed, and the renamed one is done under its new name")
    func orphans() async throws {
        try await running { daemon in
            let (a, b) = (try daemon.inbox.write("a.jpg", "one"), try daemon.inbox.write("b.jpg", "two"))
            await daemon.touch(a, until: .done, calls: 1)
            await daemon.touch(b, until: .done, calls: 1)
            try daemon.inbox.write("b.jpg.notes.txt", "a person's own")
            try daemon.inbox.move("a.jpg", to: "c.jpg")
            try daemon.inbox.remove("b.jpg")
            daemon.watcher.send(.removed(a))
            daemon.watcher.send(.removed(b))
            await daemon.touch(daemon.inbox.path("c.jpg"), until: .done, calls: 1)
            #expect(
                await eventually {
                    daemon.inbox.names == [
                        "b.jpg.notes.txt", "c.jpg", "c.jpg.boxes.json", "c.jpg.overlay.jpg", "c.jpg.saliency.jpg",
                    ]
                })
        }
    }

    @Test(
        "also when it happened while the daemon was not running, unless they are to be kept", arguments: [false, true])
    func orphansOfTheNight(keepsOrphans: Bool) async throws {
        let (inbox, state) = (try TestFolder(), try TestFolder())
        func pipeline(_ catalog: Catalog, _ watcher: HandWatcher) -> PhotoPipeline {
            var configuration = PhotoPipeline.Configuration.quick
            configuration.keepsOrphans = keepsOrphans
            return PhotoPipeline(
                inbox: inbox.path, catalog: catalog, watcher: watcher, processor: ScriptedProcessor(),
                configuration: configuration, logger: silentLogger)
        }
        let photo = try inbox.write("a.jpg")
        do {
            let catalog = try CatalogBody.sqlite.open(in: state)
            try await withRunningPipeline(pipeline(catalog, HandWatcher())) {
                #expect(await eventually { try await catalog.record(of: photo)?.state == .done })
            }
        }
        try inbox.remove("a.jpg")
        let catalog = try await reopenedCatalog(state.url("test.sqlite").path)
        try await withRunningPipeline(pipeline(catalog, HandWatcher())) {
            #expect(await eventually { try await catalog.record(of: photo) == nil })
            if keepsOrphans {
                #expect(inbox.names.count == 3)
            } else {
                #expect(await eventually { inbox.names.isEmpty })
            }
        }
    }

    // MARK: Names

    @Test("names of up to 255 bytes, in UTF-8 or not", arguments: [238, 239, 240, 243, 251, 255], [true, false])
    func longNames(length: Int, isUTF8: Bool) async throws {
        let letter = isUTF8 ? Array("ü".utf8) : [0xfc]
        var name = Array("x".utf8) + Array(repeatElement(letter, count: 300).joined())
        name = Array(name.prefix(length - 4)) + Array(".jpg".utf8)
        if isUTF8, String(validating: name, as: UTF8.self) == nil { name[name.count - 5] = UInt8(ascii: "y") }
        let inbox = try TestFolder()
        let photo = inbox.path.appending(name)
        try inbox.write(at: photo)
        let sidecars = exampleResult(for: photo, Data("photo".utf8)).sidecars
        try await FileWork.run(on: photo) { try SidecarWriter().write(sidecars, beside: photo) }
        for kind in [SidecarKind.boxes, .overlay, .saliency, .error, .occlusion, .mask] {
            #expect(kind.name(beside: name).count <= 255)
            #expect(!InboxRules.isPhoto(name: kind.name(beside: name)))
            #expect(!InboxRules.isUnread(name: kind.name(beside: name)))
            if isUTF8 { #expect(String(validating: kind.name(beside: name), as: UTF8.self) != nil) }
        }
        #expect(try await identity(of: photo.sidecar(.overlay)).size > 0)
        #expect((photo.sidecar(.overlay).bytes.starts(with: photo.bytes)) == (length <= 239))
    }

    @Test("photos with long names that begin alike have sidecars of their own, and these prove the work")
    func longNamesAreToldApart() async throws {
        let stem = String(repeating: "n", count: 250)
        try await running { daemon in
            let photos = try ["a", "b"].map { try daemon.inbox.write("\(stem)\($0).jpg", "photo \($0)") }
            for photo in photos { await daemon.touch(photo, until: .done, calls: 1) }
            #expect(daemon.inbox.names.count == 8)
            #expect(photos[0].sidecar(.boxes) != photos[1].sidecar(.boxes))
            let document = daemon.inbox.contents(String(decoding: photos[0].sidecar(.boxes).name, as: UTF8.self))
            #expect(document?.contains("\(stem)a.jpg") == true)
        }
    }

    // MARK: Settling

    private let picture = [0xff, 0xd8, 0xff, 0xda, 0, 2] as [UInt8]

    @Test("a camera that appends with pauses longer than the quiet time is waited for")
    func appending() async throws {
        try await running { daemon in
            let path = daemon.inbox.path("a.jpg")
            var bytes = Data(picture)
            for part in 0..<4 {
                bytes += Data(repeating: UInt8(part), count: 1000)
                if part == 3 { bytes += [0xff, 0xd9, 0, 0, 0] }
                let file = path.withCString { open($0, O_WRONLY | O_CREAT, 0o644) }
                #expect(bytes.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) } == bytes.count)
                close(file)
                daemon.watcher.send(.touched(path))
                if part < 3 { try await Task.sleep(for: .milliseconds(250)) }
            }
            #expect(await eventually { try await daemon.state(path) == .done })
            #expect(daemon.processor.calls(path) == 1)
            #expect(daemon.inbox.contents("a.jpg.boxes.json")?.contains(SHA256.hexDigest(of: bytes)) == true)
        }
    }

    @Test("a photo that never ends is read as it is after a while")
    func neverEnding() async throws {
        try await running(unfinishedPatience: .milliseconds(600)) { daemon in
            let path = daemon.inbox.path("a.jpg")
            try Data(picture + [UInt8](repeating: 7, count: 5000)).write(to: daemon.inbox.url("a.jpg"))
            let start = ContinuousClock.now
            await daemon.touch(path, until: .done, calls: 1)
            #expect(ContinuousClock.now - start >= .milliseconds(600))
        }
    }

    // MARK: Other files

    @Test("files that are not read are counted by kind, and no longer when they are gone")
    func unread() async throws {
        let inbox = try TestFolder()
        try inbox.write("a.png")
        try inbox.write("b.PNG")
        try inbox.write("deep/c.HEIC")
        try inbox.write("note")
        for name in [".hidden.png", "d.jpg.part", "e.jpg.boxes.json", "f.jpg.overlay.jpg", "Thumbs.db"] {
            try inbox.write(name)
        }
        try await running(in: inbox) { daemon in
            #expect(await eventually { daemon.pipeline.unreadFiles == ["PNG": 2, "HEIC": 1, "other": 1] })
            let late = try inbox.write("g.gif")
            daemon.watcher.send(.otherFile(late, isThere: true))
            #expect(await eventually { daemon.pipeline.unreadFiles["GIF"] == 1 })
            try inbox.remove("g.gif")
            daemon.watcher.send(.otherFile(late, isThere: false))
            #expect(await eventually { daemon.pipeline.unreadFiles["GIF"] == nil })
            try inbox.remove("a.png")
            daemon.watcher.send(.rescanNeeded(reason: "test"))
            #expect(await eventually { daemon.pipeline.unreadFiles["PNG"] == 1 })
        }
    }
}
