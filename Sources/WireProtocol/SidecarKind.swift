/// A file that the daemon writes beside a photo. The raw value is what the document calls it.
public enum SidecarKind: String, Sendable, CaseIterable, Codable {
    case saliency
    case overlay
    case occlusion
    case mask
    /// Boxes and numbers; written last, and the proof that a photo is done.
    case boxes
    /// Why a photo could not be read, instead of the others.
    case error

    /// What the file's name adds to the photo's: `IMG_1.jpg` and `.overlay.jpg`.
    public var suffix: String { ".\(rawValue).\(isPicture ? "jpg" : "json")" }

    public var isPicture: Bool {
        switch self {
        case .saliency, .overlay, .occlusion, .mask: true
        case .boxes, .error: false
        }
    }
}
