import Files
import Foundation
import Glibc
import HTTPTypes
import Hummingbird
import Inbox
import Socket
import Synchronization
import WireProtocol

/// `POST /upload?name=IMG_1.jpg&keep=yes`: takes a photo, and either puts it into the inbox or explains it and forgets it.
///
/// What comes is written to a spool folder as it comes, and is never in memory as a whole.
package final class WebUploads: Sendable {
    /// Of one photo, in bytes.
    package static let largestPhoto = 64 << 20
    /// At a time.
    private static let limit = 4

    private let spool: FilePath
    private let inbox: FilePath
    private let handler: any RequestHandling
    private let events: EventHub
    private let running = Atomic(0)

    /// - Parameter spool: a folder of its own; what an earlier process left in it is removed.
    init(spool: FilePath, inbox: FilePath, handler: any RequestHandling, events: EventHub) {
        self.spool = spool
        self.inbox = inbox
        self.handler = handler
        self.events = events
    }

    /// Makes the spool folder, without what an earlier process left in it.
    func prepare() async throws {
        try await FileWork.run(on: spool) { [spool] in
            try? FileManager.default.removeItem(atPath: spool.string)
            try FileManager.default.createDirectory(
                atPath: spool.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
    }

    func add<Context: Hummingbird.RequestContext>(to router: Router<Context>) {
        router.post("/upload") { request, _ in try await self.answer(request) }
    }

    private func answer(_ request: Hummingbird.Request) async throws -> Response {
        let parameters = request.uri.queryParameters
        guard let name = WebUploads.name(String(parameters["name"] ?? "")) else {
            throw HTTPError(
                .unsupportedMediaType, message: "only \(PhotoKind.names) photos are read; the name should end so")
        }
        if let length = request.headers[.contentLength].flatMap(Int.init), length > WebUploads.largestPhoto {
            throw WebUploads.tooLarge
        }
        guard running.add(1, ordering: .relaxed).newValue <= WebUploads.limit else {
            running.subtract(1, ordering: .relaxed)
            throw HTTPError(.serviceUnavailable, message: "\(WebUploads.limit) photos are being sent; wait for one")
        }
        let file = spool.appending("\(UUID().uuidString).jpg")
        do {
            try await receive(request.body, into: file)
            if parameters["keep"] == "yes" {
                let kept = try await keep(file, as: name)
                await end(file)
                return try WebUploads.json(["photo": kept.string])
            }
            let parameters = ExplainParameters(source: .path(file.string), images: true)
            let asked = try RPCMethods.explain.request(id: .number(1), parameters)
            return WebRequests.stream(handler.lines(answering: asked, events: events, connection: 0)) {
                await self.end(file)
            }
        } catch {
            await end(file)
            throw error
        }
    }

    private func end(_ file: FilePath) async {
        try? await FileWork.run(on: file) { _ = file.withCString { unlink($0) } }
        running.subtract(1, ordering: .relaxed)
    }

    private static var tooLarge: HTTPError {
        HTTPError(.contentTooLarge, message: "a photo may have \(largestPhoto >> 20) MiB at most")
    }

    private static func json(_ members: [String: String]) throws -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSONText(encoding: members).utf8)))
    }

    /// A bare file name that the inbox takes for a photo's; nil where there is none in `text`.
    static func name(_ text: String) -> String? {
        let last = text.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
        let clean = String(
            last.unicodeScalars.filter {
                !$0.properties.isDefaultIgnorableCodePoint && $0.value >= 32 && $0.value != 127
            }
            .map(Character.init))
        guard InboxRules.isPhoto(name: clean), clean.utf8.count <= 200 else { return nil }
        return clean
    }

    private func receive(_ body: RequestBody, into file: FilePath) async throws {
        var size = 0
        for try await piece in body {
            size += piece.readableBytes
            guard size <= WebUploads.largestPhoto else { throw WebUploads.tooLarge }
            let data = Data(piece.readableBytesView)
            try await FileWork.run(on: file, patience: FileWork.writingPatience) {
                try WebUploads.append(data, to: file)
            }
        }
        guard size > 0 else { throw HTTPError(.badRequest, message: "the photo is empty") }
    }

    private static func append(_ data: Data, to file: FilePath) throws(FileError) {
        let descriptor = file.withCString { open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600) }
        guard descriptor >= 0 else { throw FileError("open", file, errorNumber: errno) }
        defer { close(descriptor) }
        var rest = data[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw FileError("write", file, errorNumber: errno)
            }
        }
    }

    /// Puts the photo into the inbox, under another name where the wanted one is taken. It gets its name when it is whole.
    private func keep(_ file: FilePath, as name: String) async throws -> FilePath {
        let temporary = inbox.appending(".\(UUID().uuidString).part")
        return try await FileWork.run(on: inbox, patience: FileWork.writingPatience) { [inbox] in
            defer { _ = temporary.withCString { unlink($0) } }
            do {
                try FileManager.default.copyItem(atPath: file.string, toPath: temporary.string)
            } catch {
                throw FileError("write", temporary, errorNumber: EIO, reason: error.localizedDescription)
            }
            // As other photos of the folder: its group may read it.
            _ = temporary.withCString { chmod($0, 0o640) }
            for target in WebUploads.names(name).map({ inbox.appending($0) }) {
                // Unlike `rename`, `link` never takes a photo's place.
                let status = temporary.withCString { from in target.withCString { link(from, $0) } }
                if status == 0 { return target }
                guard errno == EEXIST else { throw FileError("name", temporary, errorNumber: errno) }
            }
            throw FileError("name", inbox.appending(name), errorNumber: EEXIST)
        }
    }

    /// `IMG_1.jpg`, `IMG_1-2.jpg`, `IMG_1-3.jpg` …
    static func names(_ name: String) -> some Sequence<String> {
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        return [name] + (2...999).map { "\(name[..<dot])-\($0)\(name[dot...])" }
    }
}
