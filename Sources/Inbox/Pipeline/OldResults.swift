package import Files
import Foundation
import Glibc
package import WireProtocol

/// The sidecars that an earlier photo of the same name has left. A program must not take them for the new photo's, nor
/// find them beside an error or beside no photo.
///
/// Only what is the daemon's own is removed: a document that bears its mark or, written by an older one, has its structure,
/// the pictures which that lists, and pictures that bear its comment. What a person put at such a name stays.
package struct OldResults {
    private static let largestDocument = 16 << 20
    /// The comment of our pictures stands behind the JFIF segment.
    private static let headOfPicture = 64

    let photo: FilePath

    package init(photo: FilePath) { self.photo = photo }

    /// Removes pictures and `boxes.json`, in this order: where it is interrupted, what is left can still be told.
    ///
    /// - Parameters:
    ///   - sha256: results of these very bytes stay; `nil` for none.
    ///   - withError: whether the report of a failure goes as well.
    /// - Throws: `FileError` where a file of ours cannot be removed.
    @available(*, noasync, message: "call it within FileWork.run")
    @discardableResult
    package func remove(keepingThoseOf sha256: String? = nil, withError: Bool) throws(FileError) -> Int {
        var count = 0
        let results: ResultDocument? = document(.boxes)
        if sha256 == nil || results?.photo.sha256 != sha256 {
            for kind in SidecarKind.pictures {
                if isOurs(kind, results) {
                    count += try unlink(photo.sidecar(kind))
                }
            }
            if isOurDocument(.boxes, results) { count += try unlink(photo.sidecar(.boxes)) }
        }
        if withError { count += try removeError() }
        return count
    }

    /// Removes the report of a failure.
    @available(*, noasync, message: "call it within FileWork.run")
    @discardableResult
    func removeError() throws(FileError) -> Int {
        let report: ErrorDocument? = document(.error)
        return isOurDocument(.error, report) ? try unlink(photo.sidecar(.error)) : 0
    }

    /// Of the files of these kinds those that are there and are somebody else's. A link counts as nobody's: it is replaced
    /// and what it leads to is left alone.
    @available(*, noasync, message: "call it within FileWork.run")
    func foreign(_ kinds: [SidecarKind]) -> [FilePath] {
        let results: ResultDocument? = document(.boxes)
        let report: ErrorDocument? = document(.error)
        return kinds.filter { kind in
            guard (try? FileStatus(of: photo.sidecar(kind)))?.kind == .regular else { return false }
            return switch kind {
            case .boxes: !isOurDocument(kind, results)
            case .error: !isOurDocument(kind, report)
            default: !isOurs(kind, results)
            }
        }.map(photo.sidecar)
    }

    /// - Throws: `PhotoFailure` where one of these files is there and somebody else's.
    @available(*, noasync, message: "call it within FileWork.run")
    func refuseForeign(_ kinds: [SidecarKind]) throws(PhotoFailure) {
        guard let file = foreign(kinds).first else { return }
        throw .permanent(
            code: "name-taken",
            message:
                "\(String(decoding: file.name, as: UTF8.self)) is there already and was not written by interpretd; move "
                + "it away and run 'interpretctl redo', or let it be replaced with --overwrite")
    }

    private func isOurs(_ kind: SidecarKind, _ results: ResultDocument?) -> Bool {
        let name = String(decoding: kind.name(beside: photo.name), as: UTF8.self)
        return (results?.files?.names ?? []).contains(name) || bearsOurComment(photo.sidecar(kind))
    }

    /// - Parameter read: the document, where it has the structure of ours.
    private func isOurDocument(_ kind: SidecarKind, _ read: (some Decodable)?) -> Bool {
        if read != nil { return true }
        let mark: Mark? = document(kind)
        return mark?.writtenBy == SidecarKind.writer
    }

    /// `nil` where there is none or it is not ours.
    private func document<Document: Decodable>(_ kind: SidecarKind) -> Document? {
        guard let file = try? OpenFile(photo.sidecar(kind)),
            let data = try? file.contents(atMost: Self.largestDocument)
        else { return nil }
        return try? JSONDecoder().decode(Document.self, from: data)
    }

    private func bearsOurComment(_ picture: FilePath) -> Bool {
        guard let file = try? OpenFile(picture),
            let head = try? file.contents(from: 0, count: Self.headOfPicture)
        else { return false }
        return head.starts(with: [0xff, 0xd8]) && head.range(of: Data(SidecarKind.pictureComment.utf8)) != nil
    }

    /// Returns how many files it has removed: 1, or 0 where there was none.
    private func unlink(_ path: FilePath) throws(FileError) -> Int {
        let result = path.withCString { Glibc.unlink($0) }
        guard result == 0 || errno == ENOENT else { throw FileError("remove", path, errorNumber: errno) }
        FileWork.noteProgress()
        return result == 0 ? 1 : 0
    }

    private struct Mark: Decodable { let writtenBy: String }

    private struct ResultDocument: Decodable {
        struct Photo: Decodable { let sha256: String }
        struct Model: Decodable {
            let name: String
            let sha256: String
        }
        struct Box: Decodable {}

        let version: Int
        let photo: Photo
        let model: Model
        let boxes: [Box]
        let files: Sidecar.Files?
    }

    private struct ErrorDocument: Decodable {
        struct Photo: Decodable {
            let file: String
            let bytes: Int64
        }
        struct Failure: Decodable {
            let code: String
            let message: String
        }

        let version: Int
        let photo: Photo
        let error: Failure
    }
}

extension FilePath {
    /// The file of this kind beside the photo at this path.
    package func sidecar(_ kind: SidecarKind) -> FilePath {
        FilePath(bytes: Array(bytes.dropLast(name.count)) + kind.name(beside: name))
    }
}
