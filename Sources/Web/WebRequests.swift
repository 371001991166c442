import Foundation
import HTTPTypes
import Hummingbird
import Inbox
import Socket
import Synchronization
import WireProtocol

/// `POST /rpc`: a request of the socket in the body, and the lines that a client of the socket would read as the answer.
///
/// Only requests that read no other file than the inbox's photos, and write none, are answered.
struct WebRequests: Sendable {
    /// What the page may ask.
    static let methods: Set<String> = Set(
        [
            RPCMethods.version.name, RPCMethods.status.name, RPCMethods.models.name, RPCMethods.methods.name,
            RPCMethods.photos.name, RPCMethods.overview.name, RPCMethods.correct.name, RPCMethods.corrections.name,
            RPCMethods.metrics.name, RPCMethods.explain.name, RPCMethods.segment.name, RPCMethods.units.name,
            RPCMethods.project.name, RPCMethods.visualize.name,
        ])
    /// Photos come as uploads; this is for words.
    private static let largestBody = 1 << 20

    let handler: any RequestHandling
    let events: EventHub
    let photos: any PhotoLookup

    func add<Context: Hummingbird.RequestContext>(to router: Router<Context>) {
        router.post("/rpc") { request, _ in try await answer(request) }
    }

    private func answer(_ request: Hummingbird.Request) async throws -> Response {
        let body = try await request.body.collect(upTo: WebRequests.largestBody)
        let asked: WireProtocol.Request
        do {
            asked = try WireProtocol.Request(line: Data(body.readableBytesView))
        } catch {
            throw HTTPError(.badRequest, message: error.error.message)
        }
        guard WebRequests.methods.contains(asked.method) else {
            throw HTTPError(.forbidden, message: "'\(asked.method)' is asked for at the socket alone")
        }
        return WebRequests.stream(
            handler.lines(answering: try await checked(asked), events: events, connection: 0))
    }

    static func stream(_ lines: AsyncStream<Data>, whenEnded: @escaping @Sendable () async -> Void = {}) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: WebStream.body(of: lines, beat: "\n", whenEnded: whenEnded))
    }

    /// The request with a photo of the inbox or none. What was checked is what is handed on, and not the text, in which
    /// a member may stand twice.
    private func checked(_ request: WireProtocol.Request) async throws -> WireProtocol.Request {
        guard case .object(let members) = try request.params.decoded(as: JSONValue.self) else {
            throw HTTPError(.badRequest, message: "'params' should be an object")
        }
        if let photo = members["photo"] {
            guard let path = photo.stringValue, try await photos.known(path) != nil else {
                throw HTTPError(.notFound, message: "there is no such photo in the inbox")
            }
        }
        return WireProtocol.Request(
            id: request.id, method: request.method, params: try JSONText(encoding: JSONValue.object(members)))
    }
}

/// `GET /events`: what happens to photos, as server-sent events
/// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
struct WebEvents: Sendable {
    /// Pages that may listen at a time.
    private static let limit = 64

    let events: EventHub
    private let listeners = Listeners()

    private final class Listeners: Sendable {
        let count = Atomic(0)
    }

    init(events: EventHub) {
        self.events = events
    }

    func add<Context: Hummingbird.RequestContext>(to router: Router<Context>) {
        router.get("/events") { _, _ in try listen() }
    }

    private func listen() throws -> Response {
        guard listeners.count.add(1, ordering: .relaxed).newValue <= WebEvents.limit else {
            listeners.count.subtract(1, ordering: .relaxed)
            throw HTTPError(.serviceUnavailable, message: "\(WebEvents.limit) pages are open; close one of them")
        }
        let subscription = events.subscribe()
        let pieces = AsyncStream<Data>(bufferingPolicy: .bufferingNewest(256)) { continuation in
            let reading = Task {
                for await event in subscription {
                    guard let text = try? JSONText(encoding: event) else { continue }
                    continuation.yield(Data("data: ".utf8) + text.utf8 + Data("\n\n".utf8))
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in reading.cancel() }
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream"],
            body: WebStream.body(of: pieces, beat: ": still here\n\n") { [listeners] in
                subscription.cancel()
                listeners.count.subtract(1, ordering: .relaxed)
            })
    }
}
