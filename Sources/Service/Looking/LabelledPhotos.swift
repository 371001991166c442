import Files
import Foundation
import Inbox
import WireProtocol

/// Photos in folders that are named by their label.
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
    ///   - folder: absolute path.
    ///   - wanted: the labels; the model's where its labels are the folders' names, else these, sorted, where nil.
    ///   - purpose: what needs them, for errors.
    /// - Throws: `RPCError`.
    init(in folder: String, labels wanted: [String]?, of model: LoadedModel, for purpose: String) throws(RPCError) {
        let manager = FileManager.default
        func names(in folder: String) throws(RPCError) -> [String] {
            guard folder.hasPrefix("/"), let names = try? manager.contentsOfDirectory(atPath: folder) else {
                throw RPCError(
                    .badParameter, "the daemon cannot read the folder \(folder); let its user or group read it")
            }
            return names
        }
        let folders = try names(in: folder).filter { name in
            var isFolder: ObjCBool = false
            return !name.hasPrefix(".") && manager.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
                && isFolder.boolValue
        }
        labels = wanted ?? (Set(folders) == Set(model.labels) ? model.labels : folders.sorted())
        if let missing = labels.first(where: { !folders.contains($0) }) {
            throw RPCError(.badParameter, "there is no folder '\(missing)' in \(folder)")
        }
        guard labels.count >= 2, Set(labels).count == labels.count else {
            throw RPCError(.badParameter, "\(purpose) needs the photos of at least two classes, one folder each")
        }
        var photos: [Photo] = []
        for (index, label) in labels.enumerated() {
            photos += try names(in: "\(folder)/\(label)").sorted().filter { InboxRules.isPhoto(name: Array($0.utf8)) }
                .map { Photo(path: "\(folder)/\(label)/\($0)", classIndex: index) }
        }
        self.photos = photos
    }
}
