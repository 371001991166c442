public import Files
import Glibc
import WireProtocol

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
    /// The files get the photo's group, mode and access control list, so that nobody may read them who may not read the
    /// photo; where the system does not allow that, fewer may.
    ///
    /// - Throws: `FileError` of the call that failed, with its `errno`.
    public func write(_ sidecars: [SidecarFile], beside photo: FilePath) throws(FileError) {
        let folder = try OpenFolder(of: photo)
        let status = try? FileStatus(of: photo)
        // All are on the disk under temporary names before the first appears: a full disk changes nothing.
        var prepared: [(temporary: FilePath, final: FilePath)] = []
        func removeTemporaries() { for pair in prepared { folder.remove(pair.temporary) } }
        for sidecar in sidecars {
            let temporary = folder.path.appending(TemporaryName.next())
            prepared.append((temporary, photo.sidecar(sidecar.kind)))
            do {
                try folder.write(sidecar.contents, to: temporary, like: photo, status)
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

    /// Removes a temporary file that a killed daemon left at `path`. Returns whether it did: what does not look like
    /// one of ours, or belongs to a process that is alive and is not this one, stays.
    @discardableResult
    public func removeLeftover(_ path: FilePath) -> Bool {
        guard TemporaryName.isAbandoned(path.name) else { return false }
        return path.withCString { unlink($0) } == 0
    }
}
