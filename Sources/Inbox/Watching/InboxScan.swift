public import Files
import Glibc

/// A walk through a folder and everything below it, a batch at a time, so that ten thousand photos are neither
/// held in memory together nor block anyone.
///
/// Symbolic links are not followed, to folders or to files: a loop cannot catch the walk, and a link planted in the
/// inbox cannot make the daemon read what lies elsewhere. Not thread-safe: one owner at a time.
public struct InboxScan: ~Copyable {
    /// One thing that the walk found.
    public enum Finding: Sendable {
        case photo(FilePath, FileIdentity)
        /// A temporary file of this program, left behind by a daemon that was killed (``SidecarWriter``).
        case leftover(FilePath)
        /// A file that has the name of a sidecar of this photo, whether that is there or not; only where it is asked for.
        case sidecar(of: FilePath)
        /// A file that is no photo, and not ours either.
        case unread(FilePath)
        /// A folder (or file) that could not be looked at; the walk goes on elsewhere.
        case unreadable(FileError)
    }

    private var folders: [FilePath]
    private let findsSidecars: Bool
    private var open: (folder: FilePath, stream: OpaquePointer)?

    /// Starts a walk at `folder`. Nothing is read before the first ``next(atMost:)``.
    ///
    /// - Parameter findsSidecars: whether sidecars are found, too.
    public init(of folder: FilePath, findsSidecars: Bool = false) {
        folders = [folder]
        self.findsSidecars = findsSidecars
    }

    deinit {
        if let open { closedir(open.stream) }
    }

    /// The next findings, at most `limit`; empty at the end of the walk. In the order of the file system.
    public mutating func next(atMost limit: Int) -> [Finding] {
        var findings: [Finding] = []
        while findings.count < limit {
            guard let current = open else {
                guard let folder = folders.popLast() else { break }
                guard let stream = folder.withCString({ opendir($0) }) else {
                    findings.append(.unreadable(FileError("read the folder", folder, errorNumber: errno)))
                    continue
                }
                open = (folder, stream)
                continue
            }
            errno = 0
            guard let entry = readdir(current.stream) else {
                if errno != 0 {
                    findings.append(.unreadable(FileError("read the folder", current.folder, errorNumber: errno)))
                }
                closedir(current.stream)
                open = nil
                continue
            }
            if let finding = examine(InboxScan.name(of: entry), in: current.folder) { findings.append(finding) }
        }
        return findings
    }

    private mutating func examine(_ name: [UInt8], in folder: FilePath) -> Finding? {
        let path = folder.appending(name)
        if TemporaryName.isOurs(name) { return .leftover(path) }
        let mayBePhoto = InboxRules.isPhoto(name: name)
        if findsSidecars, let photo = InboxRules.photo(ofSidecar: name) { return .sidecar(of: folder.appending(photo)) }
        // Only what could matter costs an lstat: sidecars outnumber photos three to one.
        guard mayBePhoto || InboxRules.isWatchedFolder(name: name) && !InboxRules.isSidecar(name: name) else {
            return nil
        }
        do {
            let status = try FileStatus(of: path)
            switch status.kind {
            case .folder where InboxRules.isWatchedFolder(name: name): folders.append(path)
            case .regular where mayBePhoto: return .photo(path, status.identity)
            case .regular where InboxRules.isUnread(name: name): return .unread(path)
            default: break
            }
            return nil
        } catch {
            return error.meansGone ? nil : .unreadable(error)
        }
    }

    static func name(of entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        let start = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
        return UnsafeRawBufferPointer(start: start, count: strlen(start)).map { $0 }
    }
}
