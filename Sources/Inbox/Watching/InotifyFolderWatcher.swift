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
