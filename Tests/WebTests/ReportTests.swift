import Digests
import Files
import Foundation
import Inbox
import TestSupport
import Testing
import Web
import WireProtocol

/// What ``ReportMaker`` writes, of photos that are in a catalog and on the disk.
@Suite("A report in a file", .timeLimit(.minutes(30)))
struct ReportTests {
    private let folder: TemporaryFolder
    private let catalog = Catalog.inMemory()
    private let maker: ReportMaker

    init() throws {
        folder = try TemporaryFolder()
        let state = FilePath(folder.path)
        maker = ReportMaker(
            catalog: catalog, thumbnails: Thumbnails(folder: state.appending("thumbnails")), folder: state)
    }

    /// A photo that is done, or has failed where it has no summary.
    private func add(_ name: String, _ summary: PhotoSummary?, document: String? = nil) async throws {
        let path = FilePath(folder.path + "/" + name)
        if summary != nil {
            try FileManager.default.copyItem(at: RunningDaemon.demoPhoto, to: URL(filePath: path.string))
        }
        if let document { try Data(document.utf8).write(to: URL(filePath: path.string + ".boxes.json")) }
        let identity = FileIdentity(device: 1, inode: 1, size: 1, modified: 1)
        _ = try await catalog.admit([SettledPhoto(path: path, identity: identity)])
        let record = try #require(try await catalog.claimNext())
        if let summary {
            try await catalog.complete(record, summary)
        } else {
            try await catalog.fail(record, code: "truncated", message: "it ends <early>; copy it again")
        }
    }

    private func summary(_ label: String = "cat", verdict: String = "looks-at-animal") -> PhotoSummary {
        PhotoSummary(
            sha256: "0", model: "petshop", label: label, probability: 0.9, margin: 0.8, verdict: verdict,
            isDoubtful: verdict != "looks-at-animal", boxCount: 1)
    }

    private func report(
        _ filter: PhotoFilter = PhotoFilter(), limit: Int = ReportParameters.largestFile, inbox: String = "/srv/inbox"
    ) async throws -> (html: String, contents: ReportResult.Contents) {
        let share = OverviewResult.Share(
            photos: 1, doubtful: 0, corrected: 0, failed: 0, ofNothing: 0, verdicts: [:], labels: [:],
            meanProbability: nil)
        let about = ReportResult(
            version: "1", created: Date(timeIntervalSince1970: 1_748_770_200), inbox: inbox,
            filter: PhotosParameters(until: Date(timeIntervalSince1970: 1_748_770_200)), timeZone: "UTC", period: .day,
            overview: OverviewResult(all: share, periods: [], networks: []), waiting: 0, networks: [],
            answers: .init(counts: [:], labels: 0, right: 0, latest: []))
        let (file, contents) = try await maker.make(about, of: filter, limit: limit) { _ in }
        let data = try await FileWork.run(on: FilePath(folder.path)) { try file.bytes(in: 0..<file.size) }
        return (try #require(String(validating: data, as: UTF8.self)), contents)
    }

    @Test("what needs a person comes first: failed photos, then doubtful ones, then the others")
    func order() async throws {
        try await add("good.jpg", summary())
        try await add("bad.jpg", summary("dog", verdict: "looks-elsewhere"))
        try await add("half.jpg", nil)
        let (html, contents) = try await report()
        #expect(contents == .init(doubtful: 2, others: 1, leftOut: 0, withoutPicture: 0))
        let places = try ["half.jpg", "bad.jpg", "id=\"wall\"", "good.jpg"].map { name in
            try #require(html.firstRange(of: name)).lowerBound
        }
        #expect(places == places.sorted())
        #expect(html.matches(of: /<img src="data:image\/jpeg;base64,\/9j/).count == 2)
        #expect(html.hasPrefix("<!doctype html>") && html.hasSuffix("</html>\n"))
        #expect(!html.contains(/\{\{[a-z]+\}\}/))
    }

    @Test("nothing of a name or a label is read as HTML or ends a script")
    func escapes() async throws {
        let evil = "</script><script>alert(1)<&\"'>{{wall}}"
        try await add("<script>\"'&.jpg", summary(evil))
        try await add("<b>.jpg", nil)
        let (html, _) = try await report(inbox: "/srv/" + evil)
        #expect(html.matches(of: /<script/).count == 3 && html.matches(of: /<\/script>/).count == 3)
        #expect(!html.contains("alert(1)<") && !html.contains("<b>") && !html.contains("<early>"))
        #expect(html.matches(of: /<figure/).count == 1)
        // What the script reads is what the catalog says.
        let attribute = try #require(html.firstMatch(of: /<figure class="card" data-photo="([^"]*)"/)).1
        var text = String(attribute)
        for (name, character) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#123;", "{"), ("&amp;", "&"),
        ] {
            text = text.replacing(name, with: character)
        }
        let photo = try WireCoding.decoder().decode(WireProtocol.PhotoRecord.self, from: Data(text.utf8))
        #expect(photo.label == evil && photo.path.hasSuffix("/<script>\"'&.jpg"))
        let about = try #require(html.firstMatch(of: /id="about">([^<]*)</)).1
        #expect(try WireCoding.decoder().decode(ReportResult.self, from: Data(about.utf8)).inbox == "/srv/" + evil)
    }

    @Test("the policy allows what is in the file and nothing else")
    func policy() async throws {
        try await add("cat.jpg", summary())
        let (html, _) = try await report()
        let policy = String(try #require(html.firstMatch(of: /Content-Security-Policy" content="([^"]*)"/)).1)
        #expect(policy.hasPrefix("default-src 'none';") && policy.contains("img-src data:;"))
        for pattern in [/<script>([\s\S]*?)<\/script>/, /<style>([\s\S]*?)<\/style>/] {
            let text = String(try #require(html.firstMatch(of: pattern)).1)
            let digits = Array(SHA256.hexDigest(of: Data(text.utf8)))
            let bytes = stride(from: 0, to: 64, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
            #expect(policy.contains("'sha256-\(Data(bytes).base64EncodedString())'"))
        }
        let markup = html.replacing(/<(script|style)[^>]*>[\s\S]*?<\/(script|style)>/, with: "")
        #expect(!markup.contains(/<[^>]*\s(style|on[a-z]+)=/) && !markup.contains(/https?:/))
        #expect(markup.matches(of: /\s(src|href)="(?!data:|#)/).isEmpty)
    }

    @Test("a doubtful photo has its verdict beside it, if it is about the same bytes")
    func verdicts() async throws {
        func document(_ sha256: String, _ sentence: String) -> String {
            #"{"photo":{"sha256":"\#(sha256)"},"verdict":{"version":2,"verdict":"looks-elsewhere","label":"dog","sentence":"\#(sentence)","reasons":["stays-without-animal"],"certainty":{"probability":0.9,"margin":0.8,"energy":1}}}"#
        }
        let doubtful = summary("dog", verdict: "looks-elsewhere")
        try await add("a.jpg", doubtful, document: document("0", "It stays <without> it."))
        try await add("b.jpg", doubtful, document: document("1", "Of another photo."))
        let (html, _) = try await report()
        #expect(html.contains("It stays &lt;without&gt; it."))
        #expect(!html.contains("Of another photo."))
        #expect(html.matches(of: /data-verdict=/).count == 1)
    }

    @Test("what does not fit is left out and counted, and what is gone has no picture")
    func limits() async throws {
        for number in 0..<4 { try await add("\(number).jpg", summary()) }
        let (whole, all) = try await report()
        #expect(all.others == 4 && all.leftOut == 0)
        try FileManager.default.removeItem(atPath: folder.path + "/3.jpg")
        try FileManager.default.removeItem(atPath: folder.path + "/thumbnails")
        let (_, gone) = try await report()
        #expect(gone == .init(doubtful: 0, others: 4, leftOut: 0, withoutPicture: 1))
        let limit = whole.utf8.count - 20_000
        let (cut, contents) = try await report(limit: limit)
        #expect(cut.utf8.count <= limit)
        #expect(contents.leftOut > 0 && contents.others + contents.leftOut == 4)
        #expect(cut.contains("\"leftOut\":\(contents.leftOut)") && cut.hasSuffix("</html>\n"))
    }

    @Test("a filter leaves photos out of both parts")
    func filters() async throws {
        try await add("cat.jpg", summary("cat"))
        try await add("dog.jpg", summary("dog", verdict: "looks-partly"))
        try await add("half.jpg", nil)
        #expect(try await report(PhotoFilter(label: "dog")).contents == .init(doubtful: 1))
        #expect(try await report(PhotoFilter(verdict: "looks-at-animal")).contents == .init(others: 1))
        #expect(try await report(PhotoFilter(state: .failed)).contents == .init(doubtful: 1))
        #expect(try await report(PhotoFilter(isDoubtful: false)).contents == .init(others: 1))
    }
}
