public import Files
import Glibc

/// Something that happened in the inbox. Each is a hint to look, never proof: the receiver looks at the disk.
public enum FolderEvent: Hashable, Sendable {
    /// A photo was closed after writing, moved in, or linked in.
    case touched(FilePath)
    /// A photo was deleted or moved away.
    case removed(FilePath)
    /// A folder was made or moved in. It and all below it are watched already; what it held before must be scanned.
    case folderAppeared(FilePath)
    /// Events were lost (the kernel's queue overflowed, or a folder was moved): everything must be scanned.
    case rescanNeeded(reason: String)
    /// The watched folder itself is gone (deleted, unmounted). The watcher waits for it to come back and then sends
    /// ``rescanNeeded(reason:)``.
    case inboxLost
    /// A folder below the inbox cannot be watched; only scans will see its photos.
    case unwatched(FilePath, reason: String)
}

/// Tells what happens in a folder and below it.
///
/// A protocol, so that the one GPL library stays replaceable (fanotify, kqueue, a test's own hand).
public protocol FolderWatcher: Sendable {
    /// Starts watching. On return every folder is watched: what changes from now on is in the stream, so a scan that
    /// starts afterwards misses nothing. The stream ends after ``stop()``.
    func start() async throws(FolderWatcherError) -> AsyncStream<FolderEvent>

    /// Stops watching and ends the stream, promptly. May be called at any time, from anywhere, more than once.
    func stop()
}

/// Why a folder is not watched.
public enum FolderWatcherError: Error, Hashable, Sendable, CustomStringConvertible {
    /// libinotifytools keeps its state in globals: one watcher a process.
    case alreadyRunning
    case cannotStart(errorNumber: CInt)
    case cannotWatch(FilePath, errorNumber: CInt)
    /// `select(2)` inside libinotifytools cannot wait for a descriptor this large.
    case tooManyOpenFiles

    public var description: String {
        switch self {
        case .alreadyRunning:
            "a folder is watched already; this process can watch one inbox, start another interpretd for another one"
        case .cannotStart(let errorNumber):
            "cannot start inotify: \(String(cString: strerror(errorNumber)))"
                + (errorNumber == EMFILE ? "; raise fs.inotify.max_user_instances (sysctl)" : "")
        case .cannotWatch(let path, let errorNumber):
            "cannot watch \(path): \(FolderWatcherError.explanation(ofWatchError: errorNumber))"
        case .tooManyOpenFiles:
            "cannot start inotify: more than a thousand files are open already; start the watcher earlier"
        }
    }

    /// What `errno` of inotify_add_watch(2) means; ENOSPC has nothing to do with disks there.
    static func explanation(ofWatchError errorNumber: CInt) -> String {
        switch errorNumber {
        case ENOSPC: "the limit of watched folders is reached; raise fs.inotify.max_user_watches (sysctl)"
        case EACCES: "permission denied; give the daemon's user the right to read it"
        case ENOENT: "it does not exist; make the folder or name another with --inbox"
        case ENOTDIR: "it is not a folder; name a folder with --inbox"
        default: String(cString: strerror(errorNumber))
        }
    }
}
