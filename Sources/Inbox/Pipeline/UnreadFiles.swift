import Files
import Synchronization

/// The files of the inbox that are no photos the daemon reads: counted by kind, so that nobody waits for their results in
/// vain, and each named once.
final class UnreadFiles: Sendable {
    private struct State {
        var kinds: [FilePath: String] = [:]
        /// What a running scan of the whole inbox has met, and events since it began.
        var met: Set<FilePath>?
        var named: [String: Int] = [:]
        var summarized: [String: Int] = [:]
    }

    /// Further files are neither counted nor named: the inbox is no longer one of photos.
    static let most = 100_000
    /// Files of one kind that the log names; the others are in the sum that follows a scan.
    static let namedOfAKind = 5

    private let state = Mutex(State())

    /// By kind: `["PNG": 3]`.
    var counts: [String: Int] {
        state.withLock { state in state.kinds.values.reduce(into: [:]) { $0[$1, default: 0] += 1 } }
    }

    /// Takes note of a file. Returns its kind where the log has to name it.
    func note(_ path: FilePath) -> String? {
        state.withLock { state in
            state.met?.insert(path)
            guard state.kinds[path] == nil, state.kinds.count < UnreadFiles.most else { return nil }
            let kind = UnreadFiles.kind(ofName: path.name)
            state.kinds[path] = kind
            state.named[kind, default: 0] += 1
            return state.named[kind, default: 0] <= UnreadFiles.namedOfAKind ? kind : nil
        }
    }

    func remove(_ path: FilePath) {
        state.withLock { state in
            state.kinds[path] = nil
            state.met?.remove(path)
        }
    }

    func beginScan() { state.withLock { $0.met = [] } }

    /// Ends a scan of the whole inbox; where it was `complete`, what it did not meet is gone.
    ///
    /// - Returns: the sums in words, "3 PNG files and 1 TXT file are not read", where they differ from those told last.
    func endScan(complete: Bool) -> String? {
        state.withLock { state in
            if complete, let met = state.met { state.kinds = state.kinds.filter { met.contains($0.key) } }
            state.met = nil
            let counts: [String: Int] = state.kinds.values.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            defer { state.summarized = counts }
            return counts == state.summarized || counts.isEmpty ? nil : UnreadFiles.sentence(counts)
        }
    }

    private static func sentence(_ counts: [String: Int]) -> String {
        let parts = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.value) \($0.key) file\($0.value == 1 ? "" : "s")" }
        let isOne = counts.values.reduce(0, +) == 1
        return parts.joined(separator: ", ") + (isOne ? " is not read" : " are not read")
    }

    /// What a file of this name is called: the usual name of what its ending stands for, else the ending.
    static func kind(ofName name: [UInt8]) -> String {
        guard let dot = name.lastIndex(of: FilePath.dot), dot + 1 < name.count else { return "other" }
        let ending = String(decoding: name[(dot + 1)...], as: UTF8.self).lowercased()
        if let known = names[ending] { return known }
        let isPlain =
            ending.utf8.count <= 5
            && ending.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) }
        return isPlain ? ending.uppercased() : "other"
    }

    private static let names = [
        "tif": "TIFF", "heif": "HEIC", "hif": "HEIC", "jxl": "JPEG XL", "jp2": "JPEG 2000", "j2k": "JPEG 2000",
        "webp": "WebP", "jpe": "JPE", "jfif": "JFIF",
    ]
}
