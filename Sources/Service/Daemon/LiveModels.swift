import Execution
import Files
import Inbox
import Interpretation
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

    /// So many replaced networks of one name may still be at work when another one is loaded: memory for every change of a
    /// folder would have no end.
    static let mostReplaced = 2

    private struct Exchanged {
        var inUse: InUse
        var replaced: [Replaced] = []
    }

    /// A network that is no longer in use, as long as somebody has it.
    private struct Replaced {
        let name: String
        weak var session: InferenceSession?
    }

    private let exchanged: Mutex<Exchanged>

    init(_ inUse: InUse) {
        exchanged = Mutex(Exchanged(inUse: inUse))
    }

    var current: InUse { exchanged.withLock { $0.inUse } }
    var store: ModelStore { current.store }

    func exchange(for new: InUse) {
        exchanged.withLock { exchanged in
            let kept = Set(new.store.models.map { ObjectIdentifier($0.network.session) })
            exchanged.replaced += exchanged.inUse.store.models.compactMap { model in
                kept.contains(ObjectIdentifier(model.network.session))
                    ? nil : Replaced(name: model.name, session: model.network.session)
            }
            exchanged.inUse = new
        }
    }

    /// Whether as many replaced networks of one of these names are still at work as may be.
    func areManyReplaced(of names: Set<String>) -> Bool {
        // The references are kept until the lock is open: one of them may be the last, and a network's end takes a while.
        let (areMany, living) = exchanged.withLock { exchanged in
            let living = exchanged.replaced.map(\.session)
            exchanged.replaced = zip(exchanged.replaced, living).filter { $0.1 != nil }.map(\.0)
            let counts = Dictionary(grouping: exchanged.replaced, by: \.name).mapValues(\.count)
            return (names.contains { counts[$0, default: 0] >= Self.mostReplaced }, living)
        }
        return withExtendedLifetime(living) { areMany }
    }
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
        "\(program) \(live.store.judge?.everything ?? "")"
    }

    func process(_ photo: QueuedPhoto) async throws -> PhotoResult {
        photo.isSuspect ? try await isolated.process(photo) : try await live.current.processor.process(photo)
    }

    func didVanish(_ path: FilePath) async { await live.current.processor.didVanish(path) }
}
