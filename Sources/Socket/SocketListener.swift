import Glibc

/// A listening Unix socket and the claim to its path.
///
/// - **Only one daemon per path:** a lock on `PATH.lock` is taken before anything at the path is touched, so two daemons
///   that start together cannot both believe the socket stale. The lock file stays; removing it would open that race
///   again. A daemon that does not know the lock is found by connecting to it.
/// - **Mode 0660 from the first moment:** the descriptor gets its mode before `bind` creates the file from it (Linux
///   takes the socket's mode, less the umask), and what the umask took away is given back before `listen`, hence before
///   anyone can connect. The process's umask, which other threads depend on, is left alone.
package struct SocketListener: ~Copyable {
    /// Mode of the socket file: its owner and its group may connect.
    static let mode: mode_t = 0o660

    /// The listening descriptor; whoever accepts on it closes it.
    let descriptor: Int32
    /// Ours; another process may have put one in its place.
    let file: SocketFile
    private let lock: Int32

    /// Listens at a path. The last folder of the path is made where it is missing.
    init(path: String) throws(SocketError) {
        guard path.hasPrefix("/") else { throw .pathNotAbsolute(path) }
        guard path.utf8.count <= UnixAddress.longestPath else {
            throw .pathTooLong(path, limit: UnixAddress.longestPath)
        }
        try SocketListener.makeFolder(of: path)
        let lock = try SocketListener.takeLock(of: path)
        do throws(SocketError) {
            try SocketListener.removeStaleSocket(at: path)
            let inode: ino_t
            (descriptor, inode) = try SocketListener.listen(at: path)
            file = SocketFile(path: path, inode: inode)
        } catch {
            close(lock)
            throw error
        }
        self.lock = lock
    }

    deinit {
        file.remove()
        close(lock)
    }

    /// Checks a listening descriptor that the service manager opened; file and mode are the manager's.
    static func adopt(descriptor: Int32) throws(SocketError) -> Int32 {
        func option(_ name: Int32) -> Int32? {
            var value: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
        }
        guard option(SO_DOMAIN) == AF_UNIX, option(SO_TYPE) == Int32(SOCK_STREAM.rawValue), option(SO_ACCEPTCONN) == 1
        else { throw .notAListeningSocket(descriptor: descriptor) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    /// The path a listening socket is bound to; nil where it has none.
    package static func path(ofDescriptor descriptor: Int32) -> String? {
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let status = withUnsafeMutableBytes(of: &address) { bytes in
            getsockname(descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, &length)
        }
        guard status == 0, address.sun_family == sa_family_t(AF_UNIX) else { return nil }
        let path = withUnsafeBytes(of: &address.sun_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return path.isEmpty ? nil : path
    }

    private static func makeFolder(of path: String) throws(SocketError) {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
        // A group that may use the socket must be able to reach it.
        guard mkdir(String(path[..<slash]), 0o750) == 0 || errno == EEXIST else {
            throw failure("mkdir", path)
        }
    }

    private static func takeLock(of path: String) throws(SocketError) -> Int32 {
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw failure("open \(path).lock", path) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno == EWOULDBLOCK ? SocketError.alreadyServed(path) : failure("flock", path)
            close(lock)
            throw error
        }
        return lock
    }

    private static func removeStaleSocket(at path: String) throws(SocketError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw failure("lstat", path)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path) }
        let probe = try openSocket(path)
        defer { close(probe) }
        // Refused means that nobody listens any more; a full backlog (EAGAIN) or a denied right that somebody does.
        let isServed = UnixAddress.with(path) { connect(probe, $0, $1) } == 0 || errno != ECONNREFUSED
        guard !isServed else { throw .alreadyServed(path) }
        guard unlink(path) == 0 else { throw failure("unlink", path) }
    }

    private static func listen(at path: String) throws(SocketError) -> (descriptor: Int32, inode: ino_t) {
        let descriptor = try openSocket(path)
        var isOurs = false
        func failed(_ call: String) -> SocketError {
            let error = failure(call, path)
            close(descriptor)
            if isOurs { unlink(path) }
            return error
        }
        guard fchmod(descriptor, mode) == 0 else { throw failed("fchmod") }
        guard UnixAddress.with(path, { bind(descriptor, $0, $1) }) == 0 else { throw failed("bind") }
        isOurs = true
        guard chmod(path, mode) == 0 else { throw failed("chmod") }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw failed("lstat") }
        guard Glibc.listen(descriptor, 128) == 0 else { throw failed("listen") }
        return (descriptor, status.st_ino)
    }

    private static func openSocket(_ path: String) throws(SocketError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw failure("socket", path) }
        return descriptor
    }

    private static func failure(_ call: String, _ path: String) -> SocketError {
        .systemCall(call, path: path, reason: String(cString: strerror(errno)))
    }
}

/// The file of a listening socket.
struct SocketFile: Sendable {
    let path: String
    let inode: ino_t

    /// Whether clients find it at its path.
    var isThere: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_ino == inode
    }

    /// Removes it if it is still ours, so that clients see at once that nobody answers. The claim to the path ends later,
    /// with the listener.
    func remove() { if isThere { unlink(path) } }
}

/// A path as the system's calls want it.
enum UnixAddress {
    /// Bytes of a path; one more is for the NUL at its end.
    static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// - Parameter path: at most `longestPath` bytes, what is beyond is cut off.
    static func with<Result>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(longestPath)) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
