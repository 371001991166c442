package import Glibc

/// What tells one state of a file from another without reading it.
public struct FileIdentity: Hashable, Sendable {
    public var device: UInt64
    public var inode: UInt64
    /// Bytes.
    public var size: Int64
    /// Time of the last change of the contents, nanoseconds since 1970.
    public var modified: Int64
    /// Time of the last change of contents, name or attributes, nanoseconds since 1970; 0 where it is not known. Nobody
    /// can set it: a program that changes a photo in place and restores its time still moves this one.
    public var changed: Int64

    public init(device: UInt64, inode: UInt64, size: Int64, modified: Int64, changed: Int64 = 0) {
        self.device = device
        self.inode = inode
        self.size = size
        self.modified = modified
        self.changed = changed
    }

    /// Whether both describe the same contents as far as size and time can tell.
    ///
    /// The device is left out because its number may change with every mount.
    public func hasSameContents(as other: FileIdentity) -> Bool {
        size == other.size && modified == other.modified
    }
}

/// The part of `lstat(2)` that the daemon looks at. Symbolic links are never followed.
public struct FileStatus: Sendable {
    public enum Kind: Sendable { case regular, folder, other }

    public let identity: FileIdentity
    public let kind: Kind
    /// Names this file has; above 1 for a hard link.
    public let linkCount: UInt64
    package let group: gid_t
    /// Rights: the nine bits of `chmod(1)`.
    package let mode: mode_t

    /// - Throws: `FileError` of `lstat`.
    @available(*, noasync, message: "call it within FileWork.run")
    public init(of path: FilePath) throws(FileError) {
        var status = stat()
        guard path.withCString({ lstat($0, &status) }) == 0 else {
            throw FileError("look at", path, errorNumber: errno)
        }
        FileWork.noteProgress()
        self.init(status)
    }

    init(_ status: stat) {
        identity = FileIdentity(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
            modified: FileStatus.nanoseconds(status.st_mtim), changed: FileStatus.nanoseconds(status.st_ctim))
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .folder
            default: .other
            }
        linkCount = UInt64(status.st_nlink)
        group = status.st_gid
        mode = status.st_mode & 0o777
    }

    /// Since 1970. A broken file system may report any second; an overflow must not trap.
    private static func nanoseconds(_ time: timespec) -> Int64 {
        let (scaled, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? Int64(time.tv_sec.signum()) * .max : scaled &+ Int64(time.tv_nsec)
    }

    /// The identity of the regular file at `path`; `nil` where there is none (gone, or something else now).
    ///
    /// - Throws: `FileError` for anything else, such as a share that does not answer: not proof that it is gone.
    @available(*, noasync, message: "call it within FileWork.run")
    package static func regularFile(at path: FilePath) throws(FileError) -> FileIdentity? {
        do {
            let status = try FileStatus(of: path)
            return status.kind == .regular ? status.identity : nil
        } catch  where error.meansGone {
            return nil
        }
    }
}

extension FileStatus {
    /// ``regularFile(at:)`` for each of the paths, in their order. None waits for another's disk.
    package static func regularFiles(at paths: [FilePath]) async -> [Result<FileIdentity?, any Error>] {
        await withTaskGroup(of: (Int, Result<FileIdentity?, any Error>).self) { group in
            var results = [Result<FileIdentity?, any Error>](repeating: .success(nil), count: paths.count)
            for (index, path) in paths.enumerated() {
                // No more than a few at a time: a disk gains nothing by more, and others wait for threads too.
                if index >= 8, let (index, result) = await group.next() { results[index] = result }
                group.addTask { (index, await regularFileAnswer(at: path)) }
            }
            for await (index, result) in group { results[index] = result }
            return results
        }
    }

    private static func regularFileAnswer(at path: FilePath) async -> Result<FileIdentity?, any Error> {
        do {
            return .success(try await FileWork.run(on: path) { try regularFile(at: path) })
        } catch {
            return .failure(error)
        }
    }
}
