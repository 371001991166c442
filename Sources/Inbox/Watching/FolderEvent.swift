public import Files

/// Something that happened in the inbox. Each is a hint to look, never proof: the receiver looks at the disk.
public enum FolderEvent: Hashable, Sendable {
    /// A photo was closed after writing, moved in, or linked in.
    case touched(FilePath)
    /// A photo was deleted or moved away.
    case removed(FilePath)
    /// A sidecar of this photo was deleted or moved away.
    case sidecarRemoved(of: FilePath)
    /// A file that is no photo was written or moved in, or is gone.
    case otherFile(FilePath, isThere: Bool)
    /// A folder was made or moved in. It and all below it are watched already; what it held before must be scanned.
    case folderAppeared(FilePath)
    /// Events were lost (the kernel's queue overflowed, or a folder was moved): everything must be scanned.
    case rescanNeeded(reason: String)
    /// The watched folder itself is gone (deleted, unmounted). The watcher waits for it to come back and then sends
    /// ``rescanNeeded(reason:)``.
    case inboxLost
    /// Some folders are not watched: it is time to look what happened in them.
    case lookAround
    /// The inbox or a folder below it cannot be watched; its photos are found by looking.
    case unwatched(FilePath, reason: String)
}
