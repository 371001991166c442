import Files
import Foundation
import Glibc
import Photos
import WireProtocol

/// The bytes of a photo.
enum PhotoFile {
    /// - Throws: `FileError`, with `ETIMEDOUT` where the disk does not answer; `PhotoError.fileTooLarge` before
    ///   anything is read; `CancellationError`.
    static func read(_ path: FilePath) async throws -> Data {
        try await FileWork.run(on: path) {
            let file = try OpenFile(path)
            let limit = DecodeLimits().fileBytes
            guard file.status.identity.size <= limit else {
                throw PhotoError.fileTooLarge(bytes: Int(clamping: file.status.identity.size), limit: limit)
            }
            var data = Data()
            data.reserveCapacity(Int(clamping: file.status.identity.size))
            try file.readAll { data.append(contentsOf: $0) }
            return data
        }
    }

    /// The bytes of a photo that a client names.
    ///
    /// - Throws: `RPCError`; `photo-unreadable` with reason `permission-denied` asks the client to send the bytes.
    ///   `CancellationError`.
    static func readForRequest(_ path: String) async throws -> Data {
        do {
            return try await read(FilePath(path))
        } catch let error as FileError {
            switch error.errorNumber {
            case ENOENT, ENOTDIR: throw RPCError(.noSuchPhoto, "there is no photo \(path)")
            case EACCES, EPERM:
                throw RPCError.unreadable(
                    photo: path, reason: RPCError.permissionDenied, message: "the daemon may not read \(path)")
            case EBUSY: throw RPCError(.busy, "\(error)")
            default: throw RPCError.unreadable(photo: path, reason: "unreadable", message: "\(error)")
            }
        } catch let error as PhotoError {
            throw RPCError.unreadable(photo: path, reason: error.code, message: "\(error)")
        }
    }
}
