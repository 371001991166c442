import CLinux
import Files
import Foundation
import Glibc

/// The folder of a photo, held open: it stays the same folder even where someone renames it meanwhile.
struct OpenFolder: ~Copyable {
    let path: FilePath
    private let descriptor: CInt

    init(of photo: FilePath) throws(FileError) {
        path = photo.folder
        descriptor = path.withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw FileError("open the folder", path, errorNumber: errno) }
    }

    deinit { close(descriptor) }

    /// Writes a file that may be read and written by those who may do that with `photo`, and by nobody else.
    ///
    /// - Parameter status: the photo's; the file is the daemon's own where that is not known.
    func write(_ contents: Data, to file: FilePath, like photo: FilePath, _ status: FileStatus?) throws(FileError) {
        let output = FilePath(bytes: file.name).withCString {
            openat(descriptor, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
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
        if let status { share(output, like: photo, status) }
        guard fsync(output) == 0 else { throw FileError("flush", file, errorNumber: errno) }
    }

    /// Best effort, and where it does not succeed fewer may read the file: giving it to a group one is no member of is
    /// refused, and not every file system has groups and access control lists. At no moment may more.
    private func share(_ file: CInt, like photo: FilePath, _ status: FileStatus) {
        var mode = status.mode & 0o666 | S_IRUSR | S_IWUSR
        if fchown(file, uid_t.max, status.group) != 0 {
            // A list and the group's bits would speak of the wrong group; the photo's is among the others here.
            guard photo.withCString({ clinux_has_acl($0) }) == 0 else { return }
            mode = mode & S_IRWXU | mode & S_IRWXO & (mode & S_IRWXG) >> 3
        }
        // Until then it is the daemon's alone; a list brings its own bits.
        guard photo.withCString({ clinux_copy_acl($0, file) }) == 0 else { return }
        _ = fchmod(file, mode)
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
