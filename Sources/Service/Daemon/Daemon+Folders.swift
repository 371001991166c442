import Files
import Foundation

extension Daemon {
    /// The folder's real path, made where it is missing.
    static func prepared(_ folder: URL, mustExist: Bool = false) throws(DaemonError) -> URL {
        if !mustExist { try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
        guard let real = realpath(folder.path, nil) else { throw .folder(folder.path, errorNumber: errno) }
        defer { free(real) }
        let path = String(cString: real)
        let status: FileStatus
        do { status = try FileStatus(of: FilePath(path)) } catch {
            throw .folder(folder.path, errorNumber: error.errorNumber)
        }
        guard status.kind == .folder else { throw .folder(folder.path, errorNumber: ENOTDIR) }
        guard access(path, R_OK | X_OK) == 0 else { throw .folder(folder.path, errorNumber: errno) }
        return URL(filePath: path, directoryHint: .isDirectory)
    }
}
