public import Files
import Foundation
import Glibc
import Synchronization

/// Watches a folder tree through libinotifytools.
///
/// The library keeps all state in globals and is not thread-safe, so every call to it is made on one thread that
/// belongs to this watcher, and a process can run one watcher at a time.
public final class InotifyFolderWatcher: FolderWatcher {
    private static let isClaimed = Mutex(false)

    private let folder: FilePath
    private let isStopping = Atomic(false)
    private let bell = Mutex<WakeFile?>(nil)

    /// A watcher of `folder`, an absolute path; nothing happens before ``start()``.
    public init(folder: FilePath) {
        self.folder = folder
    }

    /// - Throws: `.alreadyRunning` where another watcher of this process runs (or this one was started before);
    ///   `.cannotStart`, `.cannotWatch` where the kernel refuses.
    public func start() async throws(FolderWatcherError) -> AsyncStream<FolderEvent> {
        let isFirst = InotifyFolderWatcher.isClaimed.withLock { claimed in
            defer { claimed = true }
            return !claimed
        }
        guard isFirst else { throw .alreadyRunning }
        // Bounded: a reader that stalls makes us forget events and say so, not fill the memory.
        let (stream, continuation) = AsyncStream.makeStream(
            of: FolderEvent.self, bufferingPolicy: .bufferingOldest(65_536))
        continuation.onTermination = { [weak self] _ in self?.stop() }

        let started: Result<Void, FolderWatcherError> = await withCheckedContinuation { ready in
            let thread = Thread { [self] in
                // `ready` is resumed exactly once: when the first watches stand, or with what went wrong.
                let outbox = EventOutbox(continuation)
                do throws(FolderWatcherError) {
                    let wakeFile = WakeFile()
                    let session = try InotifySession(folder: folder, wakeFile: wakeFile, outbox: outbox)
                    bell.withLock { $0 = wakeFile }
                    ready.resume(returning: .success(()))
                    while !isStopping.load(ordering: .acquiring) { session.step() }
                    bell.withLock { $0 = nil }
                    session.end()
                    InotifyFolderWatcher.isClaimed.withLock { $0 = false }
                } catch {
                    InotifyFolderWatcher.isClaimed.withLock { $0 = false }
                    ready.resume(returning: .failure(error))
                }
                continuation.finish()
            }
            thread.name = "inotify"
            thread.start()
        }
        try started.get()
        return stream
    }

    public func stop() {
        isStopping.store(true, ordering: .releasing)
        bell.withLock { $0?.ring() }
    }
}

/// Hands events to the stream; where the stream is full it remembers that something was lost.
struct EventOutbox {
    private let continuation: AsyncStream<FolderEvent>.Continuation
    private var hasLost = false

    init(_ continuation: AsyncStream<FolderEvent>.Continuation) { self.continuation = continuation }

    mutating func send(_ event: FolderEvent) {
        confessLoss()
        if case .dropped = continuation.yield(event) { hasLost = true }
    }

    /// Called also when nothing happens, so that a loss at the end of a burst is told too.
    mutating func confessLoss() {
        guard hasLost else { return }
        if case .enqueued = continuation.yield(.rescanNeeded(reason: "events came faster than they were read")) {
            hasLost = false
        }
    }
}

/// A file without a name whose change wakes `inotifytools_next_event`, which can wait only for inotify and only in
/// whole seconds: the self-pipe trick with the one kind of descriptor the library listens to.
final class WakeFile: Sendable {
    private let descriptor: CInt

    init?() {
        var template = Array((NSTemporaryDirectory() + "/interpretd-wake-XXXXXX").utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(template)
    }

    deinit { close(descriptor) }

    /// A path that leads to the file although it has no name.
    var path: String { "/proc/self/fd/\(descriptor)" }

    func ring() {
        // Where this fails the watcher notices a little later, at its next time-out.
        _ = pwrite(descriptor, [1] as [UInt8], 1, 0)
    }
}
