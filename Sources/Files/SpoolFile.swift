import CLinux
package import Foundation
import Glibc
import Synchronization

/// A file without a name, for what is too large for memory: nobody else can open it, and it is gone when it goes out of
/// use, also where the process is killed.
package final class SpoolFile: Sendable {
    private let descriptor: CInt
    /// For errors.
    private let folder: FilePath
    private let length = Atomic(0)

    /// - Parameter folder: whose disk has room for it.
    /// - Throws: `FileError`.
    @available(*, noasync, message: "call it within FileWork.run")
    package init(in folder: FilePath) throws(FileError) {
        descriptor = folder.withCString(clinux_open_unnamed)
        self.folder = folder
        guard descriptor >= 0 else { throw FileError("write in", folder, errorNumber: errno) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// In bytes.
    package var size: Int { length.load(ordering: .acquiring) }

    /// Puts `data` at the end. One task at a time.
    ///
    /// - Throws: `FileError`, such as `ENOSPC`.
    @available(*, noasync, message: "call it within FileWork.run")
    package func append(_ data: Data) throws(FileError) {
        let start = size
        var written = 0
        while written < data.count {
            let count = data.withUnsafeBytes { bytes in
                pwrite(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written, start + written)
            }
            if count > 0 {
                FileWork.noteProgress()
                written += count
            } else if errno != EINTR {
                throw FileError("write in", folder, errorNumber: errno)
            }
        }
        length.store(start + written, ordering: .releasing)
    }

    /// The bytes in `range`, which lies within the file.
    ///
    /// - Throws: `FileError`.
    @available(*, noasync, message: "call it within FileWork.run")
    package func bytes(in range: Range<Int>) throws(FileError) -> Data {
        func failure(_ number: CInt) -> FileError { FileError("read in", folder, errorNumber: number) }
        let data = try OpenFile.contents(
            of: descriptor, from: Int64(range.lowerBound), count: range.count, error: failure)
        guard data.count == range.count else { throw failure(EIO) }
        return data
    }
}
