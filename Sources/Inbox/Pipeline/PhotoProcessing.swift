public import Files

/// Turns one photo into what is written beside it. The pipeline owns queue, states and files; this owns the network.
public protocol PhotoProcessing: Sendable {
    /// Whether there is anything to process photos with; while there is not, they stay queued.
    var acceptsPhotos: Bool { get }
    /// Tells this program with these networks from others: what failed under another version is tried again.
    var version: String { get }

    /// Reads, interprets and draws `photo`. Called for several photos at a time. Writes nothing.
    ///
    /// Sets the photo's ``QueuedPhoto/computing`` mark around each piece of computing (decoding, a piece on the
    /// network, drawing), and not while it waits: a photo over which the daemon dies is a suspect.
    /// A suspect (``QueuedPhoto/isSuspect``) is done where its end would be nobody else's.
    ///
    /// - Throws: ``PhotoFailure`` to say whether trying again can help; `FileError` counts as transient where its
    ///   `isTransient` says so; any other error is tried again a few times and then counts as permanent.
    func process(_ photo: QueuedPhoto) async throws -> PhotoResult

    /// The photo at `path` is gone from the inbox.
    func didVanish(_ path: FilePath) async
}

extension PhotoProcessing {
    public var acceptsPhotos: Bool { true }
    public var version: String { "" }
    public func didVanish(_ path: FilePath) async {}
}
