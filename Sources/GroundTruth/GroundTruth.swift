import Foundation
public import WireProtocol

/// What is true of photos, in the forms that people keep it in.
public enum GroundTruthForm: String, Sendable, CaseIterable {
    /// A JSON array of objects with `file`, `label` or `labels`, `bbox` or `boxes`, and `mask`.
    case own = "truth.json"
    /// COCO's JSON, with masks as polygons or run lengths.
    case coco = "COCO"
    /// A folder of PASCAL VOC's XML files, or one of them.
    case voc = "VOC"
    /// A folder of YOLO's text files with `classes.txt`.
    case yolo = "YOLO"
    case csv = "CSV"
    /// A folder with one folder of photos a label.
    case folders = "folders"

    /// The form of what lies at `path`, by what it is.
    ///
    /// - Throws: `TruthError` where it is none of them.
    public static func found(at path: String) throws(TruthError) -> GroundTruthForm {
        if TruthFile.isFolder(path) {
            let names = TruthFile.names(in: path)
            if names.contains(where: { $0.hasSuffix(".xml") }) { return .voc }
            if names.contains(where: { $0.hasSuffix(".txt") }) { return .yolo }
            if names.contains(where: { TruthFile.isFolder("\(path)/\($0)") }) { return .folders }
            throw TruthError(
                path, "the folder has neither VOC's .xml files, YOLO's .txt files nor folders named by labels")
        }
        switch path.split(separator: ".").last.map({ $0.lowercased() }) {
        case "csv", "tsv": return .csv
        case "xml": return .voc
        case "json":
            let start = try TruthFile.contents(of: path).first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
            return start == UInt8(ascii: "[") ? .own : .coco
        default:
            throw TruthError(
                path, "a truth is a .json, .csv or .xml file, or a folder of .xml or .txt files or of labels")
        }
    }

    /// What is true of the photos below `photos`.
    ///
    /// - Parameters:
    ///   - path: the file or folder of truths.
    ///   - photos: the photos' folder, which YOLO's files and labels' folders are looked up in.
    /// - Returns: one entry a photo, by its path below `photos`.
    /// - Throws: `TruthError` that names the file and the line.
    public func read(_ path: String, photos: String) throws(TruthError) -> [TruePhoto] {
        let read: [TruePhoto] =
            switch self {
            case .own: try OwnTruth.read(path)
            case .coco: try COCOTruth.read(path)
            case .voc: try VOCTruth.read(path)
            case .yolo: try YOLOTruth.read(path, photos: photos)
            case .csv: try CSVTruth.read(path)
            case .folders: FolderTruth.read(path, photos: photos)
            }
        guard !read.isEmpty else { throw TruthError(path, "it says nothing of any photo") }
        if let photo = read.first(where: { $0.boxes.count > TruePhoto.mostBoxes }) {
            throw TruthError(path, "\(photo.file) has more than \(TruePhoto.mostBoxes) boxes")
        }
        return read
    }

    /// The photos below a folder, by their paths below it, without any truth.
    public static func photos(in folder: String) -> [TruePhoto] {
        FolderTruth.files(in: folder).map { TruePhoto(file: $0) }
    }
}

/// A table of photos by their file, in the order in which they are first named.
struct TruthTable {
    private(set) var photos: [TruePhoto] = []
    private var places: [String: Int] = [:]

    /// The photo called `file`, changed by `body`.
    mutating func update(_ file: String, _ body: (inout TruePhoto) -> Void) {
        let place = places[file] ?? photos.count
        if place == photos.count {
            places[file] = place
            photos.append(TruePhoto(file: file))
        }
        body(&photos[place])
    }
}

extension TruePhoto {
    mutating func add(label: String) {
        if !labels.contains(label) { labels.append(label) }
    }

    mutating func add(_ box: BoundingBox, label: String?, isRelative: Bool = false) {
        if let label { add(label: label) }
        boxes.append(Box(bbox: box, label: label, isRelative: isRelative ? true : nil))
    }
}

extension BoundingBox {
    /// Whether it can be a box of a photo: finite, of some area, within a million pixels.
    var isPossible: Bool {
        [x, y, width, height].allSatisfy { $0.isFinite && abs($0) <= 1e6 } && width > 0 && height > 0
    }

    /// What is said of one that is not.
    static let expectation = "a box should be four finite numbers, its width and height above 0"
}
