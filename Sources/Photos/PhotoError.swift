internal import WireProtocol

/// What can be wrong with a photo, or with what is asked of it.
///
/// ``code`` is stable and meant for programs; the description is one sentence for people and says what to do next.
public enum PhotoError: Error, Equatable, Sendable {
    case emptyFile
    case fileTooLarge(bytes: Int, limit: Int)
    /// `kind` is what the first bytes look like, such as "a PNG image".
    case unknownFormat(kind: String?)
    case tooManyPixels(width: Int, height: Int, limit: Int)
    /// Decoding would take `bytes` of memory for `purpose`.
    case tooMuchMemory(bytes: Int, limit: Int, purpose: String)
    case tooManyScans(limit: Int)
    /// More pixels along one side than the format's library reads.
    case sideTooLong(limit: Int)
    /// The file ends before a single row of the picture.
    case truncated
    case corrupt(reason: String)
    case unsupportedJPEG(reason: String)
    case outOfMemory
    /// So much longer than wide that it cannot be looked at whole.
    case extremeShape(width: Int, height: Int)
    /// A size that no picture can have, or samples that do not fill it.
    case invalidSize(reason: String)
    /// A value of a file that describes preprocessing that cannot be used; whoever reads the file names it.
    case invalidConfiguration(key: String, reason: String)
    /// A heat map that is not a plane `[h, w]`.
    case invalidMap(reason: String)
    case encodingFailed(reason: String)
    case fontNotFound(searched: [String])
    case fontUnusable(file: String, reason: String)

    /// A stable name for programs; never changes between versions.
    public var code: String {
        switch self {
        case .emptyFile: "empty-file"
        case .fileTooLarge: "file-too-large"
        case .unknownFormat: "not-a-jpeg"
        case .tooManyPixels: "too-many-pixels"
        case .tooMuchMemory: "too-much-memory"
        case .tooManyScans: "too-many-scans"
        case .sideTooLong: "side-too-long"
        case .truncated: "truncated"
        case .corrupt: "corrupt"
        case .unsupportedJPEG: "unsupported-jpeg"
        case .outOfMemory: "out-of-memory"
        case .extremeShape: "extreme-shape"
        case .invalidSize: "invalid-size"
        case .invalidConfiguration: "invalid-preprocessor-configuration"
        case .invalidMap: "invalid-map"
        case .encodingFailed: "encoding-failed"
        case .fontNotFound: "font-not-found"
        case .fontUnusable: "font-unusable"
        }
    }
}

extension PhotoError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .emptyFile:
            "the file is empty; copy the photo again"
        case .fileTooLarge(let bytes, let limit):
            "the file has \(bytes) bytes, more than the limit of \(limit); save a smaller version of the photo"
        case .unknownFormat(let kind?):
            "the file is \(kind), not a \(PhotoKind.names) photo; save it as \(PhotoKind.names)"
        case .unknownFormat(nil):
            "the file is not a \(PhotoKind.names) photo; save it as \(PhotoKind.names)"
        case .tooManyPixels(let width, let height, let limit):
            "the photo has \(width)×\(height) pixels, more than the limit of \(limit); save a smaller version of it, or "
                + "raise the limit (serve --max-megapixels)"
        case .tooMuchMemory(let bytes, let limit, let purpose):
            "\(purpose) would take \(bytes >> 20) MiB of memory, more than the limit of \(limit >> 20); save a smaller, "
                + "non-progressive version of the photo, or raise the limit (serve --max-photo-memory)"
        case .tooManyScans(let limit):
            "the JPEG file has more than \(limit) scans, as no camera writes; save it again as a baseline JPEG"
        case .sideTooLong(let limit):
            "a side of the photo is longer than \(limit) pixels; save a smaller version of it"
        case .truncated:
            "the file ends before the first row of the picture; copy the photo again"
        case .corrupt(let reason):
            "the file is damaged (\(reason)); copy the photo again"
        case .unsupportedJPEG(let reason):
            "this kind of JPEG file is not supported (\(reason)); save it as an 8-bit baseline JPEG"
        case .outOfMemory:
            "there is not enough memory for the photo; try again later or save a smaller version of it"
        case .extremeShape(let width, let height):
            "the photo has \(width)×\(height) pixels, too narrow a strip to be looked at whole; cut it into pieces"
        case .invalidSize(let reason):
            "the picture size cannot be used: \(reason)"
        case .invalidConfiguration(let key, let reason):
            "\(key): \(reason)"
        case .invalidMap(let reason):
            "the map cannot be drawn: \(reason)"
        case .encodingFailed(let reason):
            "the JPEG file could not be written (\(reason))"
        case .fontNotFound(let searched):
            "the font \(Font.fileName) is in none of \(searched.joined(separator: ", ")); install fonts-dejavu-core "
                + "or set \(Font.environmentVariable) to a TrueType file"
        case .fontUnusable(let file, let reason):
            "the font \(file) cannot be used (\(reason)); set \(Font.environmentVariable) to a TrueType file"
        }
    }
}
