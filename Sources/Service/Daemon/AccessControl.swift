import Dispatch
package import Glibc
import Socket
import Synchronization
package import WireProtocol

/// Who may do what at the socket: by the groups of the user at its other end. Root and the daemon's own user may do
/// everything.
final class AccessControl: Sendable {
    private let groups: Mutex<AccessGroups>

    init(_ groups: AccessGroups) { self.groups = Mutex(groups) }

    func exchange(for new: AccessGroups) { groups.withLock { $0 = new } }

    /// What a peer may do.
    func rights(of peer: SocketPeer) async -> Set<Right> {
        let groups = groups.withLock { $0 }
        if peer.user == 0 || peer.user == geteuid() { return Set(Right.allCases) }
        // Only where it matters: the system's database of users may be on the network, and no task waits for that.
        let mine =
            groups.areNeeded
            ? await withCheckedContinuation { continuation in
                DispatchQueue.global().async { continuation.resume(returning: AccessControl.groups(of: peer)) }
            } : []
        return groups.rights(ofMembersOf: mine)
    }

    /// The groups of the peer's user, as the system's database has them, and the one that its process runs as.
    private static func groups(of peer: SocketPeer) -> Set<gid_t> {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwuid_r(peer.user, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name
        else { return [peer.group] }
        var count: CInt = 256
        while true {
            var list = [gid_t](repeating: 0, count: Int(count))
            let wanted = count
            if getgrouplist(name, entry.pw_gid, &list, &count) >= 0 {
                return Set(list.prefix(Int(count))).union([peer.group])
            }
            guard count > wanted else { return [peer.group] }
        }
    }
}

/// The groups that have each right; nil where everybody has it who can connect.
package struct AccessGroups: Sendable, Hashable {
    let look: Set<gid_t>?
    let explain: Set<gid_t>?
    let administrate: Set<gid_t>

    package init(look: Set<gid_t>?, explain: Set<gid_t>?, administrate: Set<gid_t>) {
        self.look = look
        self.explain = explain
        self.administrate = administrate
    }

    /// Whether it matters in which groups somebody is.
    var areNeeded: Bool { look != nil || explain != nil || !administrate.isEmpty }

    /// Whoever may change things may ask, and whoever may ask may look.
    package func rights(ofMembersOf groups: Set<gid_t>) -> Set<Right> {
        func admits(_ wanted: Set<gid_t>?) -> Bool { wanted.map { !$0.isDisjoint(with: groups) } ?? true }
        if admits(administrate) { return Set(Right.allCases) }
        if admits(explain) { return [.look, .explain] }
        return admits(look) ? [.look] : []
    }
}

extension DaemonConfiguration {
    /// - Throws: `DaemonError.configuration` for a group that there is not.
    func accessGroups() throws(DaemonError) -> AccessGroups {
        AccessGroups(
            look: try DaemonConfiguration.groups(look, "look"),
            explain: try DaemonConfiguration.groups(explain, "explain"),
            administrate: try DaemonConfiguration.groups(administrate, "administrate") ?? [])
    }

    private static func groups(_ names: [String]?, _ key: String) throws(DaemonError) -> Set<gid_t>? {
        guard let names else { return nil }
        var groups: Set<gid_t> = []
        for name in names {
            var entry = group()
            var found: UnsafeMutablePointer<group>?
            var buffer = [CChar](repeating: 0, count: 65_536)
            guard getgrnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
                throw .configuration(key, "names the group '\(name)', which this machine does not have")
            }
            groups.insert(entry.gr_gid)
        }
        return groups
    }
}
