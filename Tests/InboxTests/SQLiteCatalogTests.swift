import Files
import Foundation
import GRDB
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

    /// What can be wrong with a catalog's file.
    enum Damage: String, CaseIterable, CustomTestStringConvertible {
        case rubbish, overwritten, cutOff, empty, noTable, noColumn, otherColumn, noIndex
        var testDescription: String { rawValue }

        func inflict(on file: URL) throws {
            switch self {
            case .rubbish:
                try Data(String(repeating: "this is no database. ", count: 500).utf8).write(to: file)
            case .overwritten:
                let handle = try FileHandle(forUpdating: file)
                for page in 2..<8 {
                    try handle.seek(toOffset: UInt64(page * 4096))
                    try handle.write(contentsOf: Data(repeating: 0xA5, count: 4096))
                }
                try handle.close()
            case .cutOff: try cut(file, to: 5_000)
            // That is no damage: SQLite begins a new database in an empty file.
            case .empty: try cut(file, to: 0)
            case .noTable: try change(file, "DROP TABLE photo")
            case .noColumn: try change(file, "ALTER TABLE photo DROP COLUMN warning")
            case .otherColumn: try change(file, "ALTER TABLE photo RENAME COLUMN label TO lable")
            case .noIndex: try change(file, "DROP INDEX photo_by_turn")
            }
        }

        private func cut(_ file: URL, to length: UInt64) throws {
            let handle = try FileHandle(forUpdating: file)
            try handle.truncate(atOffset: length)
            try handle.close()
        }

        private func change(_ file: URL, _ statement: String) throws {
            let database = try DatabaseQueue(path: file.path)
            try database.writeWithoutTransaction { try $0.execute(sql: statement) }
        }
    }

    private func fill(_ catalog: Catalog, _ numbers: Range<Int>) async throws {
        _ = try await catalog.admit(
            numbers.map { SettledPhoto(path: FilePath("/inbox/\($0).jpg"), identity: identity) })
    }

    @Test("whatever is wrong with a catalog, it is set aside and a new one begun", arguments: Damage.allCases)
    func damaged(_ damage: Damage) async throws {
        let file = folder.url("catalog.sqlite")
        do { try await fill(try Catalog(at: file.path, logger: silentLogger), 0..<500) }
        try damage.inflict(on: file)
        let catalog = try await reopenedCatalog(file.path)
        #expect(try await catalog.counts() == CatalogCounts())
        #expect(try await catalog.condition(examined: true).damage == nil)
        let copies = try await catalog.condition().setAside
        #expect(copies.count == (damage == .empty ? 0 : 1))
        #expect(copies.allSatisfy { $0.wholeMatch(of: /.*catalog\.sqlite\.damaged-\d{8}-\d{6}/) != nil })
        #expect(try await admit(catalog, path) == .queued)
    }

    @Test("what is done comes back from the backup, what has happened since from the disk", arguments: [true, false])
    func restored(isWhole: Bool) async throws {
        let file = folder.url("catalog.sqlite")
        let summary = PhotoSummary(sha256: String(repeating: "a", count: 64), label: "cat", boxCount: 1)
        do {
            let catalog = try Catalog(at: file.path, logger: silentLogger)
            try await fill(catalog, 0..<300)
            for _ in 0..<100 {
                let record = try #require(try await catalog.claimNext())
                _ = try await catalog.complete(record, summary)
            }
            try await catalog.backUp()
            #expect(CatalogBackups.isDue(last: try await catalog.condition().lastBackup, at: Date()) == false)
            try await fill(catalog, 300..<400)
        }
        if !isWhole { try Damage.overwritten.inflict(on: URL(filePath: file.path + ".backup")) }
        try Damage.cutOff.inflict(on: file)
        let catalog = try await reopenedCatalog(file.path)
        var counts = CatalogCounts()
        if isWhole { counts.done = 100 }
        #expect(try await catalog.counts() == counts)
        #expect(try await catalog.latest(1, in: .done).first?.summary == (isWhole ? summary : nil))
        #expect(!folder.names.contains { $0.hasSuffix(".new") })

        // A photo that changed after the backup and was done: its sidecars tell, as where there is no record.
        let proof = SidecarProof(sha256: summary.sha256, summary: summary)
        var photo = SettledPhoto(
            path: FilePath("/inbox/0.jpg"), identity: FileIdentity(device: 1, inode: 2, size: 6, modified: 2),
            proof: proof)
        #expect(try await catalog.news(in: [photo]).map(\.look) == [.proof])
        #expect(try await catalog.admit([photo]) == [.adopted])
        // From then on it is a record like any other.
        photo = SettledPhoto(path: photo.path, identity: identity, proof: proof)
        #expect(try await catalog.news(in: [photo]).map(\.look) == [.nothing])
        #expect(try await catalog.admit([photo]) == [.queued])
    }

    @Test("a backup is due when there is none, after a day, and where the clock was set back")
    func due() {
        let now = Date()
        #expect(CatalogBackups.isDue(last: nil, at: now))
        #expect(!CatalogBackups.isDue(last: now.addingTimeInterval(-86_000), at: now))
        #expect(CatalogBackups.isDue(last: now.addingTimeInterval(-86_400), at: now))
        #expect(CatalogBackups.isDue(last: now.addingTimeInterval(60), at: now))
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
