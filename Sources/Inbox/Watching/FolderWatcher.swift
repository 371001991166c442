/// Tells what happens in a folder and below it.
///
/// A protocol, so that the one GPL library stays replaceable (fanotify, kqueue, a test's own hand).
public protocol FolderWatcher: Sendable {
    /// Starts watching. On return every folder is watched: what changes from now on is in the stream, so a scan that
    /// starts afterwards misses nothing. The stream ends after ``stop()``.
    func start() async throws(FolderWatcherError) -> AsyncStream<FolderEvent>

    /// Stops watching and ends the stream, promptly. May be called at any time, from anywhere, more than once.
    func stop()
}
