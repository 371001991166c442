// The compiler counts the constants of sockets among what its header includes.
import CSystemd
import Foundation
import Glibc
import Synchronization

/// A process of our own that hears and answers through one socket, its standard input.
final class ChildProcess: Sendable {
    /// How it ended.
    enum End: Hashable, Sendable {
        case exit(CInt)
        case signal(CInt)
    }

    let channel: FrameChannel
    private let process: pid_t
    /// Once it is waited for, its number may be another's.
    private let isGone = Mutex(false)

    /// - Throws: `POSIXError` where it cannot be started.
    init(_ executable: String, _ arguments: [String]) throws {
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw ChildProcess.failure(errno)
        }
        defer { close(ends[1]) }
        channel = FrameChannel(descriptor: ends[0])
        do {
            process = try ChildProcess.start(executable, arguments, standardInput: ends[1])
        } catch {
            close(ends[0])
            throw error
        }
    }

    deinit { close(channel.descriptor) }

    /// SIGKILL, where it is still there. How it ended is not changed by that where it has begun to end.
    func kill() {
        isGone.withLock { isGone in
            if !isGone { Glibc.kill(process, SIGKILL) }
        }
    }

    /// Waits for its end, which somebody must do exactly once. Blocks.
    func wait() -> End {
        var information = siginfo_t()
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        var status: CInt = 0
        isGone.withLock { isGone in
            while waitpid(process, &status, 0) < 0, errno == EINTR {}
            isGone = true
        }
        // WTERMSIG and WEXITSTATUS are macros that Swift does not see.
        return status & 0x7f == 0 ? .exit(status >> 8 & 0xff) : .signal(status & 0x7f)
    }

    private static func start(
        _ executable: String, _ arguments: [String], standardInput: CInt
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, standardInput, STDIN_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What this process ignores or holds back, the other is not to.
        var all = sigset_t()
        sigfillset(&all)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        var words: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let errorNumber = posix_spawn(&process, executable, &actions, &attributes, words, environ)
        guard errorNumber == 0 else { throw failure(errorNumber) }
        return process
    }

    private static func failure(_ errorNumber: CInt) -> any Error {
        POSIXError(POSIXErrorCode(rawValue: errorNumber) ?? .EIO)
    }
}
