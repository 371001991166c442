import Files
import Foundation
import Inbox
import Testing

@Suite("The catalog in a file")
struct SQLiteCatalogTests {
    private let folder: TestFolder
    private let path = FilePath("/inbox/a.jpg")
    private let identity = FileIdentity(device: 1, inode: 2, size: 5, modified: 1)

    init() throws {
        folder = try TestFolder()
    }

    private func admit(_ catalog: Catalog, _ path: FilePath) async throws -> Admission? {
        try await catalog.admit([.init(path: path, identity: identity)]).first
    }

    @Test("it is the same after closing and opening; a path need not be UTF-8")
    func reopens() async throws {
        let file = folder.url("catalog.sqlite").path
        let strange = FilePath(bytes: [0x2F, 0xFF, 0x0A, 0x22])
        do {
            let catalog = try Catalog(at: file, logger: silentLogger)
            _ = try await admit(catalog, strange)
            let record = try #require(try await catalog.claimNext())
            try await catalog.postpone(
                record, code: "file-trouble", message: "disk full", until: Date().addingTimeInterval(100))
        }
        let catalog = try await reopenedCatalog(file)
        let record = try #require(try await catalog.record(of: strange))
        #expect(record.state == .pending)
        #expect(record.attempts == 1)
        #expect(record.retryAt != nil)
        #expect(record.errorMessage == "disk full")
    }

    @Test("a second daemon with the same catalog is refused")
    func locked() throws {
        let file = folder.url("catalog.sqlite").path
        let first = try Catalog(at: file, logger: silentLogger)
        // flock(2) belongs to an open file, so a second opening in this process is as good as another process.
        let error = #expect(throws: CatalogError.self) { _ = try Catalog(at: file, logger: silentLogger) }
        #expect("\(try #require(error))".contains("another interpretd"))
        withExtendedLifetime(first) {}
    }

    @Test("a damaged catalog is set aside and a new one begun", arguments: [true, false])
    func damaged(isRubbish: Bool) async throws {
        let file = folder.url("catalog.sqlite").path
        if isRubbish {
            try folder.write("catalog.sqlite", String(repeating: "this is no database. ", count: 500))
        } else {
            do {
                let catalog = try Catalog(at: file, logger: silentLogger)
                let photos = (0..<500).map {
                    SettledPhoto(path: FilePath("/inbox/\($0).jpg"), identity: identity)
                }
                _ = try await catalog.admit(photos)
            }
            let handle = try FileHandle(forUpdating: folder.url("catalog.sqlite"))
            for page in 2..<8 {
                try handle.seek(toOffset: UInt64(page * 4096))
                try handle.write(contentsOf: Data(repeating: 0xA5, count: 4096))
            }
            try handle.close()
        }
        let catalog = try await reopenedCatalog(file)
        #expect(try await catalog.counts() == CatalogCounts())
        #expect(folder.names.contains { $0.hasPrefix("catalog.sqlite.damaged-") })
        #expect(try await admit(catalog, path) == .queued)
    }

    /// The fixture was made by interpretd 0.1 before computing was noted: killed while two photos were in hand.
    @Test("a catalog of an older daemon is taken over, and blames no photo")
    func older() async throws {
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/catalogs/version-1.sqlite").standardized
        try FileManager.default.copyItem(at: fixture, to: folder.url("catalog.sqlite"))
        let catalog = try Catalog(at: folder.url("catalog.sqlite").path, logger: silentLogger)
        #expect(!folder.names.contains { $0.contains("damaged") })
        let working = try await catalog.working()
        #expect(working.count == 2)
        #expect(working.allSatisfy { !$0.isComputing && $0.attempts == 1 })
        let done = try #require(try await catalog.latest(9, in: .done).first)
        #expect(done.summary?.label == "cat")
    }
}
