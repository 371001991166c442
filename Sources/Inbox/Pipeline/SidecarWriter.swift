public import Files
import Foundation
import Glibc
import Synchronization
public import WireProtocol

/// Writes files beside a photo so that nobody ever sees half of one.
///
/// Each goes to a temporary dotfile in the same folder, is flushed to the disk, and is then renamed over its final
/// name. The order is the caller's; `boxes.json` comes last, because its presence says that the others are complete.
/// A symbolic link planted at a final name is replaced, not followed.
public struct SidecarWriter: Sendable {
    public init() {}

    /// Writes `sidecars` beside `photo`, in order. Where one cannot be written, those before it stay (they are whole),
    /// and no temporary file does.
    ///
    /// The files get the process's umask, the photo's group where the system allows it, and can be read by that group.
    ///
    /// - Throws: `FileError` of the call that failed, with its `errno`.
    public func write(_ sidecars: [SidecarFile], beside photo: FilePath) throws(FileError) {
        let folder = try Folder(of: photo)
        let group = (try? FileStatus(of: photo))?.group
        // All are on the disk under temporary names before the first appears: a full disk changes nothing.
        var prepared: [(temporary: FilePath, final: FilePath)] = []
        func removeTemporaries() { for pair in prepared { folder.remove(pair.temporary) } }
        for sidecar in sidecars {
            let temporary = folder.path.appending(TemporaryName.next())
            prepared.append((temporary, photo.adding(suffix: sidecar.kind.suffix)))
            do {
                try folder.write(sidecar.contents, to: temporary, group: group)
            } catch {
                removeTemporaries()
                throw error
            }
        }
        while let (temporary, final) = prepared.first {
            do {
                try folder.rename(temporary, to: final)
            } catch {
                removeTemporaries()
                throw error
            }
            prepared.removeFirst()
        }
        // One flush for all renames: ext4, XFS and Btrfs log them in the order they were made, so boxes.json cannot
        // survive a power cut that its pictures do not.
        try folder.flush()
    }

    /// Removes the sidecar of this kind, if there is one.
    public func remove(_ kind: SidecarKind, beside photo: FilePath) throws(FileError) {
        let path = photo.adding(suffix: kind.suffix)
        guard path.withCString({ unlink($0) }) == 0 else {
            if errno == ENOENT { return }
            throw FileError("remove", path, errorNumber: errno)
        }
    }

    /// Removes a temporary file that a killed daemon left at `path`. Returns whether it did: what does not look like
    /// one of ours, or belongs to a process that is alive and is not this one, stays.
    @discardableResult
    public func removeLeftover(_ path: FilePath) -> Bool {
        guard TemporaryName.isAbandoned(path.name) else { return false }
        return path.withCString { unlink($0) } == 0
    }
}

/// The folder of a photo, held open: it stays the same folder even where someone renames it meanwhile.
private struct Folder: ~Copyable {
    let path: FilePath
    private let descriptor: CInt

    init(of photo: FilePath) throws(FileError) {
        path = photo.folder
        descriptor = path.withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw FileError("open the folder", path, errorNumber: errno) }
    }

    deinit { close(descriptor) }

    func write(_ contents: Data, to file: FilePath, group: gid_t?) throws(FileError) {
        let output = FilePath(bytes: file.name).withCString {
            openat(descriptor, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
        }
        guard output >= 0 else { throw FileError("create", file, errorNumber: errno) }
        defer { close(output) }
        let failure: CInt? = contents.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(output, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0, errno == EINTR { continue }
                if written < 0 { return errno }
                rest = rest.dropFirst(written)
            }
            return nil
        }
        if let failure { throw FileError("write", file, errorNumber: failure) }
        shareWithGroup(output, group)
        guard fsync(output) == 0 else { throw FileError("flush", file, errorNumber: errno) }
    }

    /// Best effort: giving a file to a group one is no member of is refused, and not every file system has groups.
    private func shareWithGroup(_ file: CInt, _ group: gid_t?) {
        var status = stat()
        guard let group, fstat(file, &status) == 0 else { return }
        if status.st_gid != group { _ = fchown(file, uid_t.max, group) }
        _ = fchmod(file, status.st_mode & 0o777 | S_IRGRP)
    }

    func rename(_ temporary: FilePath, to final: FilePath) throws(FileError) {
        let result = FilePath(bytes: temporary.name).withCString { from in
            FilePath(bytes: final.name).withCString { renameat(descriptor, from, descriptor, $0) }
        }
        guard result == 0 else { throw FileError("rename a finished file to", final, errorNumber: errno) }
    }

    func remove(_ file: FilePath) {
        _ = FilePath(bytes: file.name).withCString { unlinkat(descriptor, $0, 0) }
    }

    func flush() throws(FileError) {
        // Some network file systems cannot flush a folder and say EINVAL; there the server keeps the order.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw FileError("flush the folder", path, errorNumber: errno)
        }
    }
}
