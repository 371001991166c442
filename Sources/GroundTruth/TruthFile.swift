import Foundation

/// Reads files of truths, which may come from anybody.
enum TruthFile {
    /// Truths of a million photos fit.
    private static let largest = 512 << 20

    static func contents(of path: String) throws(TruthError) -> Data {
        let handle: FileHandle
        do {
            handle = try FileHandle(forReadingFrom: URL(filePath: path))
        } catch {
            throw TruthError(path, "it cannot be read; check its name and that it may be read")
        }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: largest + 1) else {
            throw TruthError(path, "it is no regular file, or the disk failed")
        }
        guard data.count <= largest else { throw TruthError(path, "it has more than \(largest >> 20) MiB") }
        return data
    }

    static func text(of path: String) throws(TruthError) -> String {
        guard let text = String(validating: try contents(of: path), as: UTF8.self) else {
            throw TruthError(path, "it is no text in UTF-8")
        }
        // Spreadsheets begin with a byte order mark.
        return text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
    }

    /// The lines of a text, numbered from 1, without their ends.
    static func lines(_ text: String) -> [(number: Int, text: Substring)] {
        text.split(omittingEmptySubsequences: false) { $0.isNewline }.enumerated().map { ($0 + 1, $1) }
    }

    /// Names in a folder, by name; none where there is no such folder.
    static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    static func stem(_ name: String) -> String {
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
        return String(name[..<dot])
    }
}
