import Foundation

/// What plans compute in, of all sessions together: how much they hold, and how much they may.
///
/// Where there is no room for one more, what sessions keep for later goes, whichever of them keeps it: the least recently
/// used first. What is computed in at that moment stays, and whoever needs its room waits for it.
public final class PlanMemory: @unchecked Sendable {
    /// Of all sessions that are not told otherwise.
    public static let shared = PlanMemory()

    private struct WeakStore {
        weak var store: (any KeepingForLater)?
    }

    private let lock = NSLock()
    private let patience: Duration
    // Everything below is touched under the lock only.
    private var bytes = 0
    private var bound: Int
    private var uses: UInt64 = 0
    private var stores: [WeakStore] = []

    /// - Parameters:
    ///   - limit: see ``limit``.
    ///   - patience: how long a session waits for what others compute in.
    public init(limit: Int = .max, patience: Duration = .seconds(20)) {
        bound = limit
        self.patience = patience
    }

    /// Bytes that all plans may hold together, those that are kept for later included. A plan that is larger by itself is
    /// refused before anything is allocated. Part of the program's configuration; where it shrinks, it holds for what is
    /// allocated from then on.
    public var limit: Int {
        get { lock.withLock { bound } }
        set { lock.withLock { bound = newValue } }
    }

    /// Bytes that plans hold now.
    public var held: Int { lock.withLock { bytes } }

    // MARK: Taking and giving back

    /// Takes `count` bytes for a session.
    ///
    /// - Throws: `ExecutionError.planTooLarge` where they cannot be had beside what the session itself computes in;
    ///   `.memoryInUse` where others have gone on to compute in them for too long.
    func take(_ count: Int, for share: PlanShare) throws(ExecutionError) {
        let end = ContinuousClock.now + patience
        while true {
            let (taken, limit, own) = lock.withLock { () -> (Bool, Int, Int) in
                guard bytes + count <= bound else { return (false, bound, share.held) }
                bytes += count
                share.held += count
                return (true, bound, share.held)
            }
            if taken { return }
            guard count <= limit else { throw .planTooLarge(bytes: count, limit: limit) }
            if letOldestGo() { continue }
            // Only what is computed in is left; of that, only others' can become free before this is done.
            guard own + count <= limit else { throw .planTooLarge(bytes: own + count, limit: limit) }
            guard ContinuousClock.now < end else { throw .memoryInUse(bytes: count, limit: limit) }
            share.isWaiting()
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    func giveBack(_ count: Int, of share: PlanShare) {
        lock.withLock {
            bytes -= count
            share.held -= count
        }
    }

    // MARK: What is kept for later

    /// A number for what is used now, larger than those before.
    func use() -> UInt64 {
        lock.withLock {
            uses += 1
            return uses
        }
    }

    func add(_ store: any KeepingForLater) {
        let living = lock.withLock {
            let living = livingStores
            stores = living.map(WeakStore.init) + [WeakStore(store: store)]
            return living
        }
        withExtendedLifetime(living) {}
    }

    /// Whoever asks keeps the answer until the lock is open again: a store's last reference may be the one in it, and what
    /// ends with the store gives its memory back, under the lock. Asked for under the lock.
    private var livingStores: [any KeepingForLater] { stores.compactMap(\.store) }

    /// - Returns: whether something was kept that nobody computes in.
    private func letOldestGo() -> Bool {
        let stores = lock.withLock { livingStores }
        let oldest = stores.compactMap { store in store.oldestUse.map { (store: store, use: $0) } }
            .min { $0.use < $1.use }
        guard let oldest else { return false }
        oldest.store.letOldestGo()
        return true
    }
}

/// A session's part of a ``PlanMemory``.
final class PlanShare: @unchecked Sendable {
    let memory: PlanMemory
    /// Called again and again while the session waits for others.
    let isWaiting: @Sendable () -> Void
    /// Bytes that the session's plans hold. Touched under the memory's lock only.
    fileprivate(set) var held = 0

    init(of memory: PlanMemory, isWaiting: @escaping @Sendable () -> Void = {}) {
        self.memory = memory
        self.isWaiting = isWaiting
    }
}
