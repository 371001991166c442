import Glibc
import Synchronization

/// The bytes of requests that all connections together may make the daemon hold: unfinished lines, and requests until they
/// are answered. No user gets more than half of them, so that nobody can take everything.
final class SocketBudget: Sendable {
    private struct State {
        var total = 0
        var byUser: [uid_t: Int] = [:]
    }

    let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: bytes.
    init(limit: Int) { self.limit = limit }

    /// - Returns: whether there was room.
    func take(_ bytes: Int, for user: uid_t) -> Bool {
        state.withLock { state in
            let mine = state.byUser[user, default: 0] + bytes
            guard state.total + bytes <= limit, mine <= limit / 2 else { return false }
            state.total += bytes
            state.byUser[user] = mine
            return true
        }
    }

    func give(_ bytes: Int, of user: uid_t) {
        state.withLock { state in
            state.total -= bytes
            let left = state.byUser[user, default: 0] - bytes
            state.byUser[user] = left > 0 ? left : nil
        }
    }

    /// Bytes that are held now.
    var held: Int { state.withLock { $0.total } }
}

/// Bytes of a budget that are given back when this goes out of use.
final class SocketBudgetShare: Sendable {
    private let budget: SocketBudget
    private let user: uid_t
    private let bytes = Atomic(0)

    init(of budget: SocketBudget, user: uid_t) {
        self.budget = budget
        self.user = user
    }

    deinit { budget.give(bytes.load(ordering: .relaxed), of: user) }

    /// - Returns: whether there was room.
    func grow(by count: Int) -> Bool {
        guard budget.take(count, for: user) else { return false }
        bytes.wrappingAdd(count, ordering: .relaxed)
        return true
    }

    /// Hands some of the bytes to another share.
    func split(_ count: Int) -> SocketBudgetShare {
        let part = SocketBudgetShare(of: budget, user: user)
        bytes.wrappingSubtract(count, ordering: .relaxed)
        part.bytes.wrappingAdd(count, ordering: .relaxed)
        return part
    }
}
