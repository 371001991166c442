import Digests
public import Files
import Foundation
import WireProtocol

/// What a `.boxes.json` says about the photo beside it: proof of work that was done, even where the catalog is lost.
public struct SidecarProof: Sendable {
    /// SHA-256 of the photo's bytes, lower-case hexadecimal.
    public let sha256: String
    public let summary: PhotoSummary

    package init(sha256: String, summary: PhotoSummary) {
        self.sha256 = sha256
        self.summary = summary
    }

    private init?(_ document: DocumentExcerpt) {
        guard let digest = document.photo?.sha256, digest.utf8.count == 64 else { return nil }
        self.init(sha256: digest, summary: PhotoSummary(document, sha256: digest))
    }

    /// Larger files are not ours.
    private static let largestSidecar = 16 << 20

    /// The proof that `photo` as it is now has been done: its `.boxes.json` names the photo's present bytes, and every
    /// picture that it lists is there. `nil` where that is not so, for whatever reason; the photo is then done anew.
    ///
    /// Reads the whole photo, but only where a well-formed `.boxes.json` exists.
    public static func verified(beside photo: FilePath) -> SidecarProof? {
        guard let file = try? OpenFile(photo.sidecar(.boxes)),
            let data = try? file.contents(atMost: largestSidecar),
            let document = try? JSONDecoder().decode(DocumentExcerpt.self, from: data),
            let proof = SidecarProof(document),
            (document.files?.names ?? []).allSatisfy({ exists($0, beside: photo) }),
            let digest = try? SHA256.hexDigest(ofFile: photo), digest == proof.sha256
        else { return nil }
        return proof
    }

    /// Whether the document beside `photo` and every file that it lists are there. A document of somebody else counts as
    /// one of ours.
    static func isComplete(beside photo: FilePath) -> Bool {
        guard let file = try? OpenFile(photo.sidecar(.boxes)),
            let data = try? file.contents(atMost: largestSidecar)
        else { return false }
        guard let document = try? JSONDecoder().decode(DocumentExcerpt.self, from: data) else { return true }
        return (document.files?.names ?? []).allSatisfy { exists($0, beside: photo) }
    }

    /// Whether the listed file is there. What counts is what `name` adds to the photo's name: of a photo whose name is
    /// not UTF-8, JSON can say only a repaired one. Nothing elsewhere can be meant.
    private static func exists(_ name: String, beside photo: FilePath) -> Bool {
        let stem = SidecarKind.stem(of: photo.name)
        let shown = String(decoding: stem, as: UTF8.self)
        guard name.utf8.starts(with: shown.utf8), !name.utf8.contains(FilePath.slash) else { return false }
        let file = photo.folder.appending(stem + Array(name.utf8.dropFirst(shown.utf8.count)))
        guard let identity = try? FileStatus.regularFile(at: file) else { return false }
        return identity.size > 0
    }
}
