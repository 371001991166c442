import Files
import Synchronization

/// What the pipeline's child tasks tell its conductor. News of one photo fall together, so a burst of events costs no
/// more memory than it has photos.
final class PipelineMailbox: Sendable {
    struct News: Sendable {
        /// What the disk said about a file.
        struct Look: Sendable {
            let path: FilePath
            /// The file as it is; `nil` where it is gone.
            let answer: Result<FileIdentity?, any Error>
            /// Whether its picture has an end, where that was looked at.
            let isWhole: Bool
        }

        /// Photos that something happened to; the disk says what.
        var touched: Set<FilePath> = []
        var looks: [Look] = []
        /// Folders that appeared.
        var folders: Set<FilePath> = []
        /// Everything is to be scanned.
        var scanAll = false
        /// Photos whose work has ended, one way or another.
        var finished: [FilePath] = []
        var admissionEnded = false
        /// Photos of a daemon that died about which it was decided.
        var recovered = 0
        var scanEnded = false
        var forgettingEnded = false
        /// Photos that failed may succeed now.
        var networksChanged = false
        /// The pipeline cannot go on.
        var fatal: CatalogError?
        /// The pipeline is to end. This stays set once it is set.
        var isStopping = false
    }

    private let news = Mutex(News())
    private let bell: AsyncStream<Void>.Continuation
    /// Yields whenever there is news; it is for one reader.
    let wakeups: AsyncStream<Void>

    init() {
        (wakeups, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func post(_ change: (inout News) -> Void) {
        news.withLock { change(&$0) }
        bell.yield()
    }

    /// Wakes the reader without news.
    func ring() { bell.yield() }

    /// All news since the last call.
    func take() -> News {
        news.withLock { news in
            let taken = news
            news = News(isStopping: taken.isStopping)
            return taken
        }
    }

    var isStopping: Bool { news.withLock { $0.isStopping } }
}
