import Foundation
import HTTPTypes
import Hummingbird
import Socket
import Synchronization
import WireProtocol

/// `POST /report`: the parameters of `report` in the body, and its HTML file as the answer.
final class WebReports: Sendable {
    /// At a time: each makes pictures.
    private static let limit = 2
    private static let largestBody = 1 << 16

    private let handler: any RequestHandling
    private let events: EventHub
    private let running = Atomic(0)

    init(handler: any RequestHandling, events: EventHub) {
        self.handler = handler
        self.events = events
    }

    func add<Context: Hummingbird.RequestContext>(to router: Router<Context>) {
        router.post("/report") { request, _ in try await self.answer(request) }
    }

    private func answer(_ request: Hummingbird.Request) async throws -> Response {
        let body = try await request.body.collect(upTo: WebReports.largestBody)
        let asked: WireProtocol.Request
        do {
            let parameters = try JSONText(validating: Data(body.readableBytesView))
            asked = WireProtocol.Request(id: .number(1), method: RPCMethods.report.name, params: parameters)
        } catch {
            throw HTTPError(.badRequest, message: "the body should be the parameters of 'report': \(error)")
        }
        guard running.add(1, ordering: .relaxed).newValue <= WebReports.limit else {
            running.subtract(1, ordering: .relaxed)
            throw HTTPError(.serviceUnavailable, message: "\(WebReports.limit) reports are being made; wait for one")
        }
        let parts = Handover<Data>()
        let work = Task { [self] in
            defer { running.subtract(1, ordering: .relaxed) }
            do {
                _ = try await handler.file(answering: asked, events: events, connection: 0) { part in
                    try await parts.give(part.data)
                }
                await parts.finish()
            } catch {
                await parts.finish(error)
            }
        }
        let first: Data?
        do {
            // What goes wrong goes wrong before it: then there is a sentence to say.
            first = try await withTaskCancellationHandler {
                try await parts.take()
            } onCancel: {
                work.cancel()
            }
        } catch let error as RPCError {
            throw HTTPError(.badRequest, message: error.message)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/html; charset=utf-8", .contentDisposition: "attachment"],
            body: ResponseBody { writer in
                do {
                    var next = first
                    while let piece = next {
                        try await writer.write(ByteBuffer(bytes: piece))
                        next = try await parts.take()
                    }
                } catch {
                    work.cancel()
                    await parts.finish(error)
                    throw error
                }
                try await writer.finish(nil)
            })
    }
}
