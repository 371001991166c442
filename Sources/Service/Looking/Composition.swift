package import Foundation
package import Inbox
package import WireProtocol

/// What is said of a photo, and the pictures that show it.
package struct Composition: Sendable {
    package var document: Sidecar
    /// Files of the composer's format, in the order in which they are written.
    package var pictures: [SidecarFile]

    /// Adds what another network sees in the same photo; the time since this was composed counts as its `segment`.
    package mutating func add(_ other: Composition) {
        document.segmentation = other.document.segmentation
        document.boxes += other.document.boxes
        pictures += other.pictures
        let (before, after) = (document.milliseconds["total"] ?? 0, other.document.milliseconds["total"] ?? 0)
        document.milliseconds["segment"] = (after - before).rounded(toPlaces: 2)
        document.milliseconds["total"] = after
    }

    package func picture(_ kind: SidecarKind) -> Data? { pictures.first { $0.kind == kind }?.contents }

    /// The files to be written beside a photo of this name, which need not be UTF-8, the document last.
    ///
    /// - Throws: `EncodingError`.
    package func sidecars(of name: [UInt8]) throws -> [SidecarFile] {
        var document = document
        document.writtenBy = SidecarKind.writer
        document.files = Sidecar.Files(pictures.map(\.kind), beside: name)
        return pictures + [SidecarFile(.boxes, contents: try document.fileContents())]
    }
}
