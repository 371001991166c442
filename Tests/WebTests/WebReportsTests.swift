import Foundation
import HTTPTypes
import Socket
import TestSupport
import Testing
import Web
import WireProtocol

@Suite("A report from the page", .timeLimit(.minutes(30)))
struct WebReportsTests {
    @Test("it is the file that the socket sends, to save")
    func file() async throws {
        let page = try await PageUnderTest()
        let answer = try await page.post("/report", Data(#"{"filter":{"label":"cat"},"timeZone":"UTC"}"#.utf8))
        #expect(answer.status == 200 && answer.body == FakeDaemon.reportFile)
        #expect(answer.headers[.contentDisposition] == "attachment")
    }

    @Test("what goes wrong before it is said in a sentence")
    func failures() async throws {
        let page = try await PageUnderTest()
        let clock = try await page.post("/report", Data(#"{"timeZone":"Neverland"}"#.utf8))
        #expect(clock.status == 400 && clock.text.contains("there is no clock 'Neverland'"))
        #expect(try await page.post("/report", Data("{".utf8)).status == 400)
        #expect(try await page.post("/report", Data("{}".utf8), origin: "http://evil.example").status == 403)
        #expect(try await page.get("/report").status == 404)
    }

    @Test("nothing piles up, and whoever stops taking stops the giving")
    func handover() async throws {
        let parts = Handover<Int>()
        let giver = Task {
            for number in 0..<3 { try await parts.give(number) }
            await parts.finish()
        }
        var taken: [Int] = []
        while let number = try await parts.take() { taken.append(number) }
        try await giver.value
        #expect(taken == [0, 1, 2])

        let cut = Handover<Int>()
        let refused = Task { try await cut.give(1) }
        await cut.finish(RPCError(.cancelled, "gone"))
        await #expect(throws: CancellationError.self) { try await refused.value }
        await #expect(throws: RPCError.self) { try await cut.take() }
    }
}
