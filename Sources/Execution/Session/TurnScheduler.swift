/// Who has a session, who waits for it, and who comes next: earliest due time first (Liu and Layland 1973), where an
/// asker's time is when it began to wait plus its patience.
///
/// A plain value without clock or thread: the caller says what time it is.
package struct TurnScheduler: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package struct Asker: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private struct Entry {
        let asker: Asker
        let urgency: Urgency
        let since: Instant

        var due: Instant { since.advanced(by: urgency.patience) }
    }

    /// Askers of equal urgency change places no more often than this: the first piece after a change finds nothing of
    /// its own in the processor's caches.
    package static let quantum = Duration.milliseconds(250)

    private var holder: Entry?
    /// In the order in which they came.
    private var waiting: [Entry] = []
    private var askers: UInt64 = 0

    package init() {}

    package var isHeld: Bool { holder != nil }
    package var waitingCount: Int { waiting.count }

    /// Somebody wants a turn.
    ///
    /// - Returns: who that is, and whether its turn has begun; otherwise ``release(at:)`` names it some time.
    package mutating func ask(_ urgency: Urgency, at now: Instant) -> (asker: Asker, begins: Bool) {
        askers += 1
        let entry = Entry(asker: Asker(number: askers), urgency: urgency, since: now)
        guard holder != nil else {
            holder = entry
            return (entry.asker, true)
        }
        waiting.append(entry)
        return (entry.asker, false)
    }

    /// The turn is over.
    ///
    /// - Returns: whose turn begins now; nil where nobody waits.
    package mutating func release(at now: Instant) -> Asker? {
        holder = nil
        guard let next = firstDue else { return nil }
        let entry = waiting.remove(at: next)
        holder = Entry(asker: entry.asker, urgency: entry.urgency, since: now)
        return entry.asker
    }

    /// Whether the holder, at the end of a piece, should let another have its turn: one that is due before the holder
    /// would be if it began to wait now. Between equals the holder keeps its turn for a ``quantum``.
    package func isWanted(at now: Instant) -> Bool {
        guard let holder, let next = firstDue else { return false }
        return waiting[next].due.advanced(by: TurnScheduler.quantum) < now.advanced(by: holder.urgency.patience)
    }

    /// The holder gives its turn up and asks for another.
    ///
    /// - Returns: the holder under its new name, and whose turn begins now: perhaps its own.
    package mutating func passOn(at now: Instant) -> (asker: Asker, next: Asker)? {
        guard let held = holder else { return nil }
        askers += 1
        let again = Entry(asker: Asker(number: askers), urgency: held.urgency, since: now)
        waiting.append(again)
        guard let next = release(at: now) else { return nil }
        return (again.asker, next)
    }

    /// The index of the first among those that wait; of equals the one that came first.
    private var firstDue: Int? {
        waiting.indices.min {
            (waiting[$0].due, waiting[$0].asker.number) < (waiting[$1].due, waiting[$1].asker.number)
        }
    }
}
