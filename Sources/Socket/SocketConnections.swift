import Glibc
import Synchronization
import WireProtocol

/// The connections being served.
///
/// Where all places are taken, somebody who has asked nothing for a while makes room; of these first one of the user who
/// has most connections. Administrators have some places that nobody else gets.
final class SocketConnections: Sendable {
    enum Admission { case served, full, closing }

    private struct State {
        var open: [UInt64: SocketConnection] = [:]
        var lastNumber: UInt64 = 0
        var isDraining = false
    }

    private let limits: SocketLimits
    private let state = Mutex(State())

    init(limits: SocketLimits) { self.limits = limits }

    var count: Int { state.withLock { $0.open.count } }

    func nextNumber() -> UInt64 {
        state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    func add(_ connection: SocketConnection) -> Admission {
        let (admission, victim) = state.withLock { state -> (Admission, SocketConnection?) in
            guard !state.isDraining else { return (.closing, nil) }
            var victim: SocketConnection?
            let reserve = connection.rights.contains(.administrate) ? limits.administratorConnections : 0
            if state.open.count >= limits.connections + reserve {
                victim = mostIdle(of: state.open)
                guard let victim else { return (.full, nil) }
                state.open[victim.number] = nil
            }
            state.open[connection.number] = connection
            return (.served, victim)
        }
        victim?.abort()
        return admission
    }

    private func mostIdle(of open: [UInt64: SocketConnection]) -> SocketConnection? {
        var counts: [uid_t: Int] = [:]
        for connection in open.values { counts[connection.user, default: 0] += 1 }
        return open.values
            .compactMap { connection in connection.idleTime.map { (connection, time: $0) } }
            .filter { $0.time >= limits.idlePatience }
            .max { left, right in
                let (one, other) = (counts[left.0.user, default: 0], counts[right.0.user, default: 0])
                return one != other ? one < other : left.time < right.time
            }?.0
    }

    func remove(_ connection: SocketConnection) {
        state.withLock { _ = $0.open.removeValue(forKey: connection.number) }
    }

    /// Takes no more, and lets those that are there answer what is in flight.
    func drain() {
        let open = state.withLock { state in
            state.isDraining = true
            return Array(state.open.values)
        }
        for connection in open { connection.drain() }
    }

    func abort() {
        for connection in state.withLock({ Array($0.open.values) }) { connection.abort() }
    }
}
