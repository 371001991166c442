import Glibc
import Synchronization

/// Names of files that are being written: `.interpretd-PID-RUN-NUMBER.tmp`. Dotfiles, so that watchers (ours too)
/// leave them alone; independent of the photo's name, so that a long name does not become too long.
enum TemporaryName {
    private static let prefix = ".interpretd-"
    private static let suffix = ".tmp"
    private static let number = Atomic<UInt64>(0)
    /// Tells this run from an earlier one that had the same process number, as is usual in containers.
    private static let run = UInt32.random(in: 0 ... .max)

    static func next() -> String {
        let count = number.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(prefix)\(getpid())-\(run)-\(count)\(suffix)"
    }

    static func isOurs(_ name: [UInt8]) -> Bool { owner(of: name) != nil }

    /// Whether nobody will finish the file: its process is gone, or it is an earlier one with this one's number.
    static func isAbandoned(_ name: [UInt8]) -> Bool {
        guard let owner = owner(of: name) else { return false }
        if owner.process == getpid() { return owner.run != run }
        return kill(owner.process, 0) != 0 && errno == ESRCH
    }

    private static func owner(of name: [UInt8]) -> (process: pid_t, run: UInt32)? {
        guard name.starts(with: prefix.utf8), name.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) else {
            return nil
        }
        let middle = String(decoding: name.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count), as: UTF8.self)
        let parts = middle.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let process = pid_t(parts[0]), process > 0, let run = UInt32(parts[1]),
            UInt64(parts[2]) != nil
        else { return nil }
        return (process, run)
    }
}
