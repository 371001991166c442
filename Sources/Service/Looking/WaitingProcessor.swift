import Inbox

/// What the pipeline does with photos while no network reads them: they are queued, and wait.
struct WaitingProcessor: PhotoProcessing {
    var acceptsPhotos: Bool { false }

    func process(_ photo: QueuedPhoto) async throws -> PhotoResult {
        throw PhotoFailure.transient(message: "no network reads photos")
    }
}
