import CLinux
import Glibc

extension OpenFile {
    /// Opens a file that somebody else has named: it must lie below `folder`, and no symbolic link on the way from there is
    /// followed, whoever changes the path meanwhile.
    ///
    /// - Throws: `FileError`; `ELOOP` for a symbolic link, `EINVAL` for what is no regular file, `EXDEV` for a path that does
    ///   not lie below the folder.
    @available(*, noasync, message: "call it within FileWork.run")
    package init(_ path: FilePath, beneath folder: FilePath) throws(FileError) {
        guard path.isInside(folder), path != folder else { throw FileError("open", path, errorNumber: EXDEV) }
        let root = folder.withCString { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard root >= 0 else { throw FileError("open", folder, errorNumber: errno) }
        defer { close(root) }
        let rest = FilePath(bytes: Array(path.bytes.dropFirst(folder.bytes.count).drop { $0 == FilePath.slash }))
        let descriptor = rest.withCString { clinux_open_beneath(root, $0) }
        guard descriptor >= 0 else { throw FileError("open", path, errorNumber: errno) }
        try self.init(adopting: descriptor, path)
    }
}
