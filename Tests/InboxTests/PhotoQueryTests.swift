import Files
import Foundation
import Inbox
import Testing

/// Every question has the same answer from every body of the catalog.
@Suite("Photos by many conditions")
struct PhotoQueryTests {
    private let root = FilePath("/inbox")
    private let start = Date(timeIntervalSince1970: 1_750_000_000)

    private struct Example {
        let name: String
        let label: String
        let probability: Double
        let verdict: String?
        let margin: Double
        var isDoubtful = false
    }

    /// Probabilities that a sum keeps exactly, in whatever order it is made.
    private static let examples = [
        Example(name: "cat.jpg", label: "cat", probability: 0.96875, verdict: "looks-at-animal", margin: 0.9),
        Example(
            name: "cage.jpg", label: "dog", probability: 0.90625, verdict: "looks-elsewhere", margin: 0.8,
            isDoubtful: true),
        Example(
            name: "a/Sofa.jpg", label: "cat", probability: 0.703125, verdict: "looks-partly", margin: 0.4,
            isDoubtful: true),
        Example(
            name: "a/b/100%.jpg", label: "dog", probability: 0.5625, verdict: "undecided", margin: 0.1, isDoubtful: true
        ),
        Example(name: "ab/cup.jpg", label: "other", probability: 0.984375, verdict: "undecided", margin: 0.95),
        Example(name: "old_1.jpg", label: "cat", probability: 0.8125, verdict: nil, margin: 0.6),
    ]

    /// All bodies with the examples, an hour apart, and a photo that cannot be read.
    private func bodies(_ folder: TestFolder) async throws -> [Catalog] {
        let bodies = try CatalogBody.allCases.map { try $0.open(in: folder) }
        for body in bodies {
            for (index, example) in PhotoQueryTests.examples.enumerated() {
                let now = start + Double(index) * 3600
                let record = try await claim(example.name, body, now)
                try await body.complete(
                    record,
                    PhotoSummary(
                        sha256: example.name, model: "petshop", modelSHA256: index < 4 ? "1" : "2",
                        label: example.label,
                        furtherLabels: example.name == "a/Sofa.jpg" ? ["guinea pig", "hare"] : [],
                        probability: example.probability, margin: example.margin, verdict: example.verdict,
                        isDoubtful: example.isDoubtful, boxCount: 1), at: now)
            }
            let record = try await claim("broken.jpg", body, start)
            try await body.fail(record, code: "c", message: "m", at: start)
        }
        return bodies
    }

    private func claim(_ name: String, _ body: Catalog, _ now: Date) async throws -> PhotoRecord {
        let identity = FileIdentity(device: 1, inode: 1, size: 1, modified: 1)
        _ = try await body.admit([SettledPhoto(path: root.appending(name), identity: identity)], at: now)
        return try #require(try await body.claimNext(at: now))
    }

    private func names(_ query: PhotoQuery, _ bodies: [Catalog]) async throws -> [String] {
        var answers: [[String]] = []
        for body in bodies {
            let records = try await body.photos(query).records
            answers.append(records.map { String($0.path.string.dropFirst("/inbox/".count)) })
        }
        for answer in answers { #expect(answer == answers[0]) }
        return answers[0]
    }

    @Test("a folder and words leave what they say")
    func conditions() async throws {
        let folder = try TestFolder()
        let bodies = try await bodies(folder)
        func expect(_ expected: [String], _ change: (inout PhotoFilter) -> Void) async throws {
            var filter = PhotoFilter()
            filter.root = root
            change(&filter)
            #expect(try await names(PhotoQuery(filter, limit: 100), bodies) == expected)
        }
        try await expect(["a/b/100%.jpg", "a/Sofa.jpg"]) { $0.folder = FilePath("/inbox/a") }
        try await expect([]) { $0.folder = FilePath("/inbo") }
        try await expect(["a/Sofa.jpg"]) { $0.words = ["SOFA", "a/"] }
        try await expect(["a/b/100%.jpg"]) { $0.words = ["0%"] }
        try await expect(["old_1.jpg"]) { $0.words = ["d_1"] }
        try await expect([]) { $0.words = ["inbox"] }
        // Of another box, too; whole labels only.
        try await expect(["a/Sofa.jpg"]) { $0.label = "hare" }
        try await expect(["a/Sofa.jpg"]) { $0.label = "guinea pig" }
        try await expect([]) { $0.label = "guinea" }
    }

    @Test("the most doubtful come first, until a person has settled them, and again when the answer is taken back")
    func doubts() async throws {
        let folder = try TestFolder()
        let bodies = try await bodies(folder)
        var query = PhotoQuery(order: .mostDoubtful, limit: 100)
        #expect(
            try await names(query, bodies) == [
                "cage.jpg", "a/Sofa.jpg", "a/b/100%.jpg", "ab/cup.jpg", "old_1.jpg", "cat.jpg", "broken.jpg",
            ])
        query.filter.isDoubtful = true
        #expect(try await names(query, bodies) == ["cage.jpg", "a/Sofa.jpg", "a/b/100%.jpg"])
        for body in bodies { try await body.set(correction("cage.jpg")) }
        #expect(try await names(query, bodies) == ["a/Sofa.jpg", "a/b/100%.jpg"])
        for body in bodies { #expect(try await body.removeCorrection(of: "cage.jpg")) }
        #expect(try await names(query, bodies) == ["cage.jpg", "a/Sofa.jpg", "a/b/100%.jpg"])
    }

    @Test("counts by verdict, label, hour and network")
    func overview() async throws {
        let folder = try TestFolder()
        var overviews: [CatalogOverview] = []
        for body in try await bodies(folder) {
            try await body.set(correction("cat.jpg"))
            overviews.append(
                try await body.overview(PhotoFilter(), by: PeriodLength(seconds: 3600, secondsFromGMT: 1800)))
        }
        #expect(overviews[0] == overviews[1])
        let all = overviews[0].all
        #expect((all.photos, all.doubtful, all.corrected, all.failed, all.ofNothing) == (7, 3, 1, 1, 1))
        #expect(all.verdicts == ["looks-at-animal": 1, "looks-elsewhere": 1, "looks-partly": 1, "undecided": 1])
        #expect(all.labels == ["cat": 3, "dog": 2, "other": 1])
        #expect(all.meanProbability == 4.9375 / 6)
        #expect(overviews[0].periods.map(\.share.photos) == [2, 1, 1, 1, 1, 1])
        // 15:06:40 UTC is 15:36:40 half an hour to the east, where the hour began at 14:30 UTC.
        #expect(overviews[0].periods.first?.start == Date(timeIntervalSince1970: 1_749_997_800))
        #expect(overviews[0].networks.map(\.sha256) == ["1", "2"])
        #expect(overviews[0].networks.map(\.share.photos) == [4, 2])
    }

    @Test("an answer is kept by the photo's bytes, and replaced by the next")
    func corrections() async throws {
        let folder = try TestFolder()
        for body in try CatalogBody.allCases.map({ try $0.open(in: folder) }) {
            var later = correction("a")
            (later.label, later.box, later.at) = ("dog", nil, start + 1)
            later.furtherBoxes = [
                .init(label: "cat", box: .init(x: 0, y: 1, width: 2.5, height: 3)),
                .init(label: "a \"fish\"", box: .init(x: 5, y: 5, width: 5, height: 5)),
            ]
            try await body.set(correction("a"))
            try await body.set(correction("b"))
            try await body.set(later)
            #expect(try await body.corrections() == [correction("b"), later])
            #expect(try await body.corrections(of: ["a", "none"]) == [later])
            #expect(try await body.removeCorrection(of: "none") == false)
        }
    }

    private func correction(_ digest: String) -> PhotoCorrection {
        PhotoCorrection(
            sha256: digest, path: FilePath(bytes: [0x2F, 0xFF]), answer: .wrongBox, label: "cat",
            box: .init(x: 1, y: 2.5, width: 3, height: 4), width: 10, height: 20, predicted: "dog", model: "petshop",
            wasDoubtful: true, at: start)
    }
}
