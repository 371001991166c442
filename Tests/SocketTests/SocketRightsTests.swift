import Socket
import TestSupport
import Testing
import WireProtocol

@Suite(.timeLimit(.minutes(30))) struct SocketRightsTests {
    @Test func whoLacksTheRightIsToldWhichAndNothingIsDone() async throws {
        let handler = ScriptedHandler()
        try await SocketTestServer.with(handler, rights: [.look]) { server in
            let client = try server.client
            try await client.request("redo", id: 1)
            let refused = try await client.error()
            #expect(refused.code == .notPermitted && refused.message.contains("'administrate'"))
            try await client.request("explain", id: 2)
            #expect(try await client.error().message.contains("'explain'"))
            try await client.request("echo", id: 3)
            #expect(try await client.reply().id == 3)
            #expect(handler.begun("redo") == 0 && handler.begun("explain") == 0)
        }
    }

    @Test func whoMayNothingMayNotWatchEither() async throws {
        try await SocketTestServer.with(rights: []) { server in
            let client = try server.client
            try await client.request("watch", id: 1)
            #expect(try await client.error().code == .notPermitted)
        }
    }

    @Test func bytesInFlightAreBoundedOverAllConnections() async throws {
        var limits = SocketLimits()
        limits.bytesInFlight = 4000
        try await SocketTestServer.with(limits: limits) { server in
            let second = try server.client
            // Half of it is one user's, over all connections. Which of these two is read first is the system's affair.
            let rivals = try (0..<2).map { _ in try SocketTestClient(path: server.path, patience: 1) }
            for rival in rivals { try await rival.send(String(repeating: " ", count: 1500)) }
            var refused: Int?
            _ = try await eventually {
                for index in rivals.indices where (try? await rivals[index].error().code) == .busy { refused = index }
                return refused != nil
            }
            let holder = rivals[1 - (try #require(refused))]
            // What is small goes on, and what ends gives back.
            try await second.request("echo", id: 1)
            #expect(try await second.reply().id == 1)
            holder.close()
            #expect(try await eventually { await server.answersOneMore(padding: 1500) })
        }
    }

    @Test func whoAsksNothingMakesRoomWherePlacesAreShort() async throws {
        var limits = SocketLimits()
        limits.connections = 2
        limits.administratorConnections = 0
        limits.idlePatience = .zero
        let handler = ScriptedHandler()
        try await SocketTestServer.with(handler, limits: limits) { server in
            let busy = try server.client
            try await busy.request("wait", id: 1)
            #expect(try await eventually { handler.begun("wait") == 1 })
            let idle = try server.client
            try await idle.request("echo", id: 1)
            _ = try await idle.reply()
            let third = try server.client
            try await third.request("echo", id: 1)
            #expect(try await third.reply().id == 1)
            #expect(try await idle.line() == nil)
            handler.release()
            #expect(try await busy.reply().id == 1)
        }
    }

    @Test func administratorsHavePlacesThatNobodyElseGets() async throws {
        var limits = SocketLimits()
        limits.connections = 1
        // On a busy machine the first has soon asked nothing for long.
        limits.idlePatience = .seconds(3600)
        for isAdministrator in [true, false] {
            try await SocketTestServer.with(
                limits: limits, rights: isAdministrator ? Set(Right.allCases) : [.look, .explain]
            ) { server in
                let first = try server.client
                try await first.request("echo", id: 1)
                _ = try await first.reply()
                let second = try server.client
                if isAdministrator {
                    try await second.request("echo", id: 1)
                    #expect(try await second.reply().id == 1)
                } else {
                    #expect(try await second.error().code == .busy)
                }
            }
        }
    }
}
