import Files
import Foundation
import Inbox
import WireProtocol

/// Keeps what people say of photos, and hands it out as labelled photos.
struct CorrectionRequests: Sendable {
    let catalog: Catalog
    let inbox: FilePath

    /// Larger documents are not ours.
    private static let largestDocument = 16 << 20

    func correct(_ parameters: CorrectParameters) async throws -> CorrectResult {
        guard let record = try await catalog.photo(at: parameters.photo, in: inbox), record.state == .done,
            let summary = record.summary
        else {
            throw RPCError(.noSuchPhoto, "there is no photo '\(parameters.photo)' in the inbox that is done")
        }
        guard var answer = PhotoCorrection.Answer(rawValue: parameters.answer.rawValue) else {
            return CorrectResult(correction: nil, wasKept: try await catalog.removeCorrection(of: summary.sha256))
        }
        let path = record.path
        let document = try await FileWork.run(on: path) {
            try WireCoding.decoder().decode(
                Sidecar.self,
                from: try OpenFile(path.sidecar(.boxes)).contents(atMost: CorrectionRequests.largestDocument))
        }
        guard let photo = document.photo, photo.sha256 == summary.sha256 else {
            throw RPCError(.noSuchPhoto, "the document beside '\(parameters.photo)' is about another photo")
        }
        // What a segmentation network finds beside a classifier is nothing that the classifier said.
        let boxes = document.boxes.filter {
            document.predictions.isEmpty || $0.method != Sidecar.Box.segmentation
        }
        guard var label = parameters.label ?? summary.label, !label.isEmpty, label.utf8.count <= 200 else {
            throw RPCError(.badParameter, "correct: 'label' should have 1 to 200 bytes")
        }
        if let predicted = summary.label {
            if label.caseInsensitiveCompare(predicted) == .orderedSame { label = predicted }
            answer = try CorrectionRequests.consistent(answer, label, predicted, hasBox: parameters.bbox != nil)
        }
        if answer == .wrongBox, let given = parameters.bbox, boxes.count == 1, given.isAbout(boxes[0].bbox) {
            throw RPCError(
                .badParameter,
                "correct: the network's box lies there, too; where label and box are right, the answer is 'yes'")
        }
        let box = try box(answer, parameters.bbox, boxes.first, photo)
        let earlier = try await catalog.corrections(of: [summary.sha256]).first
        let correction = PhotoCorrection(
            sha256: summary.sha256, path: path, answer: answer, label: label, box: box,
            furtherBoxes: answer == .yes ? boxes.dropFirst().map(PhotoCorrection.LabelledBox.init) : [],
            width: photo.width, height: photo.height, predicted: summary.label, model: summary.model,
            wasDoubtful: earlier?.wasDoubtful ?? summary.isDoubtful, at: Date())
        try await catalog.set(correction)
        return CorrectResult(correction: Correction(correction))
    }

    /// The answer that label and box together give: whether the label is wrong says the label.
    ///
    /// - Throws: `RPCError` for an answer that contradicts itself.
    private static func consistent(
        _ answer: PhotoCorrection.Answer, _ label: String, _ predicted: String, hasBox: Bool
    ) throws(RPCError) -> PhotoCorrection.Answer {
        switch answer {
        case .yes where hasBox:
            throw RPCError(
                .badParameter, "correct: 'yes' says that the box is right; with a 'bbox' the answer is 'wrong-box'")
        case .yes where label != predicted:
            throw RPCError(
                .badParameter,
                "correct: 'yes' says that '\(predicted)' is right; where it is '\(label)', the answer is 'no'")
        case .no where label == predicted && !hasBox:
            throw RPCError(
                .badParameter,
                "correct: the network says '\(label)', too; give the right 'label', a 'bbox' where the box is wrong, or 'yes'"
            )
        case .no where label == predicted: return .wrongBox
        case .wrongBox where label != predicted: return .no
        default: return answer
        }
    }

    private func box(
        _ answer: PhotoCorrection.Answer, _ given: BoundingBox?, _ found: Sidecar.Box?, _ photo: Sidecar.Photo
    ) throws(RPCError) -> PhotoCorrection.Box? {
        guard let box = given ?? (answer == .yes ? found?.bbox : nil) else {
            guard answer != .wrongBox else {
                throw RPCError(.badParameter, "correct: 'bbox' is missing; where the box should be, say so")
            }
            return nil
        }
        guard box.width > 0, box.height > 0 else {
            throw RPCError(.badParameter, "correct: a 'bbox' should be at least a little wide and high")
        }
        // A pixel beyond the edge is rounding.
        guard box.x >= -1, box.y >= -1, box.x + box.width <= Double(photo.width + 1),
            box.y + box.height <= Double(photo.height + 1)
        else {
            throw RPCError(
                .badParameter,
                "correct: 'bbox' should lie within the photo of \(photo.width)×\(photo.height) pixels")
        }
        return PhotoCorrection.Box(box)
    }

    func list(_ parameters: CorrectionsParameters) async throws -> CorrectionsResult {
        var digests: [String]?
        if let photo = parameters.photo {
            guard let record = try await catalog.photo(at: photo, in: inbox) else {
                throw RPCError(.noSuchPhoto, "there is no photo '\(photo)' in the inbox")
            }
            digests = [record.summary?.sha256].compactMap { $0 }
        }
        var corrections = try await catalog.corrections(of: digests)
        if parameters.present == true { corrections = try await catalog.present(corrections) }
        var counts = Dictionary(uniqueKeysWithValues: PhotoCorrection.Answer.allCases.map { ($0.rawValue, 0) })
        for correction in corrections { counts[correction.answer.rawValue, default: 0] += 1 }
        let photos = corrections.map { LabelledPhoto($0, inbox: inbox) }
        let file =
            switch parameters.format {
            case nil: String?.none
            case .truth: try ExportedCorrections.truth(photos)
            case .csv: ExportedCorrections.csv(photos)
            case .coco: try ExportedCorrections.coco(photos)
            }
        return CorrectionsResult(corrections: corrections.map(Correction.init), counts: counts, file: file)
    }
}

extension Catalog {
    /// Those of `corrections` whose photo lies where it lay, with the bytes that the person saw.
    func present(_ corrections: [PhotoCorrection]) async throws -> [PhotoCorrection] {
        var present: [PhotoCorrection] = []
        for correction in corrections
        where try await record(of: correction.path)?.summary?.sha256 == correction.sha256 {
            present.append(correction)
        }
        return present
    }
}

extension Correction {
    init(_ correction: PhotoCorrection) {
        self.init(
            photo: correction.path.string, sha256: correction.sha256, answer: correction.answer.rawValue,
            label: correction.label, bbox: correction.box.map(BoundingBox.init),
            furtherBoxes: correction.furtherBoxes.isEmpty
                ? nil : correction.furtherBoxes.map { LabelledBox(label: $0.label, bbox: BoundingBox($0.box)) },
            width: correction.width, height: correction.height, predicted: correction.predicted,
            model: correction.model, time: correction.at)
    }
}

extension BoundingBox {
    /// Whether no edge is off by more than a pixel.
    fileprivate func isAbout(_ other: BoundingBox) -> Bool {
        zip([x, y, x + width, y + height], [other.x, other.y, other.x + other.width, other.y + other.height])
            .allSatisfy { abs($0 - $1) <= 1 }
    }

    fileprivate init(_ box: PhotoCorrection.Box) {
        self.init(x: box.x, y: box.y, width: box.width, height: box.height)
    }
}

extension PhotoCorrection.Box {
    fileprivate init(_ box: BoundingBox) { self.init(x: box.x, y: box.y, width: box.width, height: box.height) }
}

extension PhotoCorrection.LabelledBox {
    fileprivate init(_ box: Sidecar.Box) {
        self.init(label: box.label, box: PhotoCorrection.Box(box.bbox))
    }
}

/// A photo whose label and boxes a person knows.
struct LabelledPhoto: Sendable {
    /// Path below the inbox.
    var file: String
    var label: String
    var bbox: BoundingBox?
    var furtherBoxes: [Correction.LabelledBox]
    var width: Int
    var height: Int
    var answer: String

    /// Each box with what is in it; the label alone where there is none.
    var labelledBoxes: [(label: String, bbox: BoundingBox?)] {
        [(label, bbox)] + furtherBoxes.map { ($0.label, $0.bbox) }
    }

    init(_ correction: PhotoCorrection, inbox: FilePath) {
        let path = correction.path
        file =
            path.isInside(inbox)
            ? String(decoding: path.bytes.dropFirst(inbox.bytes.count).drop { $0 == UInt8(ascii: "/") }, as: UTF8.self)
            : path.string
        label = correction.label
        bbox = correction.box.map(BoundingBox.init)
        furtherBoxes = Correction(correction).furtherBoxes ?? []
        (width, height) = (correction.width, correction.height)
        answer = correction.answer.rawValue
    }
}
