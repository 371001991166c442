/// Turns one photo into what is written beside it. The pipeline owns queue, states and files; this owns the network.
public protocol PhotoProcessing: Sendable {
    /// Reads, interprets and draws `photo`. Called for several photos at a time. Writes nothing.
    ///
    /// - Throws: ``PhotoFailure`` to say whether trying again can help; `FileError` counts as transient where its
    ///   `isTransient` says so; any other error is tried again a few times and then counts as permanent.
    func process(_ photo: QueuedPhoto) async throws -> PhotoResult

    /// The sidecars of a photo that was processed are on the disk.
    func didFinish(_ photo: QueuedPhoto, _ result: PhotoResult) async

    /// The photo at `path` is gone from the inbox.
    func didVanish(_ path: FilePath) async
}

extension PhotoProcessing {
    public func didFinish(_ photo: QueuedPhoto, _ result: PhotoResult) async {}
    public func didVanish(_ path: FilePath) async {}
}

/// A photo whose turn has come. Holds no pixels: ten thousand may wait.
public struct QueuedPhoto: Sendable {
    public let path: FilePath
    /// The state of the file that was found settled. Where the file has another one after processing, the result is
    /// thrown away and the photo waits again.
    public let identity: FileIdentity
    /// 1 for the first try.
    public let attempt: Int
}

/// What processing a photo gave.
public struct PhotoResult: Sendable {
    /// Pictures first; `.boxes.json` last.
    public var sidecars: [SidecarFile]
    public var summary: PhotoSummary
    /// What the unit index is to take up, once the sidecars are written.
    var unitAnswer: UnitAnswer?

    public init(sidecars: [SidecarFile], summary: PhotoSummary) {
        self.sidecars = sidecars
        self.summary = summary
    }
}

/// The line of the catalog, and of `interpretctl photos`, about a photo that is done.
public struct PhotoSummary: Sendable, Hashable {
    /// SHA-256 of the bytes that were interpreted, lower-case hexadecimal.
    public var sha256: String
    public var model: String?
    /// The best class, and its softmax probability (0…1).
    public var label: String?
    public var probability: Double?
    public var boxCount: Int
    /// Something a person should know although the photo is done, such as a truncated file.
    public var warning: String?
    /// From first byte to last picture.
    public var milliseconds: Double?

    public init(
        sha256: String, model: String? = nil, label: String? = nil, probability: Double? = nil, boxCount: Int,
        warning: String? = nil, milliseconds: Double? = nil
    ) {
        self.sha256 = sha256
        self.model = model
        self.label = label
        self.probability = probability
        self.boxCount = boxCount
        self.warning = warning
        self.milliseconds = milliseconds
    }
}

/// Why a photo was not done.
public enum PhotoFailure: Error, Hashable, Sendable {
    /// The photo itself is at fault: it is set aside until it changes. `code` is stable and for programs
    /// (`empty-file`, `not-a-jpeg`); `message` is for people.
    case permanent(code: String, message: String)
    /// The surroundings are at fault: the photo is tried again, ever more rarely.
    case transient(message: String)
}

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
