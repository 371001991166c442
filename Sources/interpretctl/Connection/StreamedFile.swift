import Digests
import Glibc
import WireProtocol

/// One file of a result that goes to standard output as it comes.
final class StreamedFile {
    private var name: String?
    private var count = 0
    private var digest: SHA256? = SHA256()

    /// - Throws: `CommandFailure` where the part is not the one that should come.
    func receive(_ part: FilePart) throws {
        guard name ?? part.name == part.name, part.offset == count, part.data.count <= part.size - count else {
            throw CommandFailure("the parts of the file do not come in order; what was written is not whole")
        }
        name = part.name
        Terminal.write(part.data)
        count += part.data.count
        digest?.update(part.data)
    }

    /// - Throws: `CommandFailure` where what came is not what was sent.
    func complete(_ files: [SentFile]) throws {
        guard let name, let digest = digest.take(),
            files == [SentFile(name: name, size: count, sha256: digest.hexDigest())]
        else {
            throw CommandFailure("the file did not arrive as the daemon sent it; what was written is not whole")
        }
    }
}
