import Files
import Foundation
import HTTPTypes
import Hummingbird
import Inbox
import Logging
import NIOEmbedded
import Socket
import Synchronization
import TestSupport
import Web
import WireProtocol

/// The page over an inbox of one photo, `cat.jpg`, which is done, and a daemon without networks.
struct PageUnderTest {
    /// What came back.
    struct Answer {
        let status: Int
        let headers: HTTPFields
        let body: Data
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    static let root = RunningDaemon.root
    static let token = String(repeating: "0123456789abcdef", count: 4)

    let folder: TemporaryFolder
    let inbox: FilePath
    let photo: FilePath
    let catalog: Catalog
    let server: WebServer
    private let responder: any HTTPResponder<BasicRequestContext>

    /// - Parameter address: beyond loopback ``token`` is wanted.
    init(address: String = "127.0.0.1:8780", handler: any RequestHandling = FakeDaemon().handler) async throws {
        folder = try TemporaryFolder()
        inbox = FilePath(folder.path + "/inbox")
        photo = inbox.appending("cat.jpg")
        let files = FileManager.default
        try files.createDirectory(atPath: inbox.string, withIntermediateDirectories: true)
        try files.createDirectory(atPath: folder.path + "/state", withIntermediateDirectories: true)
        try files.copyItem(at: RunningDaemon.demoPhoto, to: URL(filePath: photo.string))
        try Data("{}".utf8).write(to: URL(filePath: photo.string + ".boxes.json"))
        try Data(PageUnderTest.token.utf8).write(to: URL(filePath: folder.path + "/state/web-token"))
        catalog = Catalog.inMemory()
        let identity = FileIdentity(device: 1, inode: 1, size: 1, modified: 1)
        _ = try await catalog.admit([SettledPhoto(path: photo, identity: identity)])
        if let record = try await catalog.claimNext() {
            try await catalog.complete(record, PhotoSummary(sha256: "0", label: "cat", boxCount: 1))
        }
        server = try WebServer(
            address: try WebAddress(address), inbox: inbox, state: FilePath(folder.path + "/state"), photos: catalog,
            handler: handler, events: EventHub(),
            thumbnails: Thumbnails(folder: FilePath(folder.path + "/state/thumbnails")),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await server.prepare()
        responder = server.router.buildResponder()
    }

    func get(_ path: String, host: String? = "127.0.0.1:8780", _ headers: HTTPFields = [:]) async throws -> Answer {
        try await answer(.get, path, host, headers, Data())
    }

    func post(
        _ path: String, _ body: Data, host: String = "127.0.0.1:8780", origin: String? = "http://127.0.0.1:8780",
        _ headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        headers[.origin] = origin
        return try await answer(.post, path, host, headers, body)
    }

    /// One request of the socket's protocol.
    func ask(_ method: String, _ parameters: String = "{}") async throws -> Answer {
        try await post("/rpc", Data(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(parameters)}"#.utf8))
    }

    private func answer(
        _ method: HTTPRequest.Method, _ path: String, _ host: String?, _ headers: HTTPFields, _ body: Data
    ) async throws -> Answer {
        let head = HTTPRequest(method: method, scheme: "http", authority: host, path: path, headerFields: headers)
        let request = Hummingbird.Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body)))
        let context = BasicRequestContext(
            source: ApplicationRequestContextSource(
                channel: EmbeddedChannel(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        let response = try await responder.respond(to: request, context: context)
        let collected = CollectedBody()
        try await response.body.write(CollectingWriter(collected: collected))
        return Answer(status: response.status.code, headers: response.headers, body: collected.data)
    }
}

private final class CollectedBody: Sendable {
    private let bytes = Mutex(Data())
    var data: Data { bytes.withLock { $0 } }
    func add(_ more: Data) { bytes.withLock { $0 += more } }
}

private struct CollectingWriter: ResponseBodyWriter {
    let collected: CollectedBody
    mutating func write(_ buffer: ByteBuffer) async throws { collected.add(Data(buffer.readableBytesView)) }
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
