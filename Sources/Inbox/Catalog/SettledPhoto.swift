public import Files

/// A photo that was found settled, with what its bytes had to be asked for.
public struct SettledPhoto: Sendable {
    public let path: FilePath
    public let identity: FileIdentity
    /// What the sidecars prove, where the photo has no record yet.
    public var proof: SidecarProof?
    /// Digest of its present bytes, where only its inode tells it from its record.
    public var sha256: String?

    public init(path: FilePath, identity: FileIdentity, proof: SidecarProof? = nil, sha256: String? = nil) {
        self.path = path
        self.identity = identity
        self.proof = proof
        self.sha256 = sha256
    }
}
