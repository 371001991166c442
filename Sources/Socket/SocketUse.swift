import Synchronization

/// What a server's clients take of it now, as numbers by name.
public final class SocketUse: Sendable {
    private struct Parts {
        let connections: SocketConnections
        let requests: SocketBudget
        let passed: SocketBudget
        let files: PassedFiles?
    }

    private let parts = Mutex<Parts?>(nil)

    public init() {}

    func note(
        _ connections: SocketConnections, requests: SocketBudget, passed: SocketBudget, files: PassedFiles?
    ) {
        parts.withLock {
            $0 = Parts(connections: connections, requests: requests, passed: passed, files: files)
        }
    }

    /// Empty before the server listens.
    public var figures: [String: Double] {
        guard let parts = parts.withLock({ $0 }) else { return [:] }
        return [
            "connections": Double(parts.connections.count),
            "request_bytes_in_flight": Double(parts.requests.held),
            "request_bytes_limit": Double(parts.requests.limit),
            "passed_bytes_in_flight": Double(parts.passed.held),
            "passed_bytes_limit": Double(parts.passed.limit),
            "passed_files_waiting": Double(parts.files?.count ?? 0),
        ]
    }
}
