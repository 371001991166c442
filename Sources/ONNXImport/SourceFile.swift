package import Foundation
import Glibc

/// A file held open: it stays the same one even where another takes its name. What is read of it is of the state in which it
/// was opened; where somebody has changed it since, reading is an error.
///
/// It is never mapped: where somebody cuts a mapped file short, the process ends.
package final class SourceFile: Sendable {
    /// What tells one state of a file from another. Links to it and its rights may change.
    struct State: Hashable, Sendable {
        let device: dev_t
        let inode: ino_t
        let size: Int
        private let seconds: Int
        private let nanoseconds: Int

        /// - Returns: nil where the descriptor is of no regular file.
        fileprivate init?(_ descriptor: CInt) {
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            (device, inode, size) = (status.st_dev, status.st_ino, Int(status.st_size))
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }
    }

    let state: State
    private let path: String
    private let descriptor: CInt

    /// In bytes.
    package var size: Int { state.size }

    /// - Throws: `ONNXError.unreadable`.
    package init(_ url: URL) throws(ONNXError) {
        path = url.path
        // Non-blocking: opening a FIFO must not wait for a writer.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable("\(path): \(String(cString: strerror(errno)))") }
        guard let state = State(descriptor) else {
            close(descriptor)
            throw .unreadable("\(path): it is no regular file")
        }
        self.state = state
    }

    deinit { close(descriptor) }

    /// Fills `target` with the bytes from `offset` on.
    ///
    /// - Throws: `ONNXError.unreadable`, also where the file has changed since it was opened.
    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws(ONNXError) {
        var done = 0
        while done < target.count {
            let count = pread(
                descriptor, target.baseAddress.map { $0 + done }, target.count - done, off_t(offset + done))
            // It has become shorter.
            if count == 0 { throw changed }
            if count > 0 {
                done += count
            } else if errno != EINTR {
                throw .unreadable("\(path): \(String(cString: strerror(errno)))")
            }
        }
        guard State(descriptor) == state else { throw changed }
    }

    /// Calls `body` with the contents, a mebibyte at a time.
    ///
    /// - Throws: `ONNXError.unreadable`, also where the file has changed since it was opened.
    package func readAll(_ body: (UnsafeRawBufferPointer) -> Void) throws(ONNXError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(max(size, 1), 1 << 20), alignment: 16)
        defer { buffer.deallocate() }
        for start in stride(from: 0, to: size, by: buffer.count) {
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, size - start)])
            try read(at: start, into: piece)
            body(UnsafeRawBufferPointer(piece))
        }
    }

    /// What is said where the file is in another state than ``state``.
    var changed: ONNXError {
        .unreadable("\(path): it was changed while it was read; have it read again once it is whole")
    }
}
