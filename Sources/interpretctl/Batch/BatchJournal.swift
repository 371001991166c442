import Digests
import Foundation
import Glibc
import WireProtocol

/// What was explained into a folder, one line a photo, in a file beside the results: so that the next run knows what it
/// need not do again. The last line about a photo counts; one that was cut off by a crash is passed over.
final class BatchJournal {
    static let fileName = "explained.jsonl"

    struct Entry: Codable, Equatable {
        /// Path below the folder of the photos.
        var photo: String
        var bytes: Int
        /// When its contents last changed, in nanoseconds since 1970.
        var modified: Int64
        var sha256: String
        /// SHA-256 of all that was asked, network and options.
        var question: String
    }

    private let path: String
    private var entries: [String: Entry] = [:]
    private let file: FileHandle

    /// - Parameter folder: of the results, which exists.
    /// - Throws: `CommandFailure` where the file cannot be written.
    init(in folder: String) throws {
        path = "\(folder)/\(Self.fileName)"
        let old = FileManager.default.contents(atPath: path) ?? Data()
        for line in old.split(separator: UInt8(ascii: "\n")) {
            if let entry = try? WireCoding.decoder().decode(Entry.self, from: Data(line)) {
                entries[entry.photo] = entry
            }
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw CommandFailure("cannot write \(path): \(Files.reason(errno))") }
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        if let last = old.last, last != UInt8(ascii: "\n") { try append(Data("\n".utf8)) }
    }

    /// Whether the photo was explained as it is now, with the same question. Its bytes are read only where size or time
    /// say something else than when it was done.
    func isDone(_ photo: String, at path: String, question: String) throws -> Bool {
        guard let entry = entries[photo], entry.question == question else { return false }
        var now = try Self.entry(of: photo, at: path, question: question, sha256: entry.sha256)
        if now == entry { return true }
        guard now.bytes == entry.bytes else { return false }
        now.sha256 = try Self.digest(of: path)
        guard now.sha256 == entry.sha256 else { return false }
        try add(now)
        return true
    }

    /// To be called before the photo is explained: what changes meanwhile is then done again.
    static func entry(of photo: String, at path: String, question: String) throws -> Entry {
        try entry(of: photo, at: path, question: question, sha256: digest(of: path))
    }

    /// Notes that a photo's results are in their places.
    func add(_ entry: Entry) throws {
        entries[entry.photo] = entry
        try append(try WireCoding.encoder().encode(entry) + Data("\n".utf8))
    }

    private func append(_ data: Data) throws {
        let failure = Terminal.writeAll(data, to: file.fileDescriptor)
        guard failure == 0 else { throw CommandFailure("cannot write \(path): \(Files.reason(failure))") }
    }

    private static func entry(of photo: String, at path: String, question: String, sha256: String) throws -> Entry {
        var status = stat()
        guard stat(path, &status) == 0 else { throw CommandFailure("cannot read \(path): \(Files.reason(errno))") }
        return Entry(
            photo: photo, bytes: Int(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec), sha256: sha256,
            question: question)
    }

    private static func digest(of path: String) throws -> String {
        var digest = SHA256()
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { digest.update(piece) }
        } catch {
            throw CommandFailure("cannot read \(path): permission denied, or the disk failed")
        }
        return digest.hexDigest()
    }
}
