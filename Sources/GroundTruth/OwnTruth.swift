import Foundation
import WireProtocol

/// `truth.json`: [{"file": "IMG_1.jpg", "label": "cat", "bbox": [x, y, width, height]}], or `labels` and `boxes` in their
/// place, and `mask` as `segment` gives it. Other keys than these, `width` and `height` are refused.
enum OwnTruth {
    private struct Entry: Decodable {
        let file: String
        let label: String?
        let labels: [String]?
        let bbox: BoundingBox?
        let boxes: [BoundingBox]?
        let mask: SegmentResult.RunLengths?

        private enum CodingKeys: String, CodingKey, CaseIterable { case file, label, labels, bbox, boxes, mask }

        /// The photo's size may stand there for others.
        private static let keys = KnownKeys(
            names: (CodingKeys.allCases.map(\.rawValue) + ["height", "width"]).sorted())

        init(from decoder: any Decoder) throws {
            try Entry.keys.check(decoder)
            let container = try decoder.container(keyedBy: CodingKeys.self)
            file = try container.decode(String.self, forKey: .file)
            label = try container.decodeIfPresent(String.self, forKey: .label)
            labels = try container.decodeIfPresent([String].self, forKey: .labels)
            bbox = try container.decodeIfPresent(BoundingBox.self, forKey: .bbox)
            boxes = try container.decodeIfPresent([BoundingBox].self, forKey: .boxes)
            mask = try container.decodeIfPresent(SegmentResult.RunLengths.self, forKey: .mask)
        }
    }

    static func read(_ path: String) throws(TruthError) -> [TruePhoto] {
        let entries = try JSONTruth.decode([Entry].self, path)
        var table = TruthTable()
        for (index, entry) in entries.enumerated() {
            let boxes = (entry.bbox.map { [$0] } ?? []) + (entry.boxes ?? [])
            guard boxes.allSatisfy(\.isPossible) else {
                throw TruthError(path, "entry \(index + 1) (\(entry.file)): \(BoundingBox.expectation)")
            }
            if let mask = entry.mask, !mask.isWhole {
                throw TruthError(
                    path, "entry \(index + 1) (\(entry.file)): the mask's run lengths do not fill its size")
            }
            table.update(entry.file) { photo in
                for label in (entry.label.map { [$0] } ?? []) + (entry.labels ?? []) { photo.add(label: label) }
                // Of several labels nobody says whose the box is.
                for box in boxes { photo.add(box, label: entry.label) }
                photo.mask = entry.mask ?? photo.mask
            }
        }
        return table.photos
    }
}

/// JSON of truths, with errors that say where.
enum JSONTruth {
    static func decode<Value: Decodable>(_ type: Value.Type, _ path: String) throws(TruthError) -> Value {
        let data = try TruthFile.contents(of: path)
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let DecodingError.keyNotFound(key, context) {
            throw TruthError(path, "\(place(context.codingPath)) has no '\(key.stringValue)'")
        } catch let DecodingError.typeMismatch(_, context) {
            throw TruthError(path, "\(place(context.codingPath)) is of another kind than expected")
        } catch let DecodingError.valueNotFound(_, context) {
            throw TruthError(path, "\(place(context.codingPath)) is null")
        } catch {
            if let fault = JSONFault(in: data) {
                throw TruthError(path, line: fault.line, "it is not JSON: \(fault.reason)")
            }
            guard case DecodingError.dataCorrupted(let context) = error else { throw TruthError(path, "\(error)") }
            throw TruthError(path, "\(place(context.codingPath)): \(context.debugDescription)")
        }
    }

    /// "annotations[12].bbox"
    private static func place(_ path: [any CodingKey]) -> String {
        let text = path.reduce("") { text, key in
            key.intValue.map { "\(text)[\($0)]" } ?? (text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)")
        }
        return text.isEmpty ? "it" : text
    }
}

extension SegmentResult.RunLengths {
    /// Whether the runs are not negative and fill the size.
    var isWhole: Bool {
        guard size.count == 2, size.allSatisfy({ (1...65_500).contains($0) }) else { return false }
        var left = size[0] * size[1]
        for count in counts {
            guard count >= 0, count <= left else { return false }
            left -= count
        }
        return left == 0
    }
}
