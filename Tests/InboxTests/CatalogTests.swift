import Files
import Foundation
import Inbox
import Testing
import WireProtocol

@Suite("The catalog, whatever its records lie in")
struct CatalogTests {
    private let folder: TestFolder
    private let path = FilePath("/inbox/a.jpg")

    init() throws {
        folder = try TestFolder()
    }

    private func identity(size: Int64 = 5, modified: Int64 = 1, inode: UInt64 = 2) -> FileIdentity {
        FileIdentity(device: 1, inode: inode, size: size, modified: modified)
    }

    private func admit(
        _ catalog: Catalog, _ path: FilePath, _ identity: FileIdentity, sha256: String? = nil, at now: Date = Date()
    ) async throws -> Admission? {
        try await catalog.admit(
            [.init(path: path, identity: identity, sha256: sha256)], at: now
        ).first
    }

    private let summary = PhotoSummary(
        sha256: String(repeating: "a", count: 64), model: "petshop", label: "cat",
        furtherLabels: ["guinea pig", "dog"],
        probability: 0.75, boxCount: 2, warning: "truncated", milliseconds: 12.5)

    @Test(
        "a photo goes from pending over working to done, and everything about it is kept",
        arguments: CatalogBody.allCases)
    func life(body: CatalogBody) async throws {
        let catalog = try body.open(in: folder)
        #expect(try await admit(catalog, path, identity()) == .queued)
        #expect(try await catalog.counts().pending == 1)
        let record = try #require(try await catalog.claimNext())
        #expect(record.state == .working)
        #expect(record.attempts == 1)
        #expect(record.identity == identity())
        #expect(try await catalog.claimNext() == nil)
        #expect(try await catalog.complete(record, summary))
        let done = try #require(try await catalog.record(of: path))
        #expect(done.state == .done)
        #expect(done.summary == summary)
        #expect(try await catalog.counts().done == 1)
    }

    @Test(
        "unchanged it is not queued again; changed it is; under another name it is another photo",
        arguments: CatalogBody.allCases)
    func changes(body: CatalogBody) async throws {
        let catalog = try body.open(in: folder)
        _ = try await admit(catalog, path, identity())
        #expect(try await admit(catalog, path, identity()) == .known)
        let record = try #require(try await catalog.claimNext())
        #expect(try await admit(catalog, path, identity()) == .known)
        _ = try await catalog.complete(record, summary)
        #expect(try await admit(catalog, path, identity()) == .known)
        #expect(try await admit(catalog, path, identity(modified: 2)) == .queued)
        #expect(try await admit(catalog, FilePath("/inbox/b.jpg"), identity()) == .queued)
    }

    @Test("a failed photo rests until it changes", arguments: CatalogBody.allCases)
    func failed(body: CatalogBody) async throws {
        let catalog = try body.open(in: folder)
        _ = try await admit(catalog, path, identity())
        let record = try #require(try await catalog.claimNext())
        try await catalog.fail(record, code: "not-a-jpeg", message: "it is a text")
        #expect(try await admit(catalog, path, identity()) == .known)
        #expect(try await catalog.record(of: path)?.errorCode == "not-a-jpeg")
        #expect(try await admit(catalog, path, identity(size: 6)) == .queued)
        let again = try #require(try await catalog.record(of: path))
        #expect(again.state == .pending)
        #expect(again.attempts == 0)
        #expect(again.errorCode == nil)
    }

    @Test("the same size and time under another inode is settled by the bytes", arguments: CatalogBody.allCases)
    func otherInode(body: CatalogBody) async throws {
        let catalog = try body.open(in: folder)
        _ = try await admit(catalog, path, identity())
        let record = try #require(try await catalog.claimNext())
        _ = try await catalog.complete(record, summary)
        let moved = identity(inode: 77)
        #expect(try await admit(catalog, path, moved, sha256: summary.sha256) == .known)
        #expect(try await catalog.record(of: path)?.identity == moved)
        #expect(try await admit(catalog, path, identity(inode: 78), sha256: "other") == .queued)
    }

    @Test("a result for a photo that changed meanwhile is not taken", arguments: CatalogBody.allCases)
    func changedWhileWorking(body: CatalogBody) async throws {
        let catalog = try body.open(in: folder)
        _ = try await admit(catalog, path, identity())
        let record = try #require(try await catalog.claimNext())
        #expect(try await admit(catalog, path, identity(size: 9)) == .queued)
        #expect(try await catalog.complete(record, summary) == false)
        #expect(try await catalog.record(of: path)?.state == .pending)
        #expect(try await catalog.claimNext(excluding: [path]) == nil)
        #expect(try await catalog.claimNext()?.identity.size == 9)
    }

    @Test("the photo that has waited longest comes first; of one batch the oldest", arguments: CatalogBody.allCases)
    func order(body: CatalogBody) async throws {
        let catalog = try body.open(in: folder)
        let now = Date()
        _ = try await catalog.admit(
            [
                .init(path: FilePath("/i/new.jpg"), identity: identity(modified: 30)),
                .init(path: FilePath("/i/old.jpg"), identity: identity(modified: 10)),
            ], at: now)
        _ = try await admit(catalog, FilePath("/i/late.jpg"), identity(modified: 1), at: now.addingTimeInterval(1))
        var order: [String] = []
        while let record = try await catalog.claimNext() { order.append(record.path.string) }
        #expect(order == ["/i/old.jpg", "/i/new.jpg", "/i/late.jpg"])
    }

    @Test(
        "a postponed photo waits for its time; a clock that was set back does not hold it for ever",
        arguments: CatalogBody.allCases)
    func postponed(body: CatalogBody) async throws {
        let catalog = try body.open(in: folder)
        let now = Date()
        _ = try await admit(catalog, path, identity(), at: now)
        let record = try #require(try await catalog.claimNext(at: now))
        try await catalog.postpone(
            record, code: "file-trouble", message: "disk full", until: now.addingTimeInterval(60))
        #expect(try await catalog.claimNext(at: now.addingTimeInterval(59)) == nil)
        let retry = try #require(try await catalog.nextRetry(after: now))
        #expect(abs(retry.timeIntervalSince(now) - 60) < 0.01)
        let second = try #require(try await catalog.claimNext(at: now.addingTimeInterval(61)))
        #expect(second.attempts == 2)
        try await catalog.postpone(
            second, code: "file-trouble", message: "disk full", until: now.addingTimeInterval(60))
        #expect(try await catalog.claimNext(at: now.addingTimeInterval(-86_400)) != nil)
    }

    @Test("questions about the latest photos, by state and in pages", arguments: CatalogBody.allCases)
    func listing(body: CatalogBody) async throws {
        let catalog = try body.open(in: folder)
        let now = Date()
        for index in 0..<5 {
            _ = try await admit(
                catalog, FilePath("/i/\(index).jpg"), identity(), at: now.addingTimeInterval(Double(index)))
        }
        let record = try #require(try await catalog.claimNext(at: now.addingTimeInterval(10)))
        try await catalog.complete(record, summary, at: now.addingTimeInterval(11))
        #expect(try await catalog.latest(2).map(\.path.string) == ["/i/0.jpg", "/i/4.jpg"])
        #expect(try await catalog.latest(9, in: .done).map(\.path.string) == ["/i/0.jpg"])
        #expect(
            try await catalog.page(after: FilePath("/i/1.jpg"), limit: 2).map(\.path.string) == [
                "/i/2.jpg", "/i/3.jpg",
            ])
    }

    @Test("photos are found by what was said of them, and done again by it", arguments: CatalogBody.allCases)
    func query(body: CatalogBody) async throws {
        let catalog = try body.open(in: folder)
        let now = Date(timeIntervalSince1970: 1_750_000_000)
        let found = [("cat", 0.9, "looks-at-animal"), ("dog", 0.5, "looks-elsewhere"), ("cat", 0.6, "undecided")]
        for (index, (label, probability, verdict)) in found.enumerated() {
            let instant = now.addingTimeInterval(Double(index))
            _ = try await admit(catalog, FilePath("/i/\(index).jpg"), identity(), at: instant)
            let record = try #require(try await catalog.claimNext(at: instant))
            let summary = PhotoSummary(
                sha256: "\(index)", modelSHA256: index == 0 ? "new" : "old", label: label, probability: probability,
                margin: probability - 0.4, verdict: verdict, isDoubtful: index > 0, boxCount: 0)
            try await catalog.complete(record, summary, at: instant)
        }
        func names(_ filter: PhotoFilter, _ order: PhotoQuery.Order = .latest) async throws -> [String] {
            let page = try await catalog.photos(PhotoQuery(filter, order: order, limit: 9))
            #expect(page.total == page.records.count)
            return page.records.map { String(decoding: $0.path.name, as: UTF8.self) }
        }
        #expect(try await names(PhotoFilter(label: "cat")) == ["2.jpg", "0.jpg"])
        #expect(try await names(PhotoFilter(verdict: "looks-elsewhere")) == ["1.jpg"])
        #expect(try await names(PhotoFilter(probability: 0.6...1)) == ["2.jpg", "0.jpg"])
        #expect(try await names(PhotoFilter(isDoubtful: true), .leastCertain) == ["1.jpg", "2.jpg"])
        #expect(
            try await names(PhotoFilter(changed: now.addingTimeInterval(1)..<now.addingTimeInterval(2))) == ["1.jpg"])
        let second = try await catalog.photos(PhotoQuery(order: .latest, offset: 1, limit: 1))
        #expect(second.records.map(\.path.string) == ["/i/1.jpg"] && second.total == 3)

        let older = PhotoFilter(judgedByOtherThan: PhotoJudge(network: "new", everything: "mine"))
        #expect(try await catalog.count(older) == 2)
        #expect(try await catalog.redoAll(older) == 2)
        #expect(try await catalog.counts().pending == 2)
        #expect(try await catalog.count(older) == 0)
    }
}
