public import Foundation

/// Where a photo stands.
public enum PhotoState: String, Sendable, CaseIterable {
    /// Waits for its turn, perhaps after a try that failed for a passing reason.
    case pending
    /// Is being interpreted.
    case working
    /// Its sidecars are on the disk.
    case done
    /// Cannot be read; waits for the file to change.
    case failed
}

/// What the catalog knows of one photo.
public struct PhotoRecord: Sendable {
    public let path: FilePath
    public let identity: FileIdentity
    public let state: PhotoState
    /// Tries so far, the running one included.
    public let attempts: Int
    /// How many times the daemon ended without warning while it worked on this photo.
    public let crashes: Int
    public let queuedAt: Date
    public let startedAt: Date?
    public let finishedAt: Date?
    /// Not tried again before this.
    public let retryAt: Date?
    /// Why the last try failed; for `failed`, and for `pending` after a passing failure.
    public let errorCode: String?
    public let errorMessage: String?
    /// For `done`.
    public let summary: PhotoSummary?

    var queuedPhoto: QueuedPhoto { QueuedPhoto(path: path, identity: identity, attempt: attempts) }
}

/// Photos by state.
public struct CatalogCounts: Sendable, Hashable {
    public var pending = 0
    public var working = 0
    public var done = 0
    public var failed = 0

    public init() {}

    subscript(state: PhotoState) -> Int {
        get {
            switch state {
            case .pending: pending
            case .working: working
            case .done: done
            case .failed: failed
            }
        }
        set {
            switch state {
            case .pending: pending = newValue
            case .working: working = newValue
            case .done: done = newValue
            case .failed: failed = newValue
            }
        }
    }
}
