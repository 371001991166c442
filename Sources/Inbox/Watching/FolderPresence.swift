import Files
import Glibc

/// Looks at folders without following symbolic links.
enum FolderPresence {
    static func isFolder(_ path: FilePath) -> Bool {
        guard let status = try? FileStatus(of: path) else { return false }
        return status.kind == .folder
    }

    /// The folders directly in `folder` that the inbox's rules look into. What cannot be read has none: the scan
    /// reports it.
    static func watchedFolders(in folder: FilePath) -> [FilePath] {
        guard let stream = folder.withCString({ opendir($0) }) else { return [] }
        defer { closedir(stream) }
        var folders: [FilePath] = []
        while let entry = readdir(stream) {
            let type = entry.pointee.d_type
            guard type == UInt8(DT_DIR) || type == UInt8(DT_UNKNOWN) else { continue }
            let name = InboxScan.name(of: entry)
            guard InboxRules.isWatchedFolder(name: name) else { continue }
            let path = folder.appending(name)
            if isFolder(path) { folders.append(path) }
        }
        return folders
    }
}
