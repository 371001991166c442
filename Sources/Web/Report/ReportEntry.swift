import Files
import Foundation
import Inbox
import Photos
import WireProtocol

/// One photo of a report, as HTML: its pictures, and what the script makes words of.
struct ReportEntry: Sendable {
    enum Kind: Sendable {
        /// Photo and overlay beside each other, with the verdict.
        case detailed
        /// A small picture, with the verdict.
        case plain
        /// On the wall, as large as this.
        case card(Thumbnails.Size)
    }

    let html: String
    let hasPicture: Bool

    private static let largestDocument = 16 << 20

    /// - Throws: `CancellationError`. A picture that cannot be made is left out.
    init(_ record: Inbox.PhotoRecord, correction: String?, _ kind: Kind, _ thumbnails: Thumbnails) async throws {
        let photo = ReportDocument.escaped(
            try JSONText(encoding: WireProtocol.PhotoRecord(record, correction: correction)).description)
        let name = ReportDocument.escaped(String(decoding: record.path.name, as: UTF8.self))
        let isRead = record.state == .done
        func image(_ make: () async throws -> Data, alt: String) async throws -> String? {
            guard isRead else { return nil }
            do {
                let data = try await make()
                return "<img src=\"data:image/jpeg;base64,\(data.base64EncodedString())\" alt=\"\(alt)\">"
            } catch let error as CancellationError {
                throw error
            } catch {
                return nil
            }
        }
        let nothing = "<span class=\"nothing\" aria-hidden=\"true\">⊘</span>"
        var verdict = ""
        if case .card = kind {
        } else if isRead, let found = try await ReportEntry.findings(of: record) {
            verdict = " data-verdict=\"\(ReportDocument.escaped(try JSONText(encoding: found.verdict).description))\""
            if let animals = found.animals {
                verdict += " data-animals=\"\(ReportDocument.escaped(try JSONText(encoding: animals).description))\""
            }
        }
        switch kind {
        case .card(let size):
            let picture = try await image({ try await thumbnails.picture(of: record, size) }, alt: name)
            html =
                "<figure class=\"card\" data-photo=\"\(photo)\">\(picture ?? nothing)"
                + "<figcaption class=\"caption\">\(name)</figcaption></figure>\n"
            hasPicture = picture != nil
        case .plain:
            let picture = try await image({ try await thumbnails.picture(of: record, .tiny) }, alt: name)
            html =
                "<article class=\"doubt plain panel\" data-photo=\"\(photo)\"\(verdict)>\(picture ?? nothing)"
                + "<div class=\"words\"><h3>\(name)</h3></div></article>\n"
            hasPicture = picture != nil
        case .detailed:
            let picture = try await image({ try await thumbnails.picture(of: record, .small) }, alt: name)
            let overlay = try await image({ try await thumbnails.overlay(of: record) }, alt: "What decided, in \(name)")
            html =
                "<article class=\"doubt panel\" data-photo=\"\(photo)\"\(verdict)>"
                + "<figure>\(picture ?? nothing)</figure>"
                + "<figure>\(overlay ?? nothing)<figcaption>where the evidence lies</figcaption></figure>"
                + "<div class=\"words\"><h3>\(name)</h3></div></article>\n"
            hasPicture = picture != nil
        }
    }

    /// What the document beside the photo says of the verdict and of several animals, without the outline of the animal, which no report draws. Nil where there is
    /// none any more, where it is of an older version, and where it is about other bytes.
    private static func findings(
        of record: Inbox.PhotoRecord
    ) async throws -> (verdict: Sidecar.Verdict, animals: [Sidecar.Animal]?)? {
        struct Excerpt: Decodable {
            struct Photo: Decodable { let sha256: String }
            let photo: Photo?
            let verdict: Sidecar.Verdict?
            let animals: [Sidecar.Animal]?
        }
        let path = record.path.sidecar(.boxes)
        do {
            let data = try await FileWork.run(on: path) { try OpenFile(path).contents(atMost: largestDocument) }
            let document = try WireCoding.decoder().decode(Excerpt.self, from: data)
            guard document.photo?.sha256 == record.summary?.sha256, var verdict = document.verdict else { return nil }
            verdict.animal?.mask = nil
            return (verdict, document.animals)
        } catch is FileError {
            return nil
        } catch is DecodingError {
            return nil
        }
    }
}
