import Files
import Foundation
import Glibc
import Photos
import Socket
import WireProtocol

extension RequestFiles? {
    /// The bytes of a file that the client has passed under this name.
    ///
    /// - Throws: `RPCError` where there is none, so that the client sends the bytes instead; `FileError`;
    ///   `PhotoError.fileTooLarge` before anything is read.
    func contents(of name: String) async throws -> Data {
        guard let passed = self, let file = passed.take(name) else {
            throw RPCError.unreadable(
                photo: name, reason: RPCError.notPassed,
                message:
                    "no file was passed as '\(name)', or too many wait to be taken; pass it again or send its bytes")
        }
        // Where it lies is known to the client, and says on which disk or share one may have to wait.
        let link = "/proc/self/fd/\(file.descriptor)"
        let path = FilePath((try? FileManager.default.destinationOfSymbolicLink(atPath: link)) ?? name)
        let limit = DecodeLimits.current.fileBytes
        do {
            return try await FileWork.run(on: path) {
                defer { withExtendedLifetime(file) {} }
                return try OpenFile.contents(
                    ofPassed: file.descriptor, as: path, atMost: limit, reserve: passed.reserve)
            }
        } catch let error as FileError where error.errorNumber == EFBIG {
            throw UnreadablePhoto(path.string, .fileTooLarge(bytes: limit + 1, limit: limit))
        }
    }
}
