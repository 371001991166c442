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
