import Digests
import Files
import Foundation
import Glibc
import Inbox
import Logging
import ServiceLifecycle
import Synchronization
import Testing
import WireProtocol

/// A folder for one test, removed with it.
final class TestFolder: Sendable {
    let url: URL
    var path: FilePath { FilePath(url.path) }

    init() throws {
        // Resolved, because the temporary folder may be a symbolic link and the daemon deals in real paths.
        let base = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
        url = base.appendingPathComponent("interpretd-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> FilePath { path.appending(name) }
    func url(_ name: String) -> URL { url.appendingPathComponent(name) }

    /// Writes a file; with `age`, as if it had been written that many seconds ago.
    @discardableResult
    func write(_ name: String, _ contents: String = "photo", age: TimeInterval = 0) throws -> FilePath {
        let url = url(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(contents.utf8).write(to: url)
        if age != 0 {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: url.path)
        }
        return path(name)
    }

    /// Writes a file whose name need not be UTF-8, which Foundation cannot.
    func write(at path: FilePath, _ contents: String = "photo") throws {
        let file = path.withCString { open($0, O_WRONLY | O_CREAT | O_TRUNC, 0o644) }
        guard file >= 0 else { throw FileError("create", path, errorNumber: errno) }
        let written = Glibc.write(file, contents, contents.utf8.count)
        close(file)
        #expect(written == contents.utf8.count)
    }

    func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(at: url(name), withIntermediateDirectories: true)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(at: url(name)) }

    func move(_ name: String, to other: String) throws {
        try FileManager.default.moveItem(at: url(name), to: url(other))
    }

    func contents(_ name: String) -> String? {
        (try? Data(contentsOf: url(name))).map { String(decoding: $0, as: UTF8.self) }
    }
    func exists(_ name: String) -> Bool { contents(name) != nil }

    /// Everything in the folder, sorted.
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted() }
}

/// Waits until `condition` holds; generous, because a loaded machine is slow, and a test that passes is not. An error
/// fails the test.
func eventually(
    within limit: Duration = .seconds(600), every pause: Duration = .milliseconds(5),
    _ condition: () async throws -> Bool
) async -> Bool {
    let end = ContinuousClock.now.advanced(by: limit)
    do {
        while ContinuousClock.now < end {
            if try await condition() { return true }
            try await Task.sleep(for: pause)
        }
        return try await condition()
    } catch {
        Issue.record(error)
        return false
    }
}

let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The summary and sidecars that a processor gives for a photo with these bytes.
func exampleResult(for photo: FilePath, _ bytes: Data) -> PhotoResult {
    let digest = SHA256.hexDigest(of: bytes)
    let name = String(decoding: photo.name, as: UTF8.self)
    let names = Sidecar.Files([.saliency, .overlay], beside: photo.name)
    let boxes = """
        {"version":1,"photo":{"file":"\(name)","width":4,"height":3,"sha256":"\(digest)"},
         "model":{"name":"petshop","sha256":"0"},"predictions":[{"label":"cat","score":1.5,"probability":0.75}],
         "boxes":[{"label":"cat","score":0.5,"bbox":[0,0,1,1],"method":"cam"}],
         "files":{"saliency":"\(names[.saliency] ?? "")","overlay":"\(names[.overlay] ?? "")"},"milliseconds":{"total":12.5}}
        """
    return PhotoResult(
        sidecars: [
            SidecarFile(.saliency, contents: picture("saliency of \(digest)")),
            SidecarFile(.overlay, contents: picture("overlay of \(digest)")),
            SidecarFile(.boxes, contents: Data(boxes.utf8)),
        ],
        summary: PhotoSummary(
            sha256: digest, model: "petshop", modelSHA256: "0", label: "cat", probability: 0.75, boxCount: 1,
            milliseconds: 12.5))
}

/// The beginning of a JPEG with the daemon's comment, and a text.
private func picture(_ text: String) -> Data {
    Data([0xff, 0xd8, 0xff, 0xfe, 0, UInt8(SidecarKind.pictureComment.utf8.count + 2)])
        + Data((SidecarKind.pictureComment + text).utf8)
}

/// A processor without a network, that does what the test says and remembers what it was asked.
final class ScriptedProcessor: PhotoProcessing {
    typealias Step = @Sendable (QueuedPhoto) async throws -> Void

    private struct State {
        var calls: [String: Int] = [:]
        var order: [String] = []
        var running = 0
        var mostRunning = 0
    }

    private let state = Mutex(State())
    /// Runs before a photo is read; throws what the photo is to fail with.
    private let step: Step

    init(_ step: @escaping Step = { _ in }) { self.step = step }

    func process(_ photo: QueuedPhoto) async throws -> PhotoResult {
        state.withLock { state in
            state.calls[photo.path.string, default: 0] += 1
            state.order.append(photo.path.string)
            state.running += 1
            state.mostRunning = max(state.mostRunning, state.running)
        }
        defer { state.withLock { $0.running -= 1 } }
        try await step(photo)
        let digest = try await FileWork.run(on: photo.path) { try SHA256.hexDigest(ofFile: photo.path) }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: photo.path.string))
        #expect(SHA256.hexDigest(of: bytes) == digest)
        return exampleResult(for: photo.path, bytes)
    }

    func calls(_ path: FilePath) -> Int { state.withLock { $0.calls[path.string] ?? 0 } }
    var callCounts: [Int] { state.withLock { Array($0.calls.values) } }
    var totalCalls: Int { state.withLock { $0.order.count } }
    var order: [String] { state.withLock { $0.order } }
    var mostRunning: Int { state.withLock { $0.mostRunning } }
}

/// A watcher whose events the test makes up.
final class HandWatcher: FolderWatcher {
    private let stream: AsyncStream<FolderEvent>
    private let continuation: AsyncStream<FolderEvent>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func start() async throws(FolderWatcherError) -> AsyncStream<FolderEvent> { stream }
    func stop() { continuation.finish() }
    func send(_ event: FolderEvent) { continuation.yield(event) }
}

/// A yes or no that several threads look at.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }
    /// Sets it; returns whether it was set before.
    @discardableResult
    func set() -> Bool { value.exchange(true, ordering: .acquiringAndReleasing) }
}

/// Counts the beats of the watchdog.
final class CountingNotifier: ServiceNotifier {
    let watchdogInterval: Duration?
    private let beats = Atomic(0)
    private let lastStatus = Mutex("")

    init(watchdogInterval: Duration?) { self.watchdogInterval = watchdogInterval }

    func ready() {}
    func stopping() {}
    func status(_ text: String) { lastStatus.withLock { $0 = text } }
    func watchdog() { beats.wrappingAdd(1, ordering: .relaxed) }
    var beatCount: Int { beats.load(ordering: .relaxed) }
    var statusText: String { lastStatus.withLock { $0 } }
}

/// A pipeline that runs while `body` does, and is then shut down gracefully.
func withRunningPipeline(_ pipeline: PhotoPipeline, _ body: () async throws -> Void) async throws {
    let group = ServiceGroup(
        configuration: .init(
            services: [.init(service: pipeline, successTerminationBehavior: .gracefullyShutdownGroup)],
            logger: silentLogger))
    let running = Task { try await group.run() }
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    await group.triggerGracefulShutdown()
    try await running.value
    try outcome.get()
}

extension PhotoPipeline.Configuration {
    /// The daemon's times, shortened.
    static let quick = PhotoPipeline.Configuration(
        quietTime: .milliseconds(40), emptyPatience: .milliseconds(200), suspectPatience: .seconds(3600),
        retry: RetryPolicy(firstDelay: 0.05))
}

/// A catalog that was open before. Another test's child process, between its fork and its exec, holds the lock a moment
/// longer than this process.
func reopenedCatalog(_ file: String) async throws -> Catalog {
    for _ in 0..<100 {
        do {
            return try Catalog(at: file, logger: silentLogger)
        } catch {
            try await Task.sleep(for: .milliseconds(50))
        }
    }
    return try Catalog(at: file, logger: silentLogger)
}

/// What a catalog's records can lie in.
enum CatalogBody: String, CaseIterable, CustomTestStringConvertible {
    case memory, sqlite
    var testDescription: String { rawValue }

    func open(in folder: TestFolder) throws -> Catalog {
        switch self {
        case .memory: Catalog(store: MemoryCatalogStore())
        case .sqlite: Catalog(store: try SQLiteCatalogStore(at: folder.url("test.sqlite").path, logger: silentLogger))
        }
    }
}

/// What the disk says of the file at `path`.
func identity(of path: FilePath) async throws -> FileIdentity {
    try await FileWork.run(on: path) { try FileStatus(of: path).identity }
}
