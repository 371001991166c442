import Foundation

/// Why a daemon cannot start.
public enum DaemonError: Error, CustomStringConvertible, Sendable {
    case configuration(String, String)
    case noModelsFolder(searched: [String])
    case noInbox(String)
    case inboxInUse(String)
    case folder(String, errorNumber: CInt)

    public var description: String {
        switch self {
        case .configuration(let file, let reason): "configuration \(file): \(reason)"
        case .noModelsFolder(let searched):
            "no model folder found in \(searched.joined(separator: " or ")); name one with --models"
        case .noInbox(let path):
            "there is no inbox \(path); make the folder, name another one with --inbox, or let it be made with --create"
        case .inboxInUse(let path):
            "another interpretd uses the inbox \(path); stop it, or give this one another inbox"
        case .folder(let path, let errorNumber):
            "folder \(path) cannot be used: \(String(cString: strerror(errorNumber)))"
        }
    }

    /// Whether starting again cannot help: not where a disk or a share does not answer for now.
    var isLasting: Bool {
        switch self {
        case .configuration, .noModelsFolder, .noInbox: true
        case .inboxInUse: false
        case .folder(_, let errorNumber):
            [ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, ENAMETOOLONG, EROFS].contains(errorNumber)
        }
    }
}
