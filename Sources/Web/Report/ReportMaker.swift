package import Files
import Foundation
package import Inbox
package import WireProtocol

/// Writes a report into a spool file, photo by photo, so that it is never in memory as a whole.
package struct ReportMaker: Sendable {
    /// So many of the most doubtful photos have their overlay beside them.
    private static let detailed = 120
    /// What a small picture and its words take, as base64, and a little more.
    private static let bytesOfPicture = 30_000
    /// Divides into two to six columns without a gap.
    private static let cardsOfPage = 60
    /// Pictures that are made or read at the same time; the photos of the inbox want the disk, too.
    private static let atATime = 8
    private static let reserve = 4096

    private let catalog: Catalog
    private let thumbnails: Thumbnails
    private let folder: FilePath

    /// - Parameter folder: where there is room for the file until it is sent.
    package init(catalog: Catalog, thumbnails: Thumbnails, folder: FilePath) {
        self.catalog = catalog
        self.thumbnails = thumbnails
        self.folder = folder
    }

    /// - Parameters:
    ///   - about: the result without contents and files.
    ///   - filter: the photos that it is about.
    ///   - limit: of the file, in bytes.
    ///   - progress: told the share of photos that are written, 0…1.
    /// - Returns: the file, and what it shows of single photos.
    /// - Throws: `FileError` of the spool file, `CatalogError`, `CancellationError`.
    package func make(
        _ about: ReportResult, of filter: PhotoFilter, limit: Int, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> (file: SpoolFile, contents: ReportResult.Contents) {
        let parts = try ReportDocument.parts(about)
        var writer = ReportWriter(try await FileWork.run(on: folder) { [folder] in try SpoolFile(in: folder) }, folder)
        try await writer.write(parts.beforeDoubtful)
        let room = limit - parts.beforeOthers.utf8.count - parts.end.utf8.count - ReportMaker.reserve
        var walk = ReportWalk(filter)
        let doubtful = try await walk.count(of: [.failed, .doubtful], in: catalog)
        let others = try await walk.count(of: [.others], in: catalog)
        let total = max(doubtful + others, 1)
        let cards = ReportEntry.Kind.card(
            (doubtful + others) * ReportMaker.bytesOfPicture <= limit ? .small : .tiny)
        var contents = ReportResult.Contents()
        func write(_ kind: ReportWalk.Kind, _ count: WritableKeyPath<ReportResult.Contents, Int>) async throws {
            while let records = try await walk.next(kind, ReportMaker.cardsOfPage, in: catalog) {
                let before = contents.doubtful + contents.others
                let entries = try await entries(of: records) { index in
                    if kind == .others { return cards }
                    return kind == .doubtful && before + index < ReportMaker.detailed ? .detailed : .plain
                }
                let fitting = ReportMaker.fitting(entries, room - writer.size)
                let group = kind == .others ? "cards page" : "doubts-page"
                try await writer.write(
                    "<div class=\"\(group)\">\n" + fitting.map(\.html).joined() + "</div>\n")
                contents[keyPath: count] += fitting.count
                if kind != .failed { contents.withoutPicture += fitting.count { !$0.hasPicture } }
                progress(Double(contents.doubtful + contents.others) / Double(total))
                if fitting.count < entries.count { return }
            }
        }
        for kind in [ReportWalk.Kind.failed, .doubtful] { try await write(kind, \.doubtful) }
        try await writer.write(parts.beforeOthers)
        try await write(.others, \.others)
        contents.leftOut = max(0, doubtful + others - contents.doubtful - contents.others)
        try await writer.write(try ReportDocument.closing(parts.end, contents))
        return (try await writer.finish(), contents)
    }

    /// Those at the beginning that are not larger than `room` together, with what goes around them.
    private static func fitting(_ entries: [ReportEntry], _ room: Int) -> ArraySlice<ReportEntry> {
        var room = room - 64
        return entries.prefix { entry in
            room -= entry.html.utf8.count
            return room >= 0
        }
    }

    /// In the order of the records; some at the same time.
    private func entries(
        of records: [Inbox.PhotoRecord], _ kind: @escaping @Sendable (_ index: Int) -> ReportEntry.Kind
    ) async throws -> [ReportEntry] {
        let answers = try await catalog.corrections(of: records.compactMap { $0.summary?.sha256 })
        let answersByDigest = Dictionary(answers.map { ($0.sha256, $0.answer.rawValue) }) { first, _ in first }
        return try await withThrowingTaskGroup(of: (Int, ReportEntry).self) { [thumbnails] group in
            var entries = [ReportEntry?](repeating: nil, count: records.count)
            var next = 0
            func start() {
                guard next < records.count else { return }
                let (index, record) = (next, records[next])
                next += 1
                group.addTask {
                    try Task.checkCancellation()
                    let correction = record.summary.flatMap { answersByDigest[$0.sha256] }
                    return (index, try await ReportEntry(record, correction: correction, kind(index), thumbnails))
                }
            }
            for _ in 0..<ReportMaker.atATime { start() }
            while let (index, entry) = try await group.next() {
                entries[index] = entry
                start()
            }
            return entries.compactMap { $0 }
        }
    }
}
