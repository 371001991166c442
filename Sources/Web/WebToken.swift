import Digests
import Files
import Foundation
import Glibc

/// The secret that whoever is not on this machine shows: 32 random bytes, as hexadecimal digits.
struct WebToken: Sendable {
    private let text: String
    private let digest: [UInt8]

    init(_ text: String) {
        self.text = text
        digest = Array(SHA256.hexDigest(of: Data(text.utf8)).utf8)
    }

    /// The token in `file`, made where there is none; only its owner can read it.
    ///
    /// - Throws: `WebError.token`.
    init(keptIn file: String) throws(WebError) {
        if let kept = try? String(contentsOfFile: file, encoding: .utf8) {
            let text = kept.trimmingCharacters(in: .whitespacesAndNewlines)
            guard text.utf8.count >= 32 else {
                throw .token(file: file, reason: "what is in it is shorter than 32 characters; remove it")
            }
            self.init(text)
            return
        }
        var generator = SystemRandomNumberGenerator()
        let text = (0..<4).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .token(file: file, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        let line = Array((text + "\n").utf8)
        guard write(descriptor, line, line.count) == line.count else {
            throw .token(file: file, reason: String(cString: strerror(errno)))
        }
        self.init(text)
    }

    /// Whether it is `candidate`. Takes as long whatever the candidate is: digests of equal length are compared to their
    /// ends.
    func matches(_ candidate: String) -> Bool {
        let other = SHA256.hexDigest(of: Data(candidate.utf8)).utf8
        guard other.count == digest.count else { return false }
        return zip(digest, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
