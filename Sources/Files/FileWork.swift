import Dispatch

/// Threads for calls that wait on a disk. Swift's cooperative pool has one thread a core; a slow network share
/// must not stop the socket from answering.
package enum FileWork {
    private static let queue = DispatchQueue(label: "interpretd.files", attributes: .concurrent)

    package static func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try work() }) }
        }
    }

    package static func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: work()) }
        }
    }
}
