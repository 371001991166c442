/// What processing a photo gave.
public struct PhotoResult: Sendable {
    /// The pictures come first and `.boxes.json` last.
    public var sidecars: [SidecarFile]
    public var summary: PhotoSummary
    /// Called once the sidecars are on the disk.
    public var whenWritten: @Sendable () async -> Void

    public init(
        sidecars: [SidecarFile], summary: PhotoSummary, whenWritten: @escaping @Sendable () async -> Void = {}
    ) {
        self.sidecars = sidecars
        self.summary = summary
        self.whenWritten = whenWritten
    }
}
