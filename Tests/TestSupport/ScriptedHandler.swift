package import Foundation
package import Socket
import Synchronization
package import WireProtocol

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
package final class ScriptedHandler: RequestHandling {
    /// Requests that were begun, and those that were cancelled, by method.
    private let counts = Mutex<(begun: [String: Int], cancelled: [String: Int])>(([:], [:]))

    private let isReleased = Mutex(false)

    package init() {}

    package func release() { isReleased.withLock { $0 = true } }
    package func begun(_ method: String) -> Int { counts.withLock { $0.begun[method, default: 0] } }
    package func cancelled(_ method: String) -> Int { counts.withLock { $0.cancelled[method, default: 0] } }

    /// Bytes of the file that `send` sends; no period of theirs divides a part.
    package static func noise(_ range: Range<Int>) -> Data {
        Data(range.map { UInt8(truncatingIfNeeded: ($0 % 251) ^ ($0 >> 12)) })
    }

    package func handle(_ request: Request, context: RequestContext) async throws(RPCError) -> JSONText {
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
