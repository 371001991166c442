/// A kind of photo file that the daemon reads; the raw value is its name for people.
///
/// A further kind is a row here, which says by which names the inbox knows it, and a `PhotoFormat` in `Photos`, which
/// reads it.
public enum PhotoKind: String, Sendable, CaseIterable {
    case jpeg = "JPEG"

    /// What a file's name may end in after the last dot; lower case.
    public var endings: [String] {
        switch self {
        case .jpeg: ["jpg", "jpeg"]
        }
    }

    /// All names together, for a sentence: "JPEG".
    public static var names: String { allCases.map(\.rawValue).joined(separator: " or ") }
}
