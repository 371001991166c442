import Files
import Foundation

/// Puts text into a spool file, some hundred kilobytes at a time.
struct ReportWriter {
    private static let piece = 1 << 18

    private let file: SpoolFile
    private let folder: FilePath
    private var waiting = Data()

    init(_ file: SpoolFile, _ folder: FilePath) {
        self.file = file
        self.folder = folder
    }

    /// Of what was written and added, in bytes.
    var size: Int { file.size + waiting.count }

    mutating func add(_ text: String) { waiting += Data(text.utf8) }

    /// Adds, and empties what waits where it has become much.
    ///
    /// - Throws: `FileError`.
    mutating func write(_ text: String) async throws {
        add(text)
        if waiting.count >= ReportWriter.piece { try await flush() }
    }

    private mutating func flush() async throws {
        let data = waiting
        waiting = Data()
        try await FileWork.run(on: folder, patience: FileWork.writingPatience) { [file] in try file.append(data) }
    }

    /// The file with everything in it.
    ///
    /// - Throws: `FileError`.
    mutating func finish() async throws -> SpoolFile {
        try await flush()
        return file
    }
}
