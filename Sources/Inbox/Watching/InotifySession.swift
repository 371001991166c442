import CInotifyTools
import Files
import Glibc

/// Everything that calls libinotifytools. Lives and dies on the watcher's thread.
///
/// What to know about the library (3.22):
/// - `inotifytools_next_event` counts in whole seconds, and takes 0 for "for ever"; `inotifytools_next_events(0, 1)`
///   is the one that does not wait. It hands out events from a static buffer that outlives
///   `inotifytools_cleanup`, so the buffer is emptied before that.
/// - It finds a folder's name by watch descriptor, and does not notice renames: after a folder has moved, all names
///   below it are wrong and cannot be mended (setting a name leaves its search tree in disorder). A moved folder
///   therefore means starting afresh, which the receiver sees as a demand for a scan.
/// - `inotifytools_watch_recursively` follows symbolic links, also in circles and out of the inbox; the walk here
///   does not.
/// - The record of a deleted folder stays until cleanup: some hundred bytes each.
final class InotifySession {
    private static let mask =
        CInt(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
        | CInt(bitPattern: UInt32(IN_ONLYDIR) | UInt32(IN_DONT_FOLLOW))
    /// Deleted folders after which the library's records are thrown away by starting afresh.
    private static let mostStaleRecords = 10_000

    private let folder: FilePath
    private let wakeFile: WakeFile?
    private var outbox: EventOutbox
    private var staleRecords = 0
    private var isWatching = false
    /// The kernel watches no more folders: what happens in those that are left out is found by looking.
    private var isAtLimit = false
    private var lastLook = ContinuousClock.now
    /// How often is looked then, in seconds.
    private static let lookInterval = 10

    /// Watches `folder` and everything below it.
    init(folder: FilePath, wakeFile: WakeFile?, outbox: EventOutbox) throws(FolderWatcherError) {
        self.folder = folder
        self.wakeFile = wakeFile
        self.outbox = outbox
        try begin()
    }

    /// Waits for one event and handles it; returns after a while also without one.
    func step() {
        guard isWatching else {
            if isAtLimit { return lookAround() }
            // The inbox is gone: an unmounted card, a share that is down. Look for it twice a second.
            poll(nil, 0, 500)
            if FolderPresence.isFolder(folder) { restart(because: "the inbox is back") }
            return
        }
        if isAtLimit, lastLook.duration(to: .now) >= .seconds(Self.lookInterval) { look() }
        let patience = wakeFile == nil ? 1 : isAtLimit ? Self.lookInterval : 60
        guard let event = inotifytools_next_event(CLong(patience)) else {
            outbox.confessLoss()
            let errorNumber = inotifytools_error()
            if errorNumber != 0, errorNumber != EINTR {
                restart(because: "inotify failed: \(String(cString: strerror(errorNumber)))")
            }
            return
        }
        handle(event)
    }

    /// Without a single watch: looks now and then, and tries whether there are watches again.
    private func lookAround() {
        poll(nil, 0, 500)
        guard lastLook.duration(to: .now) >= .seconds(Self.lookInterval) else { return }
        do {
            try begin()
            look()
        } catch {
            isAtLimit = false
            outbox.send(.inboxLost)
        }
    }

    private func look() {
        lastLook = .now
        outbox.send(.lookAround)
    }

    /// Gives everything back to the library and the kernel.
    func end() {
        while inotifytools_next_events(0, 1) != nil {}
        inotifytools_cleanup()
        isWatching = false
    }

    private func begin() throws(FolderWatcherError) {
        // select(2) in the library writes outside its set for descriptors from FD_SETSIZE on.
        let probe = open("/dev/null", O_RDONLY | O_CLOEXEC)
        if probe >= 0 { close(probe) }
        guard probe < FD_SETSIZE - 1 else { throw .tooManyOpenFiles }
        let wasAtLimit = isAtLimit
        isAtLimit = false
        guard inotifytools_initialize() != 0 else {
            let errorNumber = inotifytools_error()
            guard errorNumber == EMFILE, FolderPresence.isFolder(folder) else {
                throw .cannotStart(errorNumber: errorNumber)
            }
            return goWithout(.cannotStart(errorNumber: errorNumber), again: wasAtLimit)
        }
        if let wakeFile { inotifytools_watch_file(wakeFile.path, CInt(IN_MODIFY)) }
        staleRecords = 0
        if let errorNumber = watch(folder) {
            end()
            guard errorNumber == ENOSPC else { throw .cannotWatch(folder, errorNumber: errorNumber) }
            return goWithout(.cannotWatch(folder, errorNumber: errorNumber), again: wasAtLimit)
        }
        watchFolders(below: folder)
        isWatching = true
    }

    private func goWithout(_ error: FolderWatcherError, again: Bool) {
        isAtLimit = true
        isWatching = false
        if !again { outbox.send(.unwatched(folder, reason: "\(error)")) }
    }

    private func restart(because reason: String) {
        if isWatching { end() }
        do {
            try begin()
            outbox.send(.rescanNeeded(reason: reason))
        } catch {
            outbox.send(.inboxLost)
        }
    }

    private func handle(_ event: UnsafeMutablePointer<inotify_event>) {
        let mask = event.pointee.mask
        func has(_ flag: Int32) -> Bool { mask & UInt32(bitPattern: flag) != 0 }

        if has(Int32(IN_Q_OVERFLOW)) { return restart(because: "the kernel's event queue overflowed") }
        guard let watched = inotifytools_filename_from_wd(event.pointee.wd) else { return }
        let container = FilePath(bytes: Array(UnsafeRawBufferPointer(start: watched, count: strlen(watched))))
        guard let namePointer = inotify_event_name(event) else {
            if container == folder, has(Int32(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) {
                end()
                outbox.send(.inboxLost)
            }
            return
        }
        let name = Array(UnsafeRawBufferPointer(start: namePointer, count: strlen(namePointer)))
        let path = container.appending(name)
        if has(Int32(IN_ISDIR)) {
            guard InboxRules.isWatchedFolder(name: name) else { return }
            if has(Int32(IN_CREATE | IN_MOVED_TO)) {
                // Watch first, scan afterwards: what is written in between is seen twice rather than never.
                watchOrReport(path)
                watchFolders(below: path)
                outbox.send(.folderAppeared(path))
            } else if has(Int32(IN_MOVED_FROM)) {
                restart(because: "the folder \(path) was moved")
            } else if has(Int32(IN_DELETE)) {
                staleRecords += 1
                if staleRecords > InotifySession.mostStaleRecords { restart(because: "many folders were deleted") }
            }
        } else if InboxRules.isPhoto(name: name) {
            // A name may be given to a file that is complete and is never closed after writing: by link, and by linkat to
            // one that had no name. Whether anybody still writes to it, settling finds out.
            if has(Int32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE)) {
                outbox.send(.touched(path))
            } else if has(Int32(IN_DELETE | IN_MOVED_FROM)) {
                outbox.send(.removed(path))
            }
        } else if let photo = InboxRules.photo(ofSidecar: name) {
            if has(Int32(IN_DELETE | IN_MOVED_FROM)) { outbox.send(.sidecarRemoved(of: container.appending(photo))) }
        } else if InboxRules.isUnread(name: name) {
            if has(Int32(IN_CLOSE_WRITE | IN_MOVED_TO)) {
                // A nameless file that is closed is told under a name that nobody has: `#1234`.
                guard let status = try? FileStatus(of: path), status.kind == .regular else { return }
                outbox.send(.otherFile(path, isThere: true))
            } else if has(Int32(IN_DELETE | IN_MOVED_FROM)) {
                outbox.send(.otherFile(path, isThere: false))
            }
        }
    }

    private func watchFolders(below top: FilePath) {
        var waiting = [top]
        while let next = waiting.popLast() {
            for child in FolderPresence.watchedFolders(in: next) {
                watchOrReport(child)
                waiting.append(child)
            }
        }
    }

    private func watchOrReport(_ path: FilePath) {
        guard let errorNumber = watch(path), errorNumber != ENOENT, errorNumber != ENOTDIR else { return }
        if errorNumber == ENOSPC { isAtLimit = true }
        outbox.send(.unwatched(path, reason: FolderWatcherError.explanation(ofWatchError: errorNumber)))
    }

    /// Returns `errno` where the folder cannot be watched.
    private func watch(_ path: FilePath) -> CInt? {
        guard path.withCString({ inotifytools_watch_file($0, InotifySession.mask) }) == 0 else { return nil }
        return inotifytools_error()
    }
}
