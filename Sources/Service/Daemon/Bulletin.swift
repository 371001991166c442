import Synchronization

/// What parts of the daemon know of themselves and `status` says.
final class Bulletin: Sendable {
    private struct Entries {
        var page: String?
        var waitingReload: String?
    }

    private let entries = Mutex(Entries())

    /// Where the evidence page is served; nil where it is not, or not yet.
    var page: String? {
        get { entries.withLock { $0.page } }
        set { entries.withLock { $0.page = newValue } }
    }

    /// Why a signal to read configuration and networks again is not obeyed yet; nil where none waits.
    var waitingReload: String? {
        get { entries.withLock { $0.waitingReload } }
        set { entries.withLock { $0.waitingReload = newValue } }
    }
}
