package import Foundation
import Glibc

extension OpenFile {
    /// The contents of an open file that somebody else has passed on, and may be changing.
    ///
    /// The descriptor stays the caller's, and so does its offset, which others may share.
    ///
    /// - Parameter reserve: called with the bytes before they are read; says whether there is room.
    /// - Throws: `FileError`; `EINVAL` for what is no regular file, which is not read, so that nothing waits; `EFBIG` where it
    ///   is larger than `limit` bytes; `EBUSY` without room, or where it changed while it was read.
    @available(*, noasync, message: "call it within FileWork.run")
    package static func contents(
        ofPassed descriptor: CInt, as path: FilePath, atMost limit: Int, reserve: (Int) -> Bool
    ) throws(FileError) -> Data {
        guard fcntl(descriptor, F_GETFL) & O_ACCMODE != O_WRONLY else {
            throw FileError("read", path, errorNumber: EINVAL, reason: "it was not opened for reading")
        }
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard own >= 0 else { throw FileError("read", path, errorNumber: errno) }
        let file = try OpenFile(adopting: own, path)
        let size = file.status.identity.size
        guard size <= limit else { throw FileError("read", path, errorNumber: EFBIG) }
        guard reserve(Int(size)) else {
            throw FileError(
                "read", path, errorNumber: EBUSY,
                reason: "too many bytes of passed files are in memory; ask again when some requests are answered")
        }
        let data = try file.contents(from: 0, count: Int(size))
        var now = stat()
        guard fstat(own, &now) == 0 else { throw FileError("look at", path, errorNumber: errno) }
        guard data.count == Int(size), FileStatus(now).identity.hasSameContents(as: file.status.identity) else {
            throw FileError(
                "read", path, errorNumber: EBUSY, reason: "it changed while it was read; ask again when it is complete")
        }
        return data
    }
}
