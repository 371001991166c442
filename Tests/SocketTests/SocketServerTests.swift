import Foundation
import Socket
import TestSupport
import Testing
import WireProtocol

@Suite(.timeLimit(.minutes(30))) struct SocketServerTests {
    @Test func answersComeAsTheyAreReadyAndNotInOrder() async throws {
        let handler = ScriptedHandler()
        try await SocketTestServer.with(handler) { server in
            let client = try server.client
            try await client.request("wait", id: 1)
            try await client.request("echo", id: 2)
            #expect(try await client.reply().id == 2)
            handler.release()
            #expect(try await client.reply().id == 1)
        }
    }

    @Test func manyRequestsMayComeInOneChunk() async throws {
        try await SocketTestServer.with { server in
            let client = try server.client
            let lines = (1...10).map { #"{"jsonrpc":"2.0","id":\#($0),"method":"echo"}"# }
            try await client.send(lines.joined(separator: "\r\n") + "\n")
            var ids: Set<RequestID> = []
            for _ in lines { ids.insert(try await client.reply().id) }
            #expect(ids == Set((1...10).map { RequestID.integer($0) }))
        }
    }

    @Test func garbageIsAnsweredAndTheConnectionStaysOpen() async throws {
        try await SocketTestServer.with { server in
            let client = try server.client
            try await client.send("}{\n\n  \n[]\n")
            #expect(try await client.error().number == -32700)
            #expect(try await client.error().number == -32600)
            try await client.request("echo", id: 3, params: #"{"a":1}"#)
            #expect(try await client.result() == #"{"a":1}"#)
        }
    }

    @Test func anUnknownMethodIsAnError() async throws {
        try await SocketTestServer.with { server in
            let client = try server.client
            try await client.request("explode", id: 1)
            #expect(try await client.error().code == .methodNotFound)
        }
    }

    @Test func aNotificationIsCarriedOutAndNotAnswered() async throws {
        let handler = ScriptedHandler()
        try await SocketTestServer.with(handler) { server in
            let client = try server.client
            try await client.request("echo", id: nil)
            try await client.request("explode", id: nil)
            try await client.request("unwatch", id: nil)
            #expect(try await eventually { handler.begun("echo") == 1 && handler.begun("explode") == 1 })
            try await client.request("echo", id: 7)
            #expect(try await client.reply().id == 7)
        }
    }

    @Test func aLineThatIsTooLongIsAnsweredBeforeTheConnectionIsClosed() async throws {
        var limits = SocketLimits()
        limits.lineBytes = 1000
        try await SocketTestServer.with(limits: limits) { server in
            let client = try server.client
            try await client.send(String(repeating: "x", count: 5000))
            #expect(try await client.error().code == .lineTooLong)
            #expect(try await client.line() == nil)
        }
    }

    @Test func aResultThatIsTooLongForALineIsAnError() async throws {
        var limits = SocketLimits()
        limits.lineBytes = 1000
        try await SocketTestServer.with(limits: limits) { server in
            let client = try server.client
            try await client.request("fill", id: 1, params: #"{"bytes":2000}"#)
            #expect(try await client.error().code == .lineTooLong)
        }
    }

    @Test func aClientThatDoesNotReadKeepsNobodyWaitingAndFillsOnlyItsOwnPlaces() async throws {
        let handler = ScriptedHandler()
        var limits = SocketLimits()
        limits.requestsPerConnection = 4
        try await SocketTestServer.with(handler, limits: limits) { server in
            let hanging = try server.client
            for id in 1...12 { try await hanging.request("fill", id: id, params: #"{"bytes":4000000}"#) }
            #expect(try await eventually { handler.begun("fill") == 4 })

            let other = try server.client
            for id in 1...20 {
                try await other.request("echo", id: id)
                #expect(try await other.reply().id == .integer(Int64(id)))
            }
            #expect(handler.begun("fill") == 4)

            // Once it reads it gets an answer to everything: results, and `busy` for what came while it was full.
            var results = 0
            for _ in 1...12 {
                switch try await hanging.reply().outcome {
                case .success: results += 1
                case .failure(let error): #expect(error.code == .busy)
                }
            }
            #expect(results >= 4)
        }
    }

    @Test func moreRequestsThanAllowedAreBusy() async throws {
        var limits = SocketLimits()
        limits.requestsPerConnection = 2
        try await SocketTestServer.with(limits: limits) { server in
            let client = try server.client
            for id in 1...3 { try await client.request("hold", id: id) }
            let reply = try await client.reply()
            #expect(reply.id == 3)
            #expect(throws: RPCError.self) { try reply.outcome.get() }
        }
    }

    @Test func moreConnectionsThanAllowedAreBusyUntilOneCloses() async throws {
        var limits = SocketLimits()
        limits.connections = 1
        // On a busy machine the first has soon asked nothing for long.
        limits.idlePatience = .seconds(3600)
        limits.administratorConnections = 0
        try await SocketTestServer.with(limits: limits) { server in
            let first = try server.client
            try await first.request("echo", id: 1)
            _ = try await first.reply()
            let second = try server.client
            #expect(try await second.error().code == .busy)
            #expect(try await second.line() == nil)
            first.close()
            #expect(try await eventually { await server.answersOneMore() })
        }
    }

    @Test func anIDThatIsInUseIsRefused() async throws {
        try await SocketTestServer.with { server in
            let client = try server.client
            try await client.request("hold", id: 1)
            try await client.request("echo", id: 1)
            #expect(try await client.error().code == .invalidRequest)
            try await client.request("cancel", id: 2, params: #"{"id":1}"#)
            _ = try await (client.reply(), client.reply())
            try await client.request("echo", id: 1)
            #expect(try await client.result() == "{}")
        }
    }

    @Test func anIDMayBeUsedAgainAsSoonAsItsAnswerIsRead() async throws {
        try await SocketTestServer.with { server in
            let client = try server.client
            for _ in 0..<500 {
                try await client.request("echo", id: 1, params: #"{"a":1}"#)
                #expect(try await client.result() == #"{"a":1}"#)
            }
        }
    }

    @Test func cancelStopsARequestWhichIsThenAnsweredAsCancelled() async throws {
        let handler = ScriptedHandler()
        try await SocketTestServer.with(handler) { server in
            let client = try server.client
            try await client.request("hold", id: 1)
            try await client.request("cancel", id: 2, params: #"{"id":1}"#)
            var outcomes: [RequestID: Result<JSONText, RPCError>] = [:]
            for _ in 1...2 {
                let reply = try await client.reply()
                outcomes[reply.id] = reply.outcome
            }
            #expect(try outcomes[2]?.get().description == #"{"cancelled":true}"#)
            #expect(throws: RPCError(.cancelled, "the request was cancelled")) { try outcomes[1]?.get() }
            #expect(handler.cancelled("hold") == 1)
        }
    }

    @Test func cancelFindsARequestWhoseIDIsWrittenOtherwise() async throws {
        try await SocketTestServer.with { server in
            let client = try server.client
            try await client.send(#"{"jsonrpc":"2.0","id":7.0,"method":"hold"}"# + "\n")
            try await client.request("cancel", id: 8, params: #"{"id":7}"#)
            let lines = [try await client.line(), try await client.line()].compactMap { $0 }
            #expect(lines.contains { $0.contains(#""id":7.0,"#) && $0.contains("cancelled") })
        }
    }

    @Test func cancelDoesNotReachOtherConnections() async throws {
        try await SocketTestServer.with { server in
            let (first, second) = try (server.client, server.client)
            try await first.request("hold", id: 1)
            try await second.request("cancel", id: 2, params: #"{"id":1}"#)
            #expect(try await second.result() == #"{"cancelled":false}"#)
        }
    }

    @Test func closingTheConnectionCancelsItsRequests() async throws {
        let handler = ScriptedHandler()
        try await SocketTestServer.with(handler) { server in
            let client = try server.client
            try await client.request("hold", id: 1)
            #expect(try await eventually { handler.begun("hold") == 1 })
            client.close()
            #expect(try await eventually { handler.cancelled("hold") == 1 })
        }
    }

    @Test func aClientThatClosesItsWritingSideStillGetsItsAnswers() async throws {
        let handler = ScriptedHandler()
        try await SocketTestServer.with(handler) { server in
            let client = try server.client
            try await client.request("wait", id: 1)
            try await client.request("fill", id: 2, params: #"{"bytes":3000000}"#)
            client.finishWriting()
            #expect(try await eventually { handler.begun("wait") == 1 })
            handler.release()
            let sizes = try await [client.line(), client.line()].map { $0?.utf8.count ?? 0 }
            #expect(sizes.max() ?? 0 > 3_000_000)
            #expect(try await client.line() == nil)
        }
    }

    @Test func progressComesBeforeTheAnswerAndNamesItsRequest() async throws {
        try await SocketTestServer.with { server in
            let client = try server.client
            try await client.request("advance", id: 5)
            var updates: [ProgressNotification] = []
            while case .notification(let notification) = try await client.message() {
                #expect(notification.method == "progress")
                updates.append(try notification.params.decoded(as: ProgressNotification.self))
            }
            // How many of the two arrive depends on the pace; the last one always does.
            #expect(updates.last?.fraction == 1)
            #expect(updates.allSatisfy { $0.id == 5 && (0...1).contains($0.fraction) })
        }
    }
}
