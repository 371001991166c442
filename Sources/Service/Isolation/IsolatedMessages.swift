import Files
import Foundation
import Inbox
import WireProtocol

/// What the daemon asks of the process that it started for a suspect.
struct IsolatedOrder: Codable {
    /// The photo's path in bytes: it need not be UTF-8.
    let path: Data
}

/// What that process answers.
enum IsolatedAnswer: Codable {
    struct File: Codable {
        let kind: SidecarKind
        let contents: Data
    }

    /// The networks are in memory and have seen a photo of nothing: what ends the process from here on is the photo.
    case ready
    case done([File], PhotoSummary)
    case permanent(code: String, message: String)
    case transient(message: String)

    init(_ result: PhotoResult) {
        self = .done(result.sidecars.map { File(kind: $0.kind, contents: $0.contents) }, result.summary)
    }

    init(_ error: any Error) {
        switch error {
        case PhotoFailure.permanent(let code, let message): self = .permanent(code: code, message: message)
        case PhotoFailure.transient(let message): self = .transient(message: message)
        case let error as FileError where !error.isTransient && !error.meansGone:
            self = .permanent(code: "file-trouble", message: "\(error)")
        default: self = .transient(message: "\(error)")
        }
    }

    /// - Throws: `PhotoFailure`.
    func result() throws(PhotoFailure) -> PhotoResult {
        switch self {
        case .ready: throw .transient(message: "the process for one photo spoke out of turn")
        case .permanent(let code, let message): throw .permanent(code: code, message: message)
        case .transient(let message): throw .transient(message: message)
        case .done(let files, let summary):
            return PhotoResult(
                sidecars: files.map { SidecarFile($0.kind, contents: $0.contents) },
                summary: summary)
        }
    }
}
