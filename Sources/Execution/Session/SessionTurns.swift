import Synchronization

/// The turns of one session: one asker has it at a time, and says after each piece of work that it gets on.
final class SessionTurns: Sendable {
    private struct State {
        var scheduler = TurnScheduler()
        var continuations: [TurnScheduler.Asker: CheckedContinuation<Void, Never>] = [:]
        var lastSign = ContinuousClock.now
    }

    private let state = Mutex(State())

    /// Waits for a turn.
    func take(_ urgency: Urgency) async {
        await withCheckedContinuation { continuation in
            let begins = state.withLock { state in
                let answer = state.scheduler.ask(urgency, at: .now)
                if answer.begins { state.lastSign = .now } else { state.continuations[answer.asker] = continuation }
                return answer.begins
            }
            if begins { continuation.resume() }
        }
    }

    /// Ends the turn.
    func release() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let next = state.scheduler.release(at: .now) else { return nil }
            state.lastSign = .now
            return state.continuations.removeValue(forKey: next)
        }
        next?.resume()
    }

    /// Whether the holder should ``passOn()`` as soon as it can.
    var isWanted: Bool { state.withLock { $0.scheduler.isWanted(at: .now) } }

    /// Lets whoever is first in line have the session, and waits for the next turn.
    func passOn() async {
        await withCheckedContinuation { continuation in
            let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard let passed = state.scheduler.passOn(at: .now) else { return continuation }
                state.lastSign = .now
                if passed.next == passed.asker { return continuation }
                state.continuations[passed.asker] = continuation
                return state.continuations.removeValue(forKey: passed.next)
            }
            next?.resume()
        }
    }

    /// The holder's work gets on.
    func noteProgress() { state.withLock { $0.lastSign = .now } }

    /// How long the holder has given no sign of progress; zero where nobody has the session.
    var stalled: Duration {
        state.withLock { $0.scheduler.isHeld ? $0.lastSign.duration(to: .now) : .zero }
    }
}
