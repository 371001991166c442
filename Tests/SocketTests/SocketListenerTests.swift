import Foundation
import Glibc
import Socket
import TestSupport
import Testing
import WireProtocol

@Suite(.timeLimit(.minutes(30))) struct SocketListenerTests {
    // Of the suite, so that it is there until the test has ended.
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// What a server that should not come up says.
    private func refusal(_ endpoint: SocketServer.Endpoint) async throws -> SocketError? {
        let server = SocketServer(
            endpoint: endpoint, handler: ScriptedHandler(), events: EventHub(), logger: .silent)
        do {
            try await server.run()
            return nil
        } catch {
            return try #require(error as? SocketError)
        }
    }

    /// A descriptor bound to a path, and listening if asked to.
    private func boundSocket(_ path: String, listens: Bool) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(SocketTestClient.call(bind, descriptor, path) == 0)
        if listens { #expect(listen(descriptor, 8) == 0) }
        return descriptor
    }

    @Test func ownerAndGroupMayConnectAndNobodyElse() async throws {
        try await SocketTestServer.with { server in
            var status = stat()
            #expect(lstat(server.path, &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o660)
            #expect(status.st_mode & S_IFMT == S_IFSOCK)
        }
    }

    @Test func theFolderIsMadeForOwnerAndGroup() async throws {
        try await SocketTestServer.with(path: folder.path + "/interpretd/s") { _ in
            var status = stat()
            #expect(stat(folder.path + "/interpretd", &status) == 0)
            #expect(status.st_mode & 0o007 == 0)
        }
    }

    @Test func aStaleSocketIsReplaced() async throws {
        let path = folder.path + "/s"
        close(boundSocket(path, listens: true))
        try await SocketTestServer.with(path: path) { server in
            let client = try server.client
            try await client.request("echo", id: 1)
            #expect(try await client.result() == "{}")
        }
    }

    @Test func aServerWhoseFileSomebodyRemovedEndsAndSaysWhy() async throws {
        let path = folder.path + "/s"
        var limits = SocketLimits()
        limits.fileCheckInterval = .milliseconds(10)
        let server = SocketServer(
            endpoint: .path(path), handler: ScriptedHandler(), events: EventHub(), limits: limits, logger: .silent,
            didListen: { unlink(path) })
        await #expect(throws: SocketError.fileGone(path)) { try await server.run() }
    }

    @Test func aSecondServerIsRefusedAndTheFirstGoesOn() async throws {
        try await SocketTestServer.with { server in
            #expect(try await refusal(.path(server.path)) == .alreadyServed(server.path))
            let client = try server.client
            try await client.request("echo", id: 1)
            #expect(try await client.result() == "{}")
        }
    }

    @Test func aListenerThatTakesNoLockIsNoticedToo() async throws {
        let path = folder.path + "/s"
        let descriptor = boundSocket(path, listens: true)
        defer { close(descriptor) }
        #expect(try await refusal(.path(path)) == .alreadyServed(path))
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test func aFileThatIsNoSocketIsLeftAlone() async throws {
        let path = folder.path + "/precious"
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try await refusal(.path(path)) == .notASocket(path))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    @Test func aSymbolicLinkIsNotFollowed() async throws {
        let path = folder.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/null")
        #expect(try await refusal(.path(path)) == .notASocket(path))
    }

    @Test func aPathThatIsTooLongIsAClearError() async throws {
        let path = "/tmp/" + String(repeating: "x", count: 120)
        let error = try await refusal(.path(path))
        #expect(error == .pathTooLong(path, limit: 107))
        #expect(error?.description.contains("choose a shorter one") == true)
    }

    @Test func aRelativePathIsRefused() async throws {
        #expect(try await refusal(.path("s")) == .pathNotAbsolute("s"))
    }

    @Test func aMissingFolderIsNamed() async throws {
        let error = try await refusal(.path("/nowhere/at/all/s"))
        #expect(error?.description == "cannot listen at /nowhere/at/all/s: mkdir: No such file or directory")
    }

    @Test func aSocketOfTheServiceManagerIsServedAndItsFileLeftAlone() async throws {
        let path = folder.path + "/s"
        let descriptor = boundSocket(path, listens: true)
        try await SocketTestServer.with(path: path, endpoint: .inherited(descriptor: descriptor)) { server in
            let client = try server.client
            try await client.request("echo", id: 1)
            #expect(try await client.result() == "{}")
        }
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test func aDescriptorThatDoesNotListenIsRefused() async throws {
        let descriptor = boundSocket(folder.path + "/s", listens: false)
        defer { close(descriptor) }
        #expect(
            try await refusal(.inherited(descriptor: descriptor)) == .notAListeningSocket(descriptor: descriptor))
        #expect(try await refusal(.inherited(descriptor: .max)) == .notAListeningSocket(descriptor: .max))
    }
}
