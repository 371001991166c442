import Foundation
import Logging
import ServiceLifecycle
import Socket
import Synchronization
import Testing
import WireProtocol

/// A server in a service group of its own, at a path of its own.
struct SocketTestServer: Sendable {
    let path: String
    let events: EventHub
    private let group: ServiceGroup

    var client: SocketTestClient {
        get throws { try SocketTestClient(path: path) }
    }

    func shutDown() async {
        await group.triggerGracefulShutdown()
    }

    /// Runs a server while `body` does, then shuts it down.
    static func with(
        _ handler: any RequestHandling = ScriptedHandler(), limits: SocketLimits = SocketLimits(),
        path: String? = nil, endpoint: SocketServer.Endpoint? = nil,
        _ body: (SocketTestServer) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let path = path ?? folder.path + "/interpretd.sock"
        let events = EventHub(capacity: 8)
        let (listening, continuation) = AsyncStream.makeStream(of: Void.self)
        let server = SocketServer(
            endpoint: endpoint ?? .path(path), handler: handler, events: events, limits: limits, logger: .silent
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
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// A folder that lives as long as this object; its path is short, as a socket's must be.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/itd-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Answers methods made for tests of the connection:
///
/// | method | does |
/// |---|---|
/// | `echo` | returns its parameters |
/// | `hold` | waits until it is cancelled |
/// | `wait` | returns `{}` once `release()` was called |
/// | `fill` | `{"bytes":n}`: returns a string of that length |
/// | `advance` | reports progress, then returns `{}` |
/// | `send` | `{"bytes":n}`: sends a file of that size, then returns what the result says of it |
final class ScriptedHandler: RequestHandling {
    /// Requests that were begun, and those that were cancelled, by method.
    private let counts = Mutex<(begun: [String: Int], cancelled: [String: Int])>(([:], [:]))

    private let isReleased = Mutex(false)

    func release() { isReleased.withLock { $0 = true } }
    func begun(_ method: String) -> Int { counts.withLock { $0.begun[method, default: 0] } }
    func cancelled(_ method: String) -> Int { counts.withLock { $0.cancelled[method, default: 0] } }

    /// Bytes of the file that `send` sends; no period of theirs divides a part.
    static func noise(_ range: Range<Int>) -> Data {
        Data(range.map { UInt8(truncatingIfNeeded: ($0 % 251) ^ ($0 >> 12)) })
    }

    func handle(_ request: Request, context: RequestContext) async throws(RPCError) -> JSONText {
        counts.withLock { $0.begun[request.method, default: 0] += 1 }
        let numbers = (try? request.params.decoded(as: [String: Int].self)) ?? [:]
        do {
            switch request.method {
            case "echo":
                return request.params
            case "hold":
                try await Task.sleep(for: .seconds(60))
                return .emptyObject
            case "wait":
                while !isReleased.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
                return .emptyObject
            case "fill":
                return try JSONText(encoding: String(repeating: "x", count: numbers["bytes"] ?? 0))
            case "send":
                guard let files = context.files else { throw RPCError(.invalidRequest, "no id") }
                let size = numbers["bytes"] ?? 0
                let file = try await files.send("noise.bin", size: size) { range in
                    counts.withLock { $0.begun["part", default: 0] += 1 }
                    return ScriptedHandler.noise(range)
                }
                return try JSONText(encoding: file)
            case "advance":
                context.progress(fraction: 0.5, message: "half")
                try await Task.sleep(for: .milliseconds(150))
                context.progress(fraction: 2)
                return .emptyObject
            default:
                throw RPCError(.methodNotFound, "no method '\(request.method)'")
            }
        } catch let error as RPCError {
            throw error
        } catch {
            counts.withLock { $0.cancelled[request.method, default: 0] += 1 }
            throw RPCError(.internal, "\(error)")
        }
    }
}

/// Waits until something that another task does has happened.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now.advanced(by: .seconds(120))
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(20))
    }
    return try await condition()
}
