import Files
import Inbox
import Synchronization

/// The networks in use. They are exchanged while the daemon runs: who began with the old ones ends with them.
final class LiveModels: Sendable {
    struct InUse: Sendable {
        let store: ModelStore
        /// What the inbox's photos are done with.
        let processor: any PhotoProcessing
        /// The state of each model's folder when it was read, by the model's name.
        let folders: [String: FolderState]
    }

    private let inUse: Mutex<InUse>

    init(_ inUse: InUse) {
        self.inUse = Mutex(inUse)
    }

    var current: InUse { inUse.withLock { $0 } }
    var store: ModelStore { current.store }

    func exchange(for new: InUse) { inUse.withLock { $0 = new } }
}

/// What the pipeline does with photos: the networks that are in use when a photo's turn comes, and for suspects another
/// process.
struct LiveProcessor: PhotoProcessing {
    let live: LiveModels
    let isolated: IsolatedProcessor
    /// Tells this build of the program from others.
    let program: String

    var acceptsPhotos: Bool { live.current.processor.acceptsPhotos }

    var version: String {
        ([program] + live.store.inboxModels.map(\.sha256)).joined(separator: " ")
    }

    func process(_ photo: QueuedPhoto) async throws -> PhotoResult {
        photo.isSuspect ? try await isolated.process(photo) : try await live.current.processor.process(photo)
    }

    func didVanish(_ path: FilePath) async { await live.current.processor.didVanish(path) }
}
