import Files
import Foundation
import HTTPTypes
import Logging
import Socket
import TestSupport
import Testing
import Web

@Suite("Who may ask the page, and what of it leaves the machine")
struct WebSafetyTests {
    @Test(
        "on loopback, only loopback's names count",
        arguments: [
            ("127.0.0.1:8780", true), ("localhost", true), ("LOCALHOST:9000", true), ("[::1]:8780", true),
            ("127.0.0.1.evil.example", false), ("evil.example", false), ("evil.example:8780", false),
            ("192.168.1.5:8780", false), ("localhost:", false), ("[::1", false), ("", false),
            ("localhost:80:80", false),
        ])
    func hosts(host: String, isOurs: Bool) async throws {
        let page = try await PageUnderTest()
        #expect(try await page.get("/", host: host).status == (isOurs ? 200 : 421))
    }

    @Test("a request without any host is refused")
    func noHost() async throws {
        #expect(try await PageUnderTest().get("/", host: nil).status == 421)
    }

    @Test("beyond loopback nothing is answered without the token, however it is shown")
    func token() async throws {
        let page = try await PageUnderTest(address: "0.0.0.0:8780")
        let host = "192.168.1.5:8780"
        let right = PageUnderTest.token
        #expect(try await page.get("/", host: "evil.example", [.authorization: "Bearer \(right)"]).status == 421)
        for path in ["/", "/assets/page.css", "/events", "/picture?photo=x&kind=photo", "/nowhere"] {
            #expect(try await page.get(path, host: host).status == 401, "\(path)")
        }
        for wrong in ["", "x", String(right.dropLast()), right + "0", String(right.reversed())] {
            #expect(try await page.get("/?token=\(wrong)", host: host).status == 401)
            #expect(try await page.get("/", host: host, [.authorization: "Bearer \(wrong)"]).status == 401)
            #expect(try await page.get("/", host: host, [.cookie: "interpretd=\(wrong)"]).status == 401)
        }
        #expect(try await page.get("/", host: host, [.authorization: "Bearer \(right)"]).status == 200)
        #expect(try await page.get("/", host: host, [.cookie: "interpretd=\(right)"]).status == 200)
    }

    @Test("the first visit puts the token into a cookie that no script reads, and takes it out of the address")
    func welcome() async throws {
        let page = try await PageUnderTest(address: "0.0.0.0:8780")
        let answer = try await page.get("/photo?path=%2Fa%20b&token=\(PageUnderTest.token)", host: "192.168.1.5:8780")
        #expect(answer.status == 303)
        #expect(answer.headers[.location] == "/photo?path=%2Fa%20b")
        let cookie = try #require(answer.headers[.setCookie])
        for part in ["interpretd=\(PageUnderTest.token)", "HttpOnly", "SameSite=Strict"] {
            #expect(cookie.contains(part))
        }
    }

    @Test("a token is made once, long, and for its owner alone")
    func making() async throws {
        let page = try await PageUnderTest()
        let state = page.folder.path + "/state"
        let file = state + "/web-token"
        try FileManager.default.removeItem(atPath: file)
        for _ in 0..<2 {
            _ = try WebServer(
                address: try WebAddress("0.0.0.0:0"), inbox: page.inbox, state: .init(state), photos: page.catalog,
                handler: ScriptedNothing(), events: .init(),
                thumbnails: Thumbnails(folder: page.inbox), logger: .init(label: "test"))
        }
        let token = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .newlines)
        #expect(token.count == 64 && token.allSatisfy(\.isHexDigit))
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test(
        "what does not come from the page itself is refused, also where nothing is changed",
        arguments: ["/rpc", "/upload?name=a.jpg&keep=yes"])
    func sameOrigin(path: String) async throws {
        let page = try await PageUnderTest()
        for origin in [
            nil, "http://evil.example", "http://127.0.0.1:8781", "null", "http://127.0.0.1:8780.evil.example",
        ] {
            #expect(try await page.post(path, Data("{}".utf8), origin: origin).status == 403)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: page.inbox.string).count == 2)
    }

    @Test(
        "every answer bears the safety headers, also a refusal",
        arguments: ["/", "/assets/api.js", "/nowhere", "/picture"])
    func headers(path: String) async throws {
        let page = try await PageUnderTest()
        for host in ["localhost", "evil.example"] {
            let headers = try await page.get(path, host: host).headers
            let policy = try #require(headers[.contentSecurityPolicy])
            #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
            #expect(!policy.contains("unsafe"))
            #expect(headers[.xContentTypeOptions] == "nosniff")
            #expect(headers[.cacheControl] != nil)
        }
    }

    @Test("nothing but the inbox's photos and what lies beside them can be reached")
    func traversal() async throws {
        let page = try await PageUnderTest()
        try Data("secret".utf8).write(to: URL(filePath: page.folder.path + "/secret.jpg"))
        try Data("secret".utf8).write(to: URL(filePath: page.folder.path + "/secret.jpg.boxes.json"))
        let inbox = page.inbox.string
        for path in [
            "/etc/passwd", "\(page.folder.path)/secret.jpg", "\(inbox)/../secret.jpg", "../secret.jpg", "cat.jpg",
            "\(inbox)/./cat.jpg", "\(inbox)//cat.jpg", "\(inbox)/cat.jpg.boxes.json", "\(inbox)/cat.jpg%00",
        ] {
            for kind in ["thumbnail", "photo", "boxes", "overlay"] {
                let encoded = path.replacing("/", with: "%2F")
                #expect(try await page.get("/picture?photo=\(encoded)&kind=\(kind)").status == 404, "\(path)")
            }
            let answer = try await page.ask("explain", #"{"photo":"\#(path)"}"#)
            #expect(answer.status == 404, "\(path)")
        }
        for path in ["/assets/../../etc/passwd", "/..%2f..%2fetc/passwd", "/assets/%2e%2e/secret.jpg"] {
            #expect(try await page.get(path).status == 404)
        }
    }

    @Test("an address is one of this machine, with a port")
    func addresses() throws {
        for (text, isLoopback) in [
            ("127.0.0.1:8780", true), ("localhost:1", true), ("[::1]:80", true), ("0.0.0.0:80", false),
            ("[::]:80", false), ("10.0.0.1:80", false),
        ] {
            #expect(try WebAddress(text).isLoopback == isLoopback, "\(text)")
        }
        for text in [
            "", "8780", ":8780", "localhost", "127.0.0.1:", "127.0.0.1:70000", "example.org:80", "::1:80",
            "127.0.0.1:-1",
        ] {
            #expect(throws: WebError.address(text)) { try WebAddress(text) }
        }
    }
}
