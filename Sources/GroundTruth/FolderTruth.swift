import Foundation
import WireProtocol

/// Photos in one folder a label.
enum FolderTruth {
    static func read(_ path: String, photos: String) -> [TruePhoto] {
        var table = TruthTable()
        let base = path.hasPrefix(photos + "/") ? String(path.dropFirst(photos.count + 1)) + "/" : ""
        for label in TruthFile.names(in: path) where TruthFile.isFolder("\(path)/\(label)") {
            for file in files(in: "\(path)/\(label)") {
                let name = path == photos || !base.isEmpty ? "\(base)\(label)/\(file)" : "\(path)/\(label)/\(file)"
                table.update(name) { $0.add(label: label) }
            }
        }
        return table.photos
    }

    /// The photos below a folder, by their paths below it.
    static func files(in folder: String) -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: folder) else { return [] }
        let endings = Set(PhotoKind.allCases.flatMap(\.endings))
        return walk.compactMap { $0 as? String }.filter { file in
            let name = file.split(separator: "/").last ?? ""
            guard !file.split(separator: "/").contains(where: { $0.hasPrefix(".") }),
                !SidecarKind.allCases.contains(where: { name.hasSuffix($0.suffix) })
            else { return false }
            return name.split(separator: ".").last.map { endings.contains($0.lowercased()) } ?? false
        }.sorted()
    }
}
