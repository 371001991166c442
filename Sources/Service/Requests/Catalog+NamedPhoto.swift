import Files
import Foundation
import Inbox

extension Catalog {
    /// The photo that a client means; its way into the inbox may lead through links, or be written otherwise. Only what lies
    /// in the inbox is looked at. Nil where the catalog knows none.
    func photo(at path: String, in inbox: FilePath) async throws -> PhotoRecord? {
        let path = FilePath(path)
        if let record = try await record(of: path) { return record }
        let folder = URL(filePath: path.folder.string, directoryHint: .isDirectory)
        let real = try await FileWork.run(on: path) { FilePath(folder.resolvingSymlinksInPath().path) }
        let resolved = real.appending(path.name)
        return resolved.isInside(inbox) ? try await record(of: resolved) : nil
    }
}
