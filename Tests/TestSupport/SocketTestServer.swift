package import Logging
import ServiceLifecycle
package import Socket
package import WireProtocol

/// A server in a service group of its own, at a path of its own.
package struct SocketTestServer: Sendable {
    package let path: String
    package let events: EventHub
    private let group: ServiceGroup

    package var client: SocketTestClient {
        get throws { try SocketTestClient(path: path) }
    }

    /// Whether a new connection gets an answer. One that there is no place for ends while it is still written to.
    ///
    /// - Parameter padding: blanks after the request, which count as its bytes.
    package func answersOneMore(padding: Int = 0) async -> Bool {
        guard let client = try? client else { return false }
        do {
            try await client.request("echo", id: 1, params: "{}" + String(repeating: " ", count: padding))
            return try await client.reply().id == 1
        } catch {
            return false
        }
    }

    package func shutDown() async {
        await group.triggerGracefulShutdown()
    }

    /// Runs a server while `body` does, then shuts it down.
    package static func with(
        _ handler: any RequestHandling = ScriptedHandler(), limits: SocketLimits = SocketLimits(),
        rights: Set<Right> = Set(Right.allCases), path: String? = nil, endpoint: SocketServer.Endpoint? = nil,
        use: SocketUse = SocketUse(),
        _ body: (SocketTestServer) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let path = path ?? folder.path + "/interpretd.sock"
        let events = EventHub(capacity: 8)
        let (listening, continuation) = AsyncStream.makeStream(of: Void.self)
        let server = SocketServer(
            endpoint: endpoint ?? .path(path), handler: handler, events: events, limits: limits,
            rights: { _ in rights }, use: use, logger: .silent
        ) { continuation.finish() }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: .silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { continuation.finish() }
                try await group.run()
            }
            for await _ in listening {}
            do {
                try await body(SocketTestServer(path: path, events: events, group: group))
            } catch {
                tasks.cancelAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        withExtendedLifetime(folder) {}
    }
}

extension Logger {
    package static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
