public import Files
import Glibc

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
