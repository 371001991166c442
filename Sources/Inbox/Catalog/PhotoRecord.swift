public import Files
public import Foundation

/// What the catalog knows of one photo.
public struct PhotoRecord: Sendable, Hashable {
    public let path: FilePath
    /// The state of the file that the record speaks of.
    public internal(set) var identity: FileIdentity
    public internal(set) var state: PhotoState
    /// Tries so far, the running one included.
    public internal(set) var attempts = 0
    /// How many times the daemon ended without warning while it computed this photo. That is a suspicion and no proof: a
    /// power cut looks the same.
    public internal(set) var crashes = 0
    /// Whether the photo is being computed at this moment; where the daemon has died, whether it was then.
    public internal(set) var isComputing = false
    public internal(set) var queuedAt: Date
    public internal(set) var startedAt: Date?
    public internal(set) var finishedAt: Date?
    /// The photo is not tried again before this.
    public internal(set) var retryAt: Date?
    /// Why the last try failed, where the photo is `failed`, or `pending` after a passing failure.
    public internal(set) var errorCode: String?
    public internal(set) var errorMessage: String?
    /// Under which program and networks the photo `failed` (``PhotoProcessing/version``).
    public internal(set) var failedUnder: String?
    /// Somebody asked for the photo to be done again: it is, whatever its sidecars say.
    public internal(set) var isForced = false
    /// The record comes from a backup and may be older than what the disk has.
    public internal(set) var isRestored = false
    /// The photo is `done`, and its sidecars were taken away since they were kept long enough; they do not come back.
    public internal(set) var isExpired = false
    /// What was found, where the photo is `done`.
    public internal(set) var summary: PhotoSummary?

    /// The record of a photo that nothing has happened to yet.
    package init(path: FilePath, identity: FileIdentity, state: PhotoState = .pending, queuedAt: Date) {
        self.path = path
        self.identity = identity
        self.state = state
        self.queuedAt = queuedAt
    }

    /// Whether the photo may be what ended the daemon. It is done after all others, in a process of its own.
    package var isSuspect: Bool { crashes > 0 }

    /// When something last happened to the photo.
    public var changedAt: Date { finishedAt ?? startedAt ?? queuedAt }
}
