/// What `version` answers, and what a client may rely on.
public enum WireVersion {
    /// The release of daemon and client, which are built together.
    public static let software = "0.1.0"

    /// Raised when a client written for the number before would misread an answer; new methods and what requests may
    /// newly say do not raise it, they add a capability.
    public static let `protocol` = 1

    /// What this version of the protocol offers beyond the bare method names.
    public static let capabilities = [
        "cancel", "events", "file-parts", "inline-images", "inline-tensors", "passed-files", "picture-style",
        "pipelining", "preview", "progress", "project-rule",
    ]
}

/// Sizes that both ends keep to.
public enum WireLimits {
    /// Longest line in bytes, its end not counted.
    public static let lineBytes = 64 << 20

    /// Largest file that fits into one line: base64 writes four bytes for three, and the request around it takes
    /// some too.
    public static let inlineFileBytes = (lineBytes / 4 * 3) - (1 << 20)

    /// Bytes of a file in one `file` notification: large enough that the line around them costs nothing, small enough
    /// that a line is nothing to hold.
    public static let filePartBytes = 768 << 10

    /// Longest name under which a client may pass a file, in bytes.
    public static let passedFileName = 64

    /// Deepest nesting of arrays and objects.
    public static let nestingDepth = 128
}
