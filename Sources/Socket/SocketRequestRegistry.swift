import Synchronization
import WireProtocol

/// The requests of one connection that are not answered yet.
final class SocketRequestRegistry: Sendable {
    typealias Work = Task<Result<JSONText, RPCError>, Never>

    /// Stands for a request from its admission to its answer; ids will not do, a notification has none.
    typealias Ticket = UInt64

    private struct Entry {
        /// Nil from the admission to the moment the work begins.
        var work: Work?
        var isCancelled = false
    }

    private struct State {
        enum Phase { case open, draining, closed }

        var phase = Phase.open
        var entries: [Ticket: Entry] = [:]
        var tickets: [RequestID: Ticket] = [:]
        var nextTicket: Ticket = 0
        var whenDrained: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether no request is in flight.
    var isEmpty: Bool { state.withLock { $0.entries.isEmpty } }

    /// - Throws: `RPCError` with `busy`, `shutting-down`, or `invalid-request` for an id that is in use.
    func admit(_ id: RequestID?) throws(RPCError) -> Ticket {
        let outcome = state.withLock { state -> Result<Ticket, RPCError> in
            guard state.phase == .open else {
                return .failure(RPCError(.shuttingDown, "the daemon is shutting down; try again when it is back"))
            }
            guard state.entries.count < limit else {
                return .failure(RPCError(.busy, "\(limit) requests of this connection are in flight; wait for one"))
            }
            let ticket = state.nextTicket
            if let id, id != .null {
                guard state.tickets[id] == nil else {
                    return .failure(RPCError(.invalidRequest, "a request with id \(id) is in flight; use another id"))
                }
                state.tickets[id] = ticket
            }
            state.nextTicket += 1
            state.entries[ticket] = Entry()
            return .success(ticket)
        }
        return try outcome.get()
    }

    /// Notes what to cancel, and cancels it where that was asked for already.
    func attach(_ work: Work, to ticket: Ticket) {
        let isCancelled = state.withLock { state in
            state.entries[ticket]?.work = work
            return state.phase == .closed || state.entries[ticket]?.isCancelled == true
        }
        if isCancelled { work.cancel() }
    }

    /// Frees the request's id. Before the answer is sent, since the client may use the id anew once it has read that.
    func release(_ id: RequestID?, of ticket: Ticket) {
        state.withLock { state in
            if let id, state.tickets[id] == ticket { state.tickets[id] = nil }
        }
    }

    /// Notes that the request is answered.
    func finish(_ ticket: Ticket) {
        let drained = state.withLock { state -> (@Sendable () -> Void)? in
            state.entries[ticket] = nil
            guard state.entries.isEmpty else { return nil }
            defer { state.whenDrained = nil }
            return state.whenDrained
        }
        drained?()
    }

    /// - Returns: whether such a request was in flight.
    func cancel(_ id: RequestID) -> Bool {
        let (isFound, work) = state.withLock { state -> (Bool, Work?) in
            let ticket = state.tickets[id] ?? state.tickets.first { $0.key.value == id }?.value
            guard let ticket, state.entries[ticket] != nil else { return (false, nil) }
            state.entries[ticket]?.isCancelled = true
            return (true, state.entries[ticket]?.work)
        }
        work?.cancel()
        return isFound
    }

    /// Admits no more, and calls back once the last request is answered.
    func drain(_ whenDrained: @escaping @Sendable () -> Void) {
        let isDrained = state.withLock { state in
            if state.phase == .open { state.phase = .draining }
            if !state.entries.isEmpty { state.whenDrained = whenDrained }
            return state.entries.isEmpty
        }
        if isDrained { whenDrained() }
    }

    /// Admits no more and cancels what is in flight.
    func close() {
        let work = state.withLock { state in
            state.phase = .closed
            return state.entries.values.compactMap(\.work)
        }
        for task in work { task.cancel() }
    }
}
