/// Why the catalog does not answer.
public enum CatalogError: Error, Sendable, CustomStringConvertible {
    /// Another daemon uses this state directory.
    case inUse(path: String)
    /// A newer version of this program wrote it.
    case newerVersion(path: String)
    /// The store is damaged. Opening the catalog anew sets it aside.
    case corrupt(message: String)
    /// Anything else: a full disk, a folder without permission.
    case unavailable(message: String)

    public var description: String {
        switch self {
        case .inUse(let path):
            "\(path) is in use: another interpretd runs with this state directory; stop it or set another directory"
        case .newerVersion(let path):
            "\(path) was written by a newer interpretd; install that version again or move the file away"
        case .corrupt(let message):
            "the catalog is damaged (\(message)); start the daemon again, and it builds a new one from the sidecars"
        case .unavailable(let message):
            "the catalog cannot be used: \(message); see that its disk has space and its folder can be written"
        }
    }
}
