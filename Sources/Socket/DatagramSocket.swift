import Glibc

/// A Unix socket that receives datagrams.
enum DatagramSocket {
    /// A socket at `path`, which the kernel tells who sends. Its file gets mode and group of the file at `other`; where the
    /// system does not allow the group, fewer may send.
    ///
    /// - Throws: `SocketError`. Whatever socket was at `path` is replaced: who calls holds the claim to `other`.
    static func bound(to path: String, asOpenAs other: String) throws(SocketError) -> CInt {
        guard path.utf8.count <= UnixAddress.longestPath else {
            throw .pathTooLong(path, limit: UnixAddress.longestPath)
        }
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        func failure(_ call: String) -> SocketError {
            let error = SocketError.systemCall(call, path: path, reason: String(cString: strerror(errno)))
            if descriptor >= 0 { close(descriptor) }
            return error
        }
        guard descriptor >= 0 else { throw failure("socket") }
        var (old, model) = (stat(), stat())
        if lstat(path, &old) == 0 {
            guard old.st_mode & S_IFMT == S_IFSOCK else {
                close(descriptor)
                throw .notASocket(path)
            }
            unlink(path)
        }
        guard stat(other, &model) == 0 else { throw failure("stat") }
        var isOn: CInt = 1
        guard setsockopt(descriptor, SOL_SOCKET, SO_PASSCRED, &isOn, socklen_t(MemoryLayout<CInt>.size)) == 0 else {
            throw failure("setsockopt")
        }
        // For nobody else until it is as it should be; Linux gives the file the descriptor's mode.
        guard fchmod(descriptor, 0o600) == 0 else { throw failure("fchmod") }
        guard UnixAddress.with(path, { bind(descriptor, $0, $1) }) == 0 else { throw failure("bind") }
        let isAllowed = lstat(path, &old) == 0 && (old.st_gid == model.st_gid || chown(path, .max, model.st_gid) == 0)
        guard !isAllowed || chmod(path, model.st_mode & 0o777) == 0 else {
            let error = failure("chmod")
            unlink(path)
            throw error
        }
        return descriptor
    }
}
