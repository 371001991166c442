public import Files

/// Something that happened to a photo, as `interpretctl watch` tells it.
public enum PhotoEvent: Sendable {
    case queued(FilePath)
    case done(FilePath, PhotoSummary)
    case failed(FilePath, code: String, message: String)

    /// `photo-queued`, `photo-done` or `photo-failed`.
    public var name: String {
        switch self {
        case .queued: "photo-queued"
        case .done: "photo-done"
        case .failed: "photo-failed"
        }
    }

    public var path: FilePath {
        switch self {
        case .queued(let path), .done(let path, _), .failed(let path, _, _): path
        }
    }
}
