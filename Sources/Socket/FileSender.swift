import Digests
public import Foundation
public import WireProtocol

/// Sends files to the client of one request, in parts, ahead of the answer.
///
/// A part is read when the one before it has left for the client: whatever the size of the file, and however slowly the
/// client reads, one part is in memory.
public struct FileSender: Sendable {
    private let id: RequestID
    private let send: @Sendable (FilePart) async throws -> Void

    init(id: RequestID, send: @escaping @Sendable (FilePart) async throws -> Void) {
        self.id = id
        self.send = send
    }

    /// - Parameters:
    ///   - name: a bare file name.
    ///   - size: in bytes.
    ///   - bytes: the bytes in a range of the file.
    /// - Returns: what the result says of the file.
    /// - Throws: what `bytes` throws, `CancellationError` where the request was cancelled, and an error of the
    ///   connection where the client is gone.
    public func send(
        _ name: String, size: Int, bytes: (Range<Int>) async throws -> Data
    ) async throws -> SentFile {
        var digest = SHA256()
        var offset = 0
        repeat {
            try Task.checkCancellation()
            let data = try await bytes(offset..<min(offset + WireLimits.filePartBytes, size))
            digest.update(data)
            try await send(FilePart(id: id, name: name, offset: offset, size: size, data: data))
            offset += data.count
        } while offset < size
        return SentFile(name: name, size: size, sha256: digest.hexDigest())
    }
}
