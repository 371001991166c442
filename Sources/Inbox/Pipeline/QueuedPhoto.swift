public import Files

/// A photo whose turn has come. Holds no pixels: ten thousand may wait.
public struct QueuedPhoto: Sendable {
    public let path: FilePath
    /// The state of the file that was found settled. Where the file has another one after processing, the result is
    /// thrown away and the photo waits again.
    public let identity: FileIdentity
    /// 1 for the first try.
    public let attempt: Int
    /// Whether the daemon died while it computed this photo. It is to be done where it can end nothing but itself.
    public let isSuspect: Bool
    /// To be set around each piece of computing; see ``PhotoProcessing/process(_:)``.
    public let computing: ComputingMark

    package init(path: FilePath, identity: FileIdentity, attempt: Int, isSuspect: Bool, computing: ComputingMark) {
        self.path = path
        self.identity = identity
        self.attempt = attempt
        self.isSuspect = isSuspect
        self.computing = computing
    }
}
