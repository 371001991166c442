import Foundation
import Hummingbird
import ServiceLifecycle

/// An answer that comes piece by piece.
enum WebStream {
    /// How often something is sent while there is nothing to say: only so is it noticed that a client has gone.
    static let heartbeat = Duration.seconds(2)

    /// Writes `pieces` as they come, and `beat` in between, until they end, the client goes, or the daemon stops.
    static func body(
        of pieces: some AsyncSequence<Data, Never> & Sendable, beat: String,
        whenEnded: @escaping @Sendable () async -> Void = {}
    ) -> ResponseBody {
        ResponseBody { writer in
            do {
                try await write(pieces, beat: beat, to: &writer)
                await whenEnded()
            } catch {
                await whenEnded()
                throw error
            }
            try await writer.finish(nil)
        }
    }

    private static func write(
        _ pieces: some AsyncSequence<Data, Never> & Sendable, beat: String, to writer: inout any ResponseBodyWriter
    ) async throws {
        let (merged, continuation) = AsyncStream.makeStream(of: Data.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await piece in pieces { continuation.yield(piece) }
                continuation.finish()
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: heartbeat)
                    continuation.yield(Data(beat.utf8))
                }
            }
            group.addTask {
                try? await gracefulShutdown()
                continuation.finish()
            }
            for await piece in merged { try await writer.write(ByteBuffer(bytes: piece)) }
            group.cancelAll()
        }
    }
}
