/// What processing a photo gave.
public struct PhotoResult: Sendable {
    /// The pictures come first and `.boxes.json` last.
    public var sidecars: [SidecarFile]
    public var summary: PhotoSummary
    /// How long each stage took, for the histograms.
    public var milliseconds: [String: Double]
    /// Called once the sidecars are on the disk.
    public var whenWritten: @Sendable () async -> Void

    public init(
        sidecars: [SidecarFile], summary: PhotoSummary, milliseconds: [String: Double] = [:],
        whenWritten: @escaping @Sendable () async -> Void = {}
    ) {
        self.sidecars = sidecars
        self.summary = summary
        self.milliseconds = milliseconds
        self.whenWritten = whenWritten
    }
}
