/// A file that the daemon writes beside a photo. The raw value is what the document calls it.
///
/// This is the one table of them: the inbox's rules, the processor, the proof, the client and the demo read it. A
/// further one is a case and its row here, and the file that draws it (`Service/Looking/Pictures`).
public enum SidecarKind: String, Sendable, CaseIterable, Codable {
    case saliency
    case overlay
    case occlusion
    case mask
    /// Boxes and numbers; written last, and the proof that a photo is done.
    case boxes
    /// Why a photo could not be read, instead of the others.
    case error

    /// What the table says about one kind of file.
    private struct Row {
        /// What the file's name ends with.
        let ending: String
        let contents: String
        let occasion: String
    }

    private var row: Row {
        switch self {
        case .saliency:
            Row(
                ending: "jpg", contents: "how much each pixel moves the class score, in grey",
                occasion: "where a classifier reads the photos")
        case .overlay:
            Row(
                ending: "jpg", contents: "the upright photo with heat map, boxes, label and probability",
                occasion: "for each photo that can be read")
        case .occlusion:
            Row(
                ending: "jpg", contents: "what hiding a window costs the class",
                occasion: "with \"occlusion\": true in the configuration or serve --occlusion")
        case .mask:
            Row(
                ending: "jpg", contents: "the parts that a segmentation network sees",
                occasion: "where a segmentation network is in the models folder")
        case .boxes:
            Row(
                ending: "json", contents: "predictions, boxes, evidence, timings; the same numbers for programs",
                occasion: "for each photo that can be read")
        case .error:
            Row(
                ending: "json", contents: "why the photo cannot be read",
                occasion: "instead of the others, for a photo that cannot be read")
        }
    }

    /// What the file's name adds to the photo's: `IMG_1.jpg` and `.overlay.jpg`.
    public var suffix: String { ".\(rawValue).\(row.ending)" }

    /// The name of the file beside the photo called `photo`: `IMG_1.jpg.overlay.jpg`.
    public func name(beside photo: String) -> String { photo + suffix }

    /// Whether it is a JPEG; the others are JSON.
    public var isPicture: Bool { row.ending == "jpg" }

    /// Those that are pictures, in the order in which they are written.
    public static let pictures = allCases.filter(\.isPicture)

    /// What the file shows or says, for people.
    public var contents: String { row.contents }

    /// When the daemon makes it, for people.
    public var occasion: String { row.occasion }
}
