import CLinux
import Foundation
import Glibc

/// A file without a name whose change wakes `inotifytools_next_event`, which can wait only for inotify and only in
/// whole seconds: the self-pipe trick with the one kind of descriptor the library listens to.
final class WakeFile: Sendable {
    private let descriptor: CInt

    init?() {
        descriptor = clinux_open_unnamed(NSTemporaryDirectory())
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// A path that leads to the file although it has no name.
    var path: String { "/proc/self/fd/\(descriptor)" }

    func ring() {
        // Where this fails the watcher notices a little later, at its next time-out.
        _ = pwrite(descriptor, [1] as [UInt8], 1, 0)
    }
}
