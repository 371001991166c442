import CLinux
import Foundation
import Glibc
import Socket
import TestSupport
import Testing
import WireProtocol

/// Clients pass files that they have opened.
@Suite(.timeLimit(.minutes(30))) struct PassedFileTests {
    /// Takes the file named by `take`, says so by progress, and then what is in it; `hold` keeps it until it is cancelled.
    private struct Taker: RequestHandling {
        func handle(_ request: Request, context: RequestContext) async throws(RPCError) -> JSONText {
            guard let name = (try? request.params.decoded(as: [String: String].self))?["name"],
                let file = context.passed?.take(name)
            else { throw RPCError(.badParameter, "nothing was passed") }
            var bytes = [UInt8](repeating: 0, count: 100)
            let count = pread(file.descriptor, &bytes, bytes.count, 0)
            do {
                context.progress(fraction: 0, message: "taken")
                if request.method == "hold" { try await Task.sleep(for: .seconds(600)) }
                withExtendedLifetime(file) {}
                return try JSONText(encoding: String(decoding: bytes[..<max(count, 0)], as: UTF8.self))
            } catch {
                throw RPCError(.internal, "\(error)")
            }
        }
    }

    /// A file with a name of its own, by which the descriptors of this process can be told.
    private final class TestFile {
        let path: String
        private let folder: TemporaryFolder

        init(_ text: String) throws {
            folder = try TemporaryFolder()
            path = folder.path + "/passed"
            try Data(text.utf8).write(to: URL(filePath: path))
        }

        /// Passes it, from a descriptor that is closed afterwards.
        func pass(as name: String, to socket: String) throws {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            defer { close(descriptor) }
            let bytes = Array(name.utf8)
            var isSent = false
            // The receiver may have as many to read as the kernel keeps.
            for _ in 0..<6000 where !isSent {
                isSent = clinux_send_file(SocketPath.files(of: socket), bytes, bytes.count, descriptor) == 0
                if !isSent {
                    try #require(errno == EAGAIN)
                    usleep(10_000)
                }
            }
            try #require(isSent)
        }

        /// How many descriptors of this process are of the file.
        var openCount: Int {
            var (file, open) = (stat(), stat())
            guard stat(path, &file) == 0 else { return -1 }
            // Numbers of descriptors are given from below.
            return (0..<4096).count {
                fstat($0, &open) == 0 && open.st_ino == file.st_ino && open.st_dev == file.st_dev
            }
        }
    }

    /// The next answer, after the word that the file was taken.
    private func taken(_ client: SocketTestClient) async throws -> String {
        _ = try await client.message()
        return try await client.result()
    }

    @Test func aPassedFileIsTakenOnceByTheRequestThatNamesIt() async throws {
        let file = try TestFile("what is in it")
        try await SocketTestServer.with(Taker()) { server in
            let client = try server.client
            try file.pass(as: "mine", to: server.path)
            try await client.request("take", id: 1, params: #"{"name":"another"}"#)
            #expect(try await client.error().code == .badParameter)
            try await client.request("take", id: 2, params: #"{"name":"mine"}"#)
            #expect(try await taken(client) == #""what is in it""#)
            try await client.request("take", id: 3, params: #"{"name":"mine"}"#)
            #expect(try await client.error().code == .badParameter)
            #expect(try await eventually { file.openCount == 0 })
        }
    }

    @Test func noMoreFilesWaitThanAUserMayHave() async throws {
        let file = try TestFile("one of many")
        try await SocketTestServer.with(Taker()) { server in
            for number in 0..<40 { try file.pass(as: "file \(number)", to: server.path) }
            #expect(try await eventually { file.openCount == 16 })
            let client = try server.client
            try await client.request("take", id: 1, params: #"{"name":"file 15"}"#)
            #expect(try await taken(client) == #""one of many""#)
            try await client.request("take", id: 2, params: #"{"name":"file 16"}"#)
            #expect(try await client.error().code == .badParameter)
        }
        #expect(try await eventually { file.openCount == 0 }, "what nobody took is closed when the server ends")
    }

    @Test func whatIsNoNameWithAFileIsPassedOver() async throws {
        let file = try TestFile("still here")
        try await SocketTestServer.with(Taker()) { server in
            try file.pass(as: "", to: server.path)
            try file.pass(as: String(repeating: "x", count: 65), to: server.path)
            try SocketTestClient.sendDatagram("no file", to: SocketPath.files(of: server.path))
            try file.pass(as: String(repeating: "y", count: 64), to: server.path)
            let client = try server.client
            try await client.request("take", id: 1, params: #"{"name":"\#(String(repeating: "y", count: 64))"}"#)
            #expect(try await taken(client) == #""still here""#)
            #expect(try await eventually { file.openCount == 0 })
        }
    }

    @Test func aFileIsClosedWhereItsRequestIsCancelled() async throws {
        let file = try TestFile("held")
        try await SocketTestServer.with(Taker()) { server in
            let client = try server.client
            try file.pass(as: "mine", to: server.path)
            try await client.request("hold", id: 1, params: #"{"name":"mine"}"#)
            guard case .notification = try await client.message() else {
                Issue.record("an answer came before the request was cancelled")
                return
            }
            #expect(file.openCount == 1)
            client.close()
            #expect(try await eventually { file.openCount == 0 })
        }
    }

    @Test func itsSocketIsAsOpenAsTheOther() async throws {
        try await SocketTestServer.with { server in
            var (one, other) = (stat(), stat())
            try #require(stat(server.path, &one) == 0 && stat(SocketPath.files(of: server.path), &other) == 0)
            #expect(one.st_mode == other.st_mode && one.st_gid == other.st_gid && one.st_uid == other.st_uid)
        }
    }

    @Test func figuresSayWhatClientsTake() async throws {
        let use = SocketUse()
        #expect(use.figures.isEmpty)
        try await SocketTestServer.with(use: use) { server in
            let client = try server.client
            try await client.request("hold", id: 1)
            #expect(try await eventually { use.figures["request_bytes_in_flight", default: 0] > 0 })
            let figures = use.figures
            #expect(figures["connections"] == 1 && figures["passed_files_waiting"] == 0)
            let held = figures["request_bytes_in_flight", default: 0]
            #expect(held > 0 && held < figures["request_bytes_limit", default: 0])
        }
    }
}
