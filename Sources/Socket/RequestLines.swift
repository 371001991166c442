public import Foundation
public import WireProtocol

extension RequestHandling {
    /// Carries out one request that did not come over a connection of the socket.
    ///
    /// The lines are those that a client at the socket would read: progress as it comes, then the answer, then the end.
    /// Who stops reading has the request cancelled. Files cannot be sent this way.
    ///
    /// - Parameter connection: a number for logs.
    public func lines(
        answering request: Request, events: EventHub, connection: UInt64
    ) -> AsyncStream<Data> {
        // Progress is at most ten lines a second, so that nothing piles up where the reader is slow.
        let (lines, continuation) = AsyncStream.makeStream(of: Data.self)
        let id = request.id ?? .null
        let reporter = ProgressReporter(id: id)
        let context = RequestContext(
            connection: connection, events: events, reporter: reporter, files: nil, passed: nil)
        let work = Task {
            async let progress: Void = {
                for await update in reporter.notifications {
                    let line = try? ServerNotification(method: RPCMethods.progressNotification, params: update).line()
                    if let line { continuation.yield(line) }
                }
            }()
            let outcome: Result<JSONText, RPCError>
            do throws(RPCError) {
                outcome = .success(try await handle(request, context: context))
            } catch {
                outcome = .failure(Task.isCancelled ? RPCError(.cancelled, "the request was cancelled") : error)
            }
            reporter.finish()
            await progress
            do {
                continuation.yield(try Reply(id: id, outcome: outcome).line())
            } catch {
                let failure = RPCError(.internal, "the answer cannot be written: \(error)")
                if let line = try? Reply(id: id, outcome: .failure(failure)).line() { continuation.yield(line) }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in work.cancel() }
        return lines
    }

    /// Carries out one request that did not come over a connection of the socket, and whose result is a file.
    ///
    /// - Parameters:
    ///   - connection: a number for logs.
    ///   - send: gets the file's parts in order; the next one is read when it returns.
    /// - Returns: the result, once all parts were taken.
    /// - Throws: the error of the answer.
    public func file(
        answering request: Request, events: EventHub, connection: UInt64,
        send: @escaping @Sendable (FilePart) async throws -> Void
    ) async throws(RPCError) -> JSONText {
        let files = FileSender(id: request.id ?? .null, send: send)
        return try await handle(
            request,
            context: RequestContext(connection: connection, events: events, reporter: nil, files: files, passed: nil))
    }
}
