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
                ending: "jpg", contents: "how much each pixel moves the class score, in grey over the photo",
                occasion: "where a classifier reads the photos")
        case .overlay:
            Row(
                ending: "jpg", contents: "the upright photo with heat map, boxes, verdict and legend",
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
                ending: "json", contents: "predictions, boxes, verdict, timings; the same numbers for programs",
                occasion: "for each photo that can be read")
        case .error:
            Row(
                ending: "json", contents: "why the photo cannot be read",
                occasion: "instead of the others, for a photo that cannot be read")
        }
    }

    /// What the file's name adds to the photo's: `IMG_1.jpg` and `.overlay.jpg`.
    public var suffix: String { ".\(rawValue).\(row.ending)" }

    /// The name of the file beside the photo called `photo`: `IMG_1.jpg.overlay.jpg`. Of a photo with a long name it
    /// begins with ``stem(of:)``.
    public func name(beside photo: String) -> String {
        String(decoding: name(beside: Array(photo.utf8)), as: UTF8.self)
    }

    /// The same in bytes: a photo's name need not be UTF-8.
    public func name(beside photo: [UInt8]) -> [UInt8] { SidecarKind.stem(of: photo) + Array(suffix.utf8) }

    /// Bytes that Linux's file systems allow a name.
    private static let longestName = 255
    /// Bytes kept free for the suffix, also a longer one than there is today: names must not change with it.
    private static let roomForSuffix = 16

    /// What the names of a photo's sidecars begin with: the photo's name, or where that leaves no room for a suffix its
    /// beginning, `~`, 16 hexadecimal digits of its hash, and its ending. The same name has the same stem for ever; the
    /// document has the full name in `photo.file`.
    public static func stem(of photo: [UInt8]) -> [UInt8] {
        guard photo.count > longestName - roomForSuffix else { return photo }
        let ending = photo.lastIndex(of: UInt8(ascii: ".")).map { photo[$0...] } ?? []
        let digits = String(hash(photo), radix: 16)
        let mark = "~" + String(repeating: "0", count: 16 - digits.count) + digits
        let tail = Array(mark.utf8) + (ending.count <= 16 ? Array(ending) : [])
        let most = longestName - roomForSuffix - tail.count
        // No character of UTF-8 is cut in two: a continuation byte behind the cut belongs to what is before it.
        var cut = most
        while cut > most - 4, photo[cut] & 0xc0 == 0x80 { cut -= 1 }
        return Array(photo[..<cut]) + tail
    }

    /// FNV-1a, 64 bits (Fowler, Noll, Vo).
    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    /// What documents say in their member `writtenBy`: tells the daemon's own from others of the same name.
    public static let writer = "interpretd"

    /// The comment that the pictures bear in their files, for the same.
    public static let pictureComment = "written by \(writer)"

    /// Whether it is a JPEG; the others are JSON.
    public var isPicture: Bool { row.ending == "jpg" }

    /// Those that are pictures, in the order in which they are written.
    public static let pictures = allCases.filter(\.isPicture)

    /// What the file shows or says, for people.
    public var contents: String { row.contents }

    /// When the daemon makes it, for people.
    public var occasion: String { row.occasion }
}
