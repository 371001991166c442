package import Foundation
import Glibc

/// A regular file open for reading; closed when it goes out of use.
package struct OpenFile: ~Copyable {
    private let descriptor: CInt
    package let path: FilePath
    package let status: FileStatus

    /// - Throws: `FileError`; `ELOOP` for a symbolic link, `EINVAL` for what is no regular file.
    @available(*, noasync, message: "call it within FileWork.run")
    package init(_ path: FilePath) throws(FileError) {
        // Non-blocking: opening a FIFO that someone planted must not wait for a writer.
        let descriptor = path.withCString { Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
        guard descriptor >= 0 else { throw FileError("open", path, errorNumber: errno) }
        try self.init(adopting: descriptor, path)
    }

    /// Takes an open descriptor over, and closes it where it is of no regular file.
    init(adopting descriptor: CInt, _ path: FilePath) throws(FileError) {
        status = try OpenFile.status(of: descriptor, path)
        self.descriptor = descriptor
        self.path = path
    }

    private static func status(of descriptor: CInt, _ path: FilePath) throws(FileError) -> FileStatus {
        var raw = stat()
        guard fstat(descriptor, &raw) == 0 else {
            let errorNumber = errno
            close(descriptor)
            throw FileError("look at", path, errorNumber: errorNumber)
        }
        let status = FileStatus(raw)
        guard status.kind == .regular else {
            close(descriptor)
            throw FileError("read what is no regular file", path, errorNumber: EINVAL)
        }
        return status
    }

    deinit { close(descriptor) }

    /// Calls `body` with the contents, a mebibyte at a time.
    package func readAll(_ body: (UnsafeRawBufferPointer) -> Void) throws(FileError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count == 0 { return }
            if count > 0 {
                FileWork.noteProgress()
                body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } else if errno != EINTR {
                throw FileError("read", path, errorNumber: errno)
            }
        }
    }

    /// Up to `count` bytes from `offset` on; fewer where the file ends before.
    package func contents(from offset: Int64, count: Int) throws(FileError) -> Data {
        try OpenFile.contents(of: descriptor, from: offset, count: count) { FileError("read", path, errorNumber: $0) }
    }

    /// Up to `count` bytes of an open file from `offset` on; fewer where it ends before.
    ///
    /// - Parameter error: what is thrown where the system fails with a number.
    static func contents(
        of descriptor: CInt, from offset: Int64, count: Int, error: (CInt) -> FileError
    ) throws(FileError) -> Data {
        var data = Data(count: count)
        var filled = 0
        while filled < count {
            let got = data.withUnsafeMutableBytes { bytes in
                pread(
                    descriptor, bytes.baseAddress?.advanced(by: filled), count - filled, off_t(offset) + off_t(filled))
            }
            if got == 0 { break }
            if got > 0 {
                FileWork.noteProgress()
                filled += got
            } else if errno != EINTR {
                throw error(errno)
            }
        }
        return data.prefix(filled)
    }

    /// The whole contents.
    ///
    /// - Throws: `FileError`; `EFBIG` where the file is larger than `limit` bytes.
    package func contents(atMost limit: Int) throws(FileError) -> Data {
        guard status.identity.size <= limit else { throw FileError("read", path, errorNumber: EFBIG) }
        var data = Data()
        data.reserveCapacity(Int(status.identity.size))
        var isTooLarge = false
        try readAll { piece in
            if data.count + piece.count > limit { isTooLarge = true } else { data.append(contentsOf: piece) }
        }
        guard !isTooLarge else { throw FileError("read", path, errorNumber: EFBIG) }
        return data
    }
}
