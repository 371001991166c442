import Foundation
import Socket
import TestSupport
import Testing
import WireProtocol

@Suite(.timeLimit(.minutes(30))) struct SocketEventTests {
    private func event(_ message: ServerMessage) throws -> Event {
        guard case .notification(let notification) = message, notification.method == "event" else {
            throw SocketTestClient.Failure(description: "not an event: \(message)")
        }
        return try notification.params.decoded(as: Event.self)
    }

    @Test func aClientThatWatchesGetsEventsUntilItUnwatches() async throws {
        try await SocketTestServer.with { server in
            let client = try server.client
            server.events.publish(Event(.photoQueued, path: "/early.jpg"))
            try await client.request("watch", id: 1)
            #expect(try await client.result() == #"{"watching":true}"#)
            server.events.publish(Event(.photoDone, path: "/a.jpg", label: "cat", probability: 0.5, boxes: 1))
            let event = try event(try await client.message())
            #expect(event.event == .photoDone)
            #expect(event.path == "/a.jpg")
            #expect(event.dropped == nil)

            try await client.request("unwatch", id: 2)
            #expect(try await client.result() == #"{"watching":false}"#)
            server.events.publish(Event(.photoDone, path: "/b.jpg"))
            try await client.request("echo", id: 3)
            #expect(try await client.reply().id == 3)
        }
    }

    @Test func watchingTwiceSendsEventsOnce() async throws {
        try await SocketTestServer.with { server in
            let client = try server.client
            for id in 1...2 {
                try await client.request("watch", id: id)
                #expect(try await client.result() == #"{"watching":true}"#)
            }
            server.events.publish(Event(.photoQueued, path: "/models/a"))
            server.events.publish(Event(.photoQueued, path: "/models/b"))
            #expect(try event(try await client.message()).path == "/models/a")
            #expect(try event(try await client.message()).path == "/models/b")
        }
    }

    @Test func theOldestEventsAreDroppedAndCounted() async throws {
        let hub = EventHub(capacity: 3)
        let subscription = hub.subscribe()
        for number in 1...10 { hub.publish(Event(.photoDone, path: "/\(number).jpg")) }
        let events = subscription.makeAsyncIterator()
        let first = await events.next()
        #expect(first?.path == "/8.jpg")
        #expect(first?.dropped == 7)
        #expect(await events.next()?.dropped == nil)
        #expect(await events.next()?.path == "/10.jpg")
    }

    @Test func aReaderThatWaitsIsWoken() async throws {
        let hub = EventHub()
        let subscription = hub.subscribe()
        async let first = subscription.makeAsyncIterator().next()
        try await Task.sleep(for: .milliseconds(50))
        hub.publish(Event(.photoDone, path: "/a.jpg"))
        #expect(await first?.path == "/a.jpg")
    }

    @Test func cancellingTheReadersTaskEndsTheSequence() async throws {
        let subscription = EventHub().subscribe()
        let reader = Task { await subscription.makeAsyncIterator().next() }
        try await Task.sleep(for: .milliseconds(50))
        reader.cancel()
        #expect(await reader.value == nil)
        #expect(await subscription.makeAsyncIterator().next() == nil)
    }
}
