/// Where daemon and client meet.
public enum SocketPath {
    /// The variable that names the socket for both.
    public static let environmentVariable = "INTERPRETD_SOCKET"

    /// The socket of the system's daemon.
    public static let system = "/run/interpretd/interpretd.sock"

    /// Where clients of the socket at `path` pass files that they have opened.
    public static func files(of path: String) -> String { path + ".files" }

    /// One place to look, and what makes it count.
    public struct Candidate: Sendable, Hashable {
        public let path: String
        /// A path that a person chose is taken as it is; a conventional one only where a socket lies there.
        public let isChosen: Bool
    }

    /// The places in order: `$INTERPRETD_SOCKET`, `$XDG_RUNTIME_DIR/interpretd/interpretd.sock`, the system's.
    /// An empty variable counts as unset.
    public static func candidates(environment: [String: String]) -> [Candidate] {
        var candidates: [Candidate] = []
        if let chosen = environment[environmentVariable], !chosen.isEmpty {
            candidates.append(Candidate(path: chosen, isChosen: true))
        }
        if let runtime = environment["XDG_RUNTIME_DIR"], !runtime.isEmpty {
            candidates.append(Candidate(path: runtime + "/interpretd/interpretd.sock", isChosen: false))
        }
        candidates.append(Candidate(path: system, isChosen: false))
        return candidates
    }

    /// The socket a client connects to.
    ///
    /// - Parameters:
    ///   - explicit: the value of `--socket`, which beats everything.
    ///   - exists: whether something lies at a path.
    public static func forConnecting(
        explicit: String?, environment: [String: String], exists: (String) -> Bool
    ) -> String {
        if let explicit { return explicit }
        return candidates(environment: environment).first { $0.isChosen || exists($0.path) }?.path ?? system
    }

    /// The socket a daemon listens at: the first candidate, so that its user's clients find it.
    public static func forListening(explicit: String?, environment: [String: String]) -> String {
        explicit ?? candidates(environment: environment).first?.path ?? system
    }
}
