import Foundation
import WireProtocol

/// Writes labelled photos in the forms that other programs read.
enum ExportedCorrections {
    /// A JSON array of `{"file","label","bbox"}`, one for each box: what `interpretctl evaluate` reads.
    static func truth(_ photos: [LabelledPhoto]) throws -> String {
        struct Row: Encodable {
            let file: String
            let label: String
            let bbox: BoundingBox?
        }
        return try text(
            photos.flatMap { photo in
                photo.labelledBoxes.map { Row(file: photo.file, label: $0.label, bbox: $0.bbox) }
            })
    }

    /// Comma-separated values (RFC 4180), with a first line of names.
    static func csv(_ photos: [LabelledPhoto]) -> String {
        let rows = photos.flatMap { photo in
            photo.labelledBoxes.map { label, bbox in
                let box = bbox.map { [$0.x, $0.y, $0.width, $0.height].map { "\($0)" } } ?? ["", "", "", ""]
                return [photo.file, label] + box + ["\(photo.width)", "\(photo.height)", photo.answer]
            }
        }
        let names = ["file", "label", "x", "y", "width", "height", "photoWidth", "photoHeight", "answer"]
        return ([names] + rows).map { $0.map(quoted).joined(separator: ",") + "\r\n" }.joined()
    }

    /// Quotes what needs it. A spreadsheet takes what begins like a formula for one, so that gets an apostrophe.
    private static func quoted(_ field: String) -> String {
        let isFormula = field.first.map { "=+@\t\r".contains($0) } ?? false
        let field = isFormula ? "'" + field : field
        guard field.contains(where: { ",\"\r\n".contains($0) || $0 == "\r\n" }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }

    /// The object detection format of COCO (https://cocodataset.org/#format-data).
    static func coco(_ photos: [LabelledPhoto]) throws -> String {
        struct Image: Encodable {
            let id: Int
            let file: String
            let width: Int
            let height: Int

            enum CodingKeys: String, CodingKey {
                case id, width, height
                case file = "file_name"
            }
        }
        struct Annotation: Encodable {
            let id: Int
            let image: Int
            let category: Int
            let bbox: BoundingBox
            let area: Double
            let isCrowd: Int

            enum CodingKeys: String, CodingKey {
                case id, bbox, area
                case image = "image_id"
                case category = "category_id"
                case isCrowd = "iscrowd"
            }
        }
        struct Category: Encodable {
            let id: Int
            let name: String
        }
        struct Document: Encodable {
            let images: [Image]
            let annotations: [Annotation]
            let categories: [Category]
        }
        let labels = Set(photos.flatMap { $0.labelledBoxes.map(\.label) }).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0 + 1) })
        let boxes = photos.enumerated().flatMap { index, photo in
            photo.labelledBoxes.compactMap { label, bbox in bbox.map { (image: index + 1, label: label, bbox: $0) } }
        }
        return try text(
            Document(
                images: photos.enumerated().map { index, photo in
                    Image(id: index + 1, file: photo.file, width: photo.width, height: photo.height)
                },
                annotations: boxes.enumerated().map { index, box in
                    Annotation(
                        id: index + 1, image: box.image, category: numbers[box.label] ?? 0, bbox: box.bbox,
                        area: box.bbox.width * box.bbox.height, isCrowd: 0)
                },
                categories: labels.map { Category(id: numbers[$0] ?? 0, name: $0) }))
    }

    private static func text(_ document: some Encodable) throws -> String {
        let encoder = WireCoding.encoder()
        encoder.outputFormatting.insert(.prettyPrinted)
        return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
    }
}
