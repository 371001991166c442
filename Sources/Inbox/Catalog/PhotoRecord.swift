public import Files
public import Foundation

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
