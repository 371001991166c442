import Foundation
import Glibc
import Socket
import Synchronization
import TestSupport
import Testing
import WireProtocol

@Suite(.timeLimit(.minutes(30))) struct SocketShutdownTests {
    // Of the suite, so that it is there until the test has ended.
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func whatIsInFlightIsAnsweredAndTheSocketFileIsGone() async throws {
        let handler = ScriptedHandler()
        var limits = SocketLimits()
        // On a busy machine what is asked here takes more than seconds.
        limits.shutdownGrace = .seconds(3600)
        try await SocketTestServer.with(handler, limits: limits) { server in
            let client = try server.client
            let idle = try server.client
            try await client.request("wait", id: 1)
            #expect(try await eventually { handler.begun("wait") == 1 })
            await server.shutDown()
            #expect(try await eventually { !FileManager.default.fileExists(atPath: server.path) })
            try await client.request("echo", id: 2)
            let refusal = try await client.reply()
            #expect(refusal.id == 2)
            #expect(throws: RPCError(.shuttingDown, "the daemon is shutting down; try again when it is back")) {
                try refusal.outcome.get()
            }
            handler.release()
            #expect(try await client.result() == "{}")
            #expect(try await client.line() == nil)
            #expect(try await idle.line() == nil)
        }
    }

    @Test func aRequestThatTakesLongerThanTheGraceIsCancelled() async throws {
        let handler = ScriptedHandler()
        var limits = SocketLimits()
        limits.shutdownGrace = .milliseconds(200)
        try await SocketTestServer.with(handler, limits: limits) { server in
            let client = try server.client
            try await client.request("hold", id: 1)
            #expect(try await eventually { handler.begun("hold") == 1 })
            await server.shutDown()
            #expect(try await client.line() == nil)
        }
        #expect(handler.cancelled("hold") == 1)
    }

    @Test func aClientThatWatchesDoesNotKeepTheServerAlive() async throws {
        try await SocketTestServer.with { server in
            let client = try server.client
            try await client.request("watch", id: 1)
            _ = try await client.reply()
            await server.shutDown()
            #expect(try await client.line() == nil)
        }
    }

    /// A connection that was accepted at the last moment is closed or served. Dropped, it would end this process.
    @Test func connectionsThatComeDuringTheStopAreAllEnded() async throws {
        let path = folder.path + "/s"
        for _ in 0..<8 {
            let (isOver, isReached) = (Flag(), Flag())
            try await withThrowingTaskGroup(of: Int.self) { hammers in
                try await SocketTestServer.with(path: path) { server in
                    for _ in 0..<4 {
                        hammers.addTask {
                            let clients = await connections(to: path, until: isOver, isReached)
                            // Whoever got through is told the end, sooner or later.
                            for client in clients { while try await client.line() != nil {} }
                            return clients.count
                        }
                    }
                    // In the midst of them, wherever that is on a busy machine.
                    #expect(try await eventually { isReached.isSet })
                    try await Task.sleep(for: .milliseconds(Int.random(in: 1...20)))
                    await server.shutDown()
                }
                isOver.set()
                #expect(try await hammers.reduce(0, +) > 0)
            }
        }
    }

    /// Connects again and again, on a thread of its own: connecting waits.
    private func connections(to path: String, until isOver: Flag, _ isReached: Flag) async -> [SocketTestClient] {
        await withCheckedContinuation { continuation in
            Thread {
                var clients: [SocketTestClient] = []
                while !isOver.isSet, clients.count < 50 {
                    guard let client = try? SocketTestClient(path: path) else {
                        usleep(1_000)
                        continue
                    }
                    clients.append(client)
                    isReached.set()
                }
                continuation.resume(returning: clients)
            }.start()
        }
    }

    @Test func theSamePathCanBeServedAgain() async throws {
        for _ in 1...3 {
            try await SocketTestServer.with(path: folder.path + "/s") { server in
                let client = try server.client
                try await client.request("echo", id: 1)
                #expect(try await client.result() == "{}")
            }
        }
    }
}

/// A yes or no that several tasks look at.
private final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
