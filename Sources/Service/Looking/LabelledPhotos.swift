import Files
import Foundation
import Inbox
import WireProtocol

/// Photos of which the label is known: in folders that are named by it, and those that people have answered about.
struct LabelledPhotos: Sendable {
    struct Photo: Sendable {
        let path: String
        let classIndex: Int
    }

    let labels: [String]
    /// By label and name.
    let photos: [Photo]

    /// Blocks while the folders are read.
    ///
    /// - Parameters:
    ///   - folder: absolute path; nil where only answers count.
    ///   - answers: what people have said. Beside a folder those count whose label has a folder, too: one photo is no class.
    ///   - wanted: the labels; the model's where its labels are those found, else these, sorted, where nil.
    ///   - purpose: what needs them, for errors.
    /// - Throws: `RPCError`.
    init(
        in folder: String?, answers: [PhotoCorrection] = [], labels wanted: [String]?, of model: LoadedModel,
        for purpose: String
    ) throws(RPCError) {
        var found = try folder.map(LabelledPhotos.paths) ?? [:]
        for answer in answers where folder == nil || found[answer.label] != nil {
            found[answer.label, default: []].append(answer.path.string)
        }
        labels = wanted ?? (Set(found.keys) == Set(model.labels) ? model.labels : found.keys.sorted())
        if let missing = labels.first(where: { found[$0] == nil }) {
            throw RPCError(
                .badParameter,
                folder.map { "there is no folder '\(missing)' in \($0)" } ?? "nobody has called a photo '\(missing)'")
        }
        guard labels.count >= 2, Set(labels).count == labels.count else {
            throw RPCError(
                .badParameter,
                folder == nil
                    ? "\(purpose) needs photos of at least two classes, and people have named \(labels.count)"
                    : "\(purpose) needs the photos of at least two classes, one folder each")
        }
        photos = labels.enumerated().flatMap { index, label in
            (found[label] ?? []).map { Photo(path: $0, classIndex: index) }
        }
    }

    /// The photos of each folder in `folder`, by the folder's name.
    private static func paths(in folder: String) throws(RPCError) -> [String: [String]] {
        let manager = FileManager.default
        func names(in folder: String) throws(RPCError) -> [String] {
            guard folder.hasPrefix("/"), let names = try? manager.contentsOfDirectory(atPath: folder) else {
                throw RPCError(
                    .badParameter, "the daemon cannot read the folder \(folder); let its user or group read it")
            }
            return names
        }
        var paths: [String: [String]] = [:]
        for label in try names(in: folder) {
            var isFolder: ObjCBool = false
            guard !label.hasPrefix("."), manager.fileExists(atPath: "\(folder)/\(label)", isDirectory: &isFolder),
                isFolder.boolValue
            else { continue }
            paths[label] = try names(in: "\(folder)/\(label)").sorted()
                .filter { InboxRules.isPhoto(name: Array($0.utf8)) }.map { "\(folder)/\(label)/\($0)" }
        }
        return paths
    }
}
