import Foundation

/// Keeps what takes memory, and can be asked to let some of it go.
protocol KeepingForLater: AnyObject, Sendable {
    /// When the least recently used of what nobody computes in was used; nil where there is nothing of the kind. See
    /// ``PlanMemory/use()``.
    var oldestUse: UInt64? { get }
    /// Lets that one go.
    func letOldestGo()
}

/// What a session has compiled and may want again.
///
/// Any thread may have something go that nobody holds but this: another session needs the room, and cannot wait until this
/// one has a turn. Whoever was handed a value holds it, and computes in it undisturbed.
final class KeptForLater<Key: Hashable, Value: AnyObject>: KeepingForLater, @unchecked Sendable {
    private struct Entry {
        let key: Key
        var value: Value
        var use: UInt64
    }

    private let memory: PlanMemory
    private let capacity: Int
    private let lock = NSLock()
    /// Most recently used last. Touched under the lock only.
    private var entries: [Entry] = []

    /// - Parameter capacity: how many are kept.
    init(_ capacity: Int, of memory: PlanMemory) {
        self.memory = memory
        self.capacity = max(capacity, 1)
        memory.add(self)
    }

    /// What is kept under a key, which counts as a use of it.
    func value(for key: Key) -> Value? {
        let use = memory.use()
        return lock.withLock {
            guard let known = entries.firstIndex(where: { $0.key == key }) else { return nil }
            var entry = entries.remove(at: known)
            entry.use = use
            entries.append(entry)
            return entry.value
        }
    }

    /// Where there is one too many afterwards, the least recently used goes.
    func keep(_ value: Value, for key: Key) {
        let use = memory.use()
        let gone = lock.withLock { () -> [Entry] in
            entries.append(Entry(key: key, value: value, use: use))
            defer { entries.removeFirst(max(entries.count - capacity, 0)) }
            return Array(entries.dropLast(capacity))
        }
        // Not under the lock: what goes gives memory back.
        extendLifetime(gone)
    }

    /// Puts another value in the place of one that is kept; where there is none any more, nothing is.
    func exchange(_ value: Value, for key: Key) {
        let old = lock.withLock { () -> Value? in
            guard let known = entries.firstIndex(where: { $0.key == key }) else { return nil }
            defer { entries[known].value = value }
            return entries[known].value
        }
        extendLifetime(old)
    }

    /// Lets the least recently used go, one after the other, until what is left is little enough.
    func letGo(until isLittle: ([Value]) -> Bool) {
        while true {
            let gone = lock.withLock { () -> Entry? in
                entries.isEmpty || isLittle(entries.map(\.value)) ? nil : entries.removeFirst()
            }
            guard let gone else { return }
            extendLifetime(gone)
        }
    }

    var oldestUse: UInt64? { lock.withLock { firstUnused.map { entries[$0].use } } }

    func letOldestGo() {
        let gone = lock.withLock { firstUnused.map { entries.remove(at: $0) } }
        extendLifetime(gone)
    }

    private var firstUnused: Int? { entries.indices.first { isKnownUniquelyReferenced(&entries[$0].value) } }
}
