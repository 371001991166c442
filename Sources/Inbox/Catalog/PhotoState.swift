/// Where a photo stands.
public enum PhotoState: String, Sendable, CaseIterable {
    /// Waits for its turn, perhaps after a try that failed for a passing reason.
    case pending
    /// Is being interpreted.
    case working
    /// Its sidecars are on the disk.
    case done
    /// Cannot be read; waits for the file to change.
    case failed
}
