import Foundation

/// How many folders this process watches, and how many one user may.
public struct InotifyUse: Sendable, Hashable {
    public let watches: Int
    /// `fs.inotify.max_user_watches`; nil where the system does not tell (`ProcSubset=pid`).
    public let limit: Int?

    /// As the kernel says now.
    public static func current() -> InotifyUse {
        let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fdinfo")) ?? []
        let watches = descriptors.reduce(0) { sum, name in
            let text = (try? String(contentsOfFile: "/proc/self/fdinfo/\(name)", encoding: .utf8)) ?? ""
            return sum + text.split(separator: "\n").count { $0.hasPrefix("inotify wd:") }
        }
        let limit = try? String(contentsOfFile: "/proc/sys/fs/inotify/max_user_watches", encoding: .utf8)
        return InotifyUse(
            watches: watches, limit: limit.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) })
    }

    /// Whether so many are in use that new folders may soon not be watched.
    public var isNearLimit: Bool { limit.map { watches * 10 > $0 * 8 } ?? false }
}
