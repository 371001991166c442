import Digests
package import Files
package import Foundation
import Photos

/// A photo's bytes, and where they are from.
package struct NamedPhoto: Sendable {
    package let bytes: Data
    /// Nil where a client sent the bytes.
    let path: FilePath?

    package init(bytes: Data, path: FilePath? = nil) {
        self.bytes = bytes
        self.path = path
    }

    /// Reads the photo at `path`.
    ///
    /// - Parameter folder: below which it must lie, where a client named it.
    /// - Throws: `FileError`; `UnreadablePhoto` where the file is too large.
    package init(reading path: FilePath, beneath folder: FilePath? = nil) async throws {
        do {
            self.init(bytes: try await PhotoFile.read(path, beneath: folder), path: path)
        } catch let error as PhotoError {
            throw UnreadablePhoto(path.string, error)
        }
    }

    /// File name without folder, as it can be shown; nil where there is no file.
    package var name: String? { path.map { String(decoding: $0.name, as: UTF8.self) } }

    /// Of the bytes, lower-case hexadecimal.
    var sha256: String { SHA256.hexDigest(of: bytes) }

    /// What `body` makes of the photo; its `PhotoError` gets the photo's name.
    func naming<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as PhotoError {
            throw UnreadablePhoto(path?.string ?? "the photo", error)
        }
    }
}
