import Digests
import Foundation
import Socket
import TestSupport
import Testing
import WireProtocol

/// Files that a result is too large for.
@Suite(.serialized, .timeLimit(.minutes(30))) struct FileTransferTests {
    /// Reads messages up to the answer.
    private func receive(
        _ client: SocketTestClient, pausing: Duration = .zero
    ) async throws -> (parts: [FilePart], reply: Reply) {
        var parts: [FilePart] = []
        while true {
            switch try await client.message() {
            case .notification(let notification):
                #expect(notification.method == "file")
                parts.append(try notification.params.decoded(as: FilePart.self))
                try await Task.sleep(for: pausing)
            case .reply(let reply): return (parts, reply)
            }
        }
    }

    // Nothing, one byte, exactly one part, one byte more, and several times what a line holds here.
    @Test(arguments: [0, 1, WireLimits.filePartBytes, WireLimits.filePartBytes + 1, 9_012_345])
    func aFileOfAnySizeComesInOrderAndAheadOfTheAnswer(size: Int) async throws {
        var limits = SocketLimits()
        limits.lineBytes = 2 << 20
        try await SocketTestServer.with(limits: limits) { server in
            let client = try server.client
            try await client.request("send", id: 7, params: #"{"bytes":\#(size)}"#)
            let (parts, reply) = try await receive(client)
            #expect(parts.count == max(1, (size + WireLimits.filePartBytes - 1) / WireLimits.filePartBytes))
            var content = Data()
            for part in parts {
                #expect(part.id == 7 && part.name == "noise.bin" && part.size == size)
                #expect(part.offset == content.count && part.data.count <= WireLimits.filePartBytes)
                content += part.data
            }
            #expect(content == ScriptedHandler.noise(0..<size))
            let file = try reply.outcome.get().decoded(as: SentFile.self)
            #expect(file == SentFile(name: "noise.bin", size: size, sha256: SHA256.hexDigest(of: content)))
        }
    }

    @Test func aPartIsALineOfAboutAMebibyte() throws {
        let part = FilePart(
            id: .string(String(repeating: "x", count: 100)), name: "model.onnx", offset: 1 << 40, size: 1 << 41,
            data: Data(count: WireLimits.filePartBytes))
        let line = try ServerNotification(method: RPCMethods.fileNotification, params: part).line()
        #expect(line.count < 1 << 20 + 1 << 10)
    }

    /// Whoever does not read gets no more than the system holds for it: 256 MiB would be 342 parts.
    @Test func nothingIsReadAheadOfAClientThatDoesNotRead() async throws {
        let handler = ScriptedHandler()
        try await SocketTestServer.with(handler) { server in
            let hanging = try server.client
            try await hanging.request("send", id: 1, params: #"{"bytes":268435456}"#)
            #expect(try await eventually { handler.begun("part") > 0 })
            let other = try server.client
            for id in 1...20 {
                try await other.request("echo", id: id)
                #expect(try await other.reply().id == .integer(Int64(id)))
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(handler.begun("part") <= 4)
            hanging.close()
            #expect(try await eventually { handler.cancelled("send") == 1 })
            #expect(handler.begun("part") <= 4)
        }
    }

    @Test func aSlowClientGetsItAllTheSame() async throws {
        try await SocketTestServer.with { server in
            let client = try server.client
            try await client.request("send", id: 1, params: #"{"bytes":4000000}"#)
            let (parts, _) = try await receive(client, pausing: .milliseconds(50))
            #expect(parts.map(\.data).reduce(Data(), +) == ScriptedHandler.noise(0..<4_000_000))
        }
    }

    @Test func twoFilesOnOneConnectionAreToldApartByTheirRequests() async throws {
        try await SocketTestServer.with { server in
            let client = try server.client
            for id in 1...2 { try await client.request("send", id: id, params: #"{"bytes":\#(id * 3_000_000)}"#) }
            let (first, _) = try await receive(client)
            let (second, _) = try await receive(client)
            for id in 1...2 {
                let content = (first + second).filter { $0.id == .integer(Int64(id)) }.map(\.data).reduce(Data(), +)
                #expect(content == ScriptedHandler.noise(0..<id * 3_000_000))
            }
        }
    }

    @Test func aCancelledRequestSendsNothingMore() async throws {
        let handler = ScriptedHandler()
        try await SocketTestServer.with(handler) { server in
            let client = try server.client
            try await client.request("send", id: 1, params: #"{"bytes":268435456}"#)
            #expect(try await eventually { handler.begun("part") > 0 })
            try await client.request("cancel", id: 2, params: #"{"id":1}"#)
            var answered: [RequestID: Result<JSONText, RPCError>] = [:]
            var parts = 0
            while answered.count < 2 {
                switch try await client.message() {
                case .notification: parts += 1
                case .reply(let reply): answered[reply.id] = reply.outcome
                }
            }
            #expect(throws: RPCError(.cancelled, "the request was cancelled")) { try answered[1]?.get() }
            #expect(parts <= 4)
        }
    }

    @Test func aNotificationHasNothingToSendFilesUnder() async throws {
        let handler = ScriptedHandler()
        try await SocketTestServer.with(handler) { server in
            let client = try server.client
            try await client.request("send", id: nil, params: #"{"bytes":10}"#)
            #expect(try await eventually { handler.begun("send") == 1 })
            try await client.request("echo", id: 1)
            #expect(try await client.reply().id == 1)
            #expect(handler.begun("part") == 0)
        }
    }
}
