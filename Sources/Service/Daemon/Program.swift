import Digests
import Files
import Foundation
import Glibc
import WireProtocol

/// The running program: where it lies, and what tells this build from others.
struct Program {
    let path: String
    /// The release and the beginning of the file's digest, so that an upgrade is seen whatever it calls itself.
    let version: String

    /// - Throws: `FileError` where the program's own file cannot be read.
    static func current() async throws -> Program {
        let file = FilePath(try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let digest = try await FileWork.run(on: file, patience: FileWork.writingPatience) {
            try SHA256.hexDigest(ofFile: file)
        }
        return Program(path: file.string, version: "\(WireVersion.software) \(digest.prefix(12))")
    }
}
