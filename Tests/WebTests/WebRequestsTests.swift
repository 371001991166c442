import Files
import Foundation
import Hummingbird
import Photos
import Socket
import Synchronization
import TestSupport
import Testing
import Web
import WireProtocol

/// Answers nothing.
struct ScriptedNothing: RequestHandling {
    func handle(_ request: WireProtocol.Request, context: Socket.RequestContext) async throws(RPCError) -> JSONText {
        throw RPCError(.methodNotFound, "there is nothing here")
    }
}

/// Remembers what it was asked.
private final class Recorder: RequestHandling {
    private let asked = Mutex<[WireProtocol.Request]>([])
    var requests: [WireProtocol.Request] { asked.withLock { $0 } }

    func handle(_ request: WireProtocol.Request, context: Socket.RequestContext) async throws(RPCError) -> JSONText {
        asked.withLock { $0.append(request) }
        context.progress(fraction: 0.5, message: "half")
        return .emptyObject
    }
}

@Suite("What the page asks of the daemon")
struct WebRequestsTests {
    @Test("a request is answered with the lines of the socket's protocol")
    func lines() async throws {
        let page = try await PageUnderTest()
        let answer = try await page.ask("status")
        #expect(answer.status == 200)
        let message = try ServerMessage(line: Data(answer.text.split(separator: "\n").joined().utf8))
        guard case .reply(let reply) = message else { throw RPCError(.internal, answer.text) }
        #expect(try reply.outcome.get().decoded(as: StatusResult.self).inbox == "/srv/inbox")
    }

    @Test("progress comes before the answer")
    func progress() async throws {
        let page = try await PageUnderTest(handler: Recorder())
        let lines = try await page.ask("explain", #"{"photo":"\#(page.photo.string)"}"#).text.split(separator: "\n")
        let messages = try lines.map { try ServerMessage(line: Data($0.utf8)) }
        #expect(messages.count == 2)
        if case .notification(let first)? = messages.first {
            #expect(first.method == "progress")
        } else {
            Issue.record("no progress")
        }
        if case .reply? = messages.last {} else { Issue.record("no answer") }
    }

    @Test("an error of the daemon is handed on")
    func failure() async throws {
        let page = try await PageUnderTest(handler: ScriptedNothing())
        let answer = try await page.ask("status")
        #expect(answer.status == 200 && answer.text.contains("there is nothing here"))
    }

    @Test(
        "what reads or writes other files than the inbox's is asked for at the socket alone",
        arguments: ["convert", "index", "run", "reload", "watch", "explode"])
    func refused(method: String) async throws {
        let recorder = Recorder()
        let page = try await PageUnderTest(handler: recorder)
        #expect(try await page.ask(method).status == 403)
        #expect(recorder.requests.isEmpty)
    }

    @Test("a member that stands twice is what was checked")
    func twice() async throws {
        let recorder = Recorder()
        let page = try await PageUnderTest(handler: recorder)
        for pair in [("/etc/passwd", page.photo.string), (page.photo.string, "/etc/passwd")] {
            _ = try await page.ask("explain", #"{"photo":"\#(pair.0)","photo":"\#(pair.1)"}"#)
        }
        for request in recorder.requests {
            let text = String(decoding: request.params.utf8, as: UTF8.self)
            #expect(text.contains(page.photo.string) && !text.contains("passwd"))
        }
    }

    @Test("rubbish is refused", arguments: ["", "{", "[]", #"{"jsonrpc":"2.0","id":1}"#])
    func rubbish(text: String) async throws {
        #expect(try await PageUnderTest().post("/rpc", Data(text.utf8)).status == 400)
    }

    @Test("a request is words, and no photo")
    func large() async throws {
        let body = Data(repeating: UInt8(ascii: " "), count: 1 << 20) + Data("{}".utf8)
        #expect(try await PageUnderTest().post("/rpc", body).status == 413)
    }

    @Test("small pictures are upright, small, and made once")
    func thumbnails() async throws {
        let page = try await PageUnderTest()
        let address = "/picture?photo=\(page.photo.string.replacing("/", with: "%2F"))&kind="
        let answer = try await page.get(address + "thumbnail&v=1")
        #expect(answer.headers[.cacheControl]?.contains("immutable") == true)
        let picture = try PhotoDecoder.decode(answer.body).bitmap
        #expect(max(picture.width, picture.height) == 360)
        // Without the photo the kept one is there, and the large one cannot be made.
        try FileManager.default.removeItem(atPath: page.photo.string)
        #expect(try await page.get(address + "thumbnail").body == answer.body)
        #expect(try await page.get(address + "photo").status == 404)
        #expect(try await page.get(address + "boxes").text == "{}")
        #expect(try await page.get(address + "overlay").status == 404)
        #expect(try await page.get(address + "passwd").status == 400)
        #expect(try await page.get("/picture").status == 400)
    }

    @Test("a photo that cannot be read has no picture, and says why")
    func unreadable() async throws {
        let page = try await PageUnderTest()
        try Data("no photo".utf8).write(to: URL(filePath: page.photo.string))
        let answer = try await page.get("/picture?photo=\(page.photo.string)&kind=thumbnail")
        #expect(answer.status == 422 && answer.text.contains("JPEG"))
    }
}

@Suite("Photos that people send")
struct WebUploadTests {
    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test("what is to be kept is in the inbox, and takes no other's place")
    func keeping() async throws {
        let page = try await PageUnderTest()
        let photo = try Data(contentsOf: RunningDaemon.demoPhoto)
        for expected in ["cat-2.jpg", "cat-3.jpg"] {
            let answer = try await page.post("/upload?name=cat.jpg&keep=yes", photo)
            #expect(answer.status == 200 && answer.text.contains(expected))
            #expect(try Data(contentsOf: URL(filePath: page.inbox.appending(expected).string)) == photo)
        }
        #expect(try names(page.inbox.string) == ["cat-2.jpg", "cat-3.jpg", "cat.jpg", "cat.jpg.boxes.json"])
        #expect(try names(page.folder.path + "/state/uploads").isEmpty)
    }

    @Test("what is not is explained, and gone")
    func forgetting() async throws {
        let recorder = Recorder()
        let page = try await PageUnderTest(handler: recorder)
        let answer = try await page.post("/upload?name=mine.jpg", try Data(contentsOf: RunningDaemon.demoPhoto))
        #expect(answer.status == 200 && answer.text.contains("result"))
        #expect(recorder.requests.map(\.method) == ["explain"])
        #expect(try names(page.inbox.string) == ["cat.jpg", "cat.jpg.boxes.json"])
        #expect(try names(page.folder.path + "/state/uploads").isEmpty)
    }

    @Test("what is too large is refused, and leaves nothing")
    func tooLarge() async throws {
        let page = try await PageUnderTest()
        let body = Data(count: WebUploads.largestPhoto + 1)
        #expect(try await page.post("/upload?name=a.jpg&keep=yes", body).status == 413)
        #expect(try await page.post("/upload?name=a.jpg", Data(), [.contentLength: "99999999999"]).status == 413)
        #expect(try await page.post("/upload?name=a.jpg&keep=yes", Data()).status == 400)
        #expect(try names(page.inbox.string) == ["cat.jpg", "cat.jpg.boxes.json"])
        #expect(try names(page.folder.path + "/state/uploads").isEmpty)
        // Its place is free again.
        #expect(try await page.post("/upload?name=a.jpg&keep=yes", Data("x".utf8)).status == 200)
    }

    @Test(
        "a name is a bare one that the inbox takes for a photo's",
        arguments: [
            "", "a.png", "../../etc/passwd", ".hidden.jpg", "a.jpg.overlay.jpg",
            String(repeating: "a", count: 250) + ".jpg",
        ])
    func names(name: String) async throws {
        let page = try await PageUnderTest()
        #expect(try await page.post("/upload?name=\(name)&keep=yes", Data("x".utf8)).status == 415)
    }

    @Test("folders in a name do not count")
    func folders() async throws {
        let page = try await PageUnderTest()
        let answer = try await page.post("/upload?name=..%2F..%2Fevil.jpg&keep=yes", Data("x".utf8))
        #expect(answer.text.contains(page.inbox.appending("evil.jpg").string))
        #expect(try names(page.inbox.string).contains("evil.jpg"))
    }
}
