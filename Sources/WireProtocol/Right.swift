/// What a client may do; the daemon decides by the user at the other end of the socket.
public enum Right: String, Sendable, Hashable, CaseIterable, Codable {
    /// See how the daemon and the inbox's photos are.
    case look
    /// Ask the networks.
    case explain
    /// Change what the daemon does: its networks, what it does again, what it removes.
    case administrate
}

extension RPCMethods {
    private static let rights: [Right: [String]] = [
        .look: [
            version.name, status.name, models.name, methods.name, photos.name, overview.name, corrections.name,
            metrics.name, doctor.name, watch.name,
            unwatch.name, cancel.name,
        ],
        .explain: [
            explain.name, correct.name, segment.name, convert.name, index.name, units.name, audit.name, evaluate.name,
            calibrate.name, check.name,
            neighbours.name, concept.name,
            compare.name, run.name,
            project.name,
            // Shows what is in the photos.
            report.name,
            visualize.name,
        ],
        .administrate: [redo.name, reload.name, clean.name],
    ]

    /// The right that a request needs. A method that there is not may be asked for by everybody: the answer says so.
    public static func right(of method: String) -> Right {
        guard all.contains(where: { $0.name == method }) else { return .look }
        return rights.first { $0.value.contains(method) }?.key ?? .administrate
    }
}

extension RPCError {
    /// The answer to a request for which the user lacks the right.
    public static func notPermitted(_ method: String) -> RPCError {
        RPCError(
            .notPermitted,
            "you may not ask for '\(method)': it needs the right '\(RPCMethods.right(of: method).rawValue)', which the daemon's "
                + "configuration gives to groups")
    }
}
