import Foundation

/// Where the links in model folders may lead. A link to anywhere would make the daemon read for whoever may write a model
/// folder what that person may not read.
struct ModelLinks: Sendable {
    /// Real paths.
    private let folders: [String]

    /// Links may lead into the folders of models, and into `roots`.
    init(directories: [URL], roots: [String]) {
        folders = (directories + roots.map { URL(filePath: $0, directoryHint: .isDirectory) }).map(ModelLinks.realPath)
    }

    /// The file of the model in `folder`, which may also be a link to another in the same folder, or, where that is a
    /// snapshot in the cache of a model hub, in the same repository.
    ///
    /// - Throws: `ModelError` where a link leads elsewhere.
    func file(_ name: String, in folder: URL) throws(ModelError) -> URL {
        let file = folder.appending(path: name).resolvingSymlinksInPath()
        let own = URL(filePath: ModelLinks.realPath(folder), directoryHint: .isDirectory)
        var permitted = folders + [own.path]
        // REPOSITORY/snapshots/REVISION/model.onnx → REPOSITORY/blobs/DIGEST
        let snapshots = own.deletingLastPathComponent()
        if snapshots.lastPathComponent == "snapshots" { permitted.append(snapshots.deletingLastPathComponent().path) }
        guard permitted.contains(where: { file.path.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") }) else {
            throw ModelError(
                file: name,
                reason:
                    "it is a link to \(file.path), outside of the folders of models; move it there, or name its folder "
                    + "in the configuration's 'roots'")
        }
        return file
    }

    private static func realPath(_ url: URL) -> String {
        let path = url.resolvingSymlinksInPath().path
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}
