/// Why a daemon cannot start.
public enum DaemonError: Error, CustomStringConvertible, Sendable {
    case configuration(String, String)
    case noModelsFolder(searched: [String])
    case folder(String, String)

    public var description: String {
        switch self {
        case .configuration(let file, let reason): "configuration \(file): \(reason)"
        case .noModelsFolder(let searched):
            "no model folder found in \(searched.joined(separator: " or ")); name one with --models"
        case .folder(let path, let reason): "folder \(path) cannot be used: \(reason)"
        }
    }
}
