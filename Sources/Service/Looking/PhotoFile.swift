import Files
import Foundation
import Photos

/// The bytes of a photo.
enum PhotoFile {
    /// - Parameter folder: below which the photo must lie, where a client named it.
    /// - Throws: `FileError`, with `ETIMEDOUT` where the disk does not answer; `PhotoError.fileTooLarge` before
    ///   anything is read; `CancellationError`.
    static func read(_ path: FilePath, beneath folder: FilePath? = nil) async throws -> Data {
        try await FileWork.run(on: path) {
            if let folder { return try contents(of: OpenFile(path, beneath: folder)) }
            return try contents(of: OpenFile(path))
        }
    }

    private static func contents(of file: consuming OpenFile) throws -> Data {
        let limit = DecodeLimits.current.fileBytes
        guard file.status.identity.size <= limit else {
            throw PhotoError.fileTooLarge(bytes: Int(clamping: file.status.identity.size), limit: limit)
        }
        var data = Data()
        data.reserveCapacity(Int(clamping: file.status.identity.size))
        try file.readAll { data.append(contentsOf: $0) }
        return data
    }
}
