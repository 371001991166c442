import CLinux
import Foundation
import Glibc
import WireProtocol

/// A file that is opened here, with the rights of whoever calls, and read by the daemon.
enum PassedFile {
    /// Opens the file at `path` and passes it to the daemon whose socket is at `socket`.
    ///
    /// - Returns: the name by which a request takes it; nil where it is no regular file that can be opened, or where nobody
    ///   takes files there.
    static func pass(_ path: String, toDaemonAt socket: String) -> String? {
        // Not to wait for the writer of a FIFO.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { return nil }
        // Nobody else's, and in nobody's way.
        let name = UUID().uuidString
        let bytes = Array(name.utf8)
        return clinux_send_file(SocketPath.files(of: socket), bytes, bytes.count, file) == 0 ? name : nil
    }
}
