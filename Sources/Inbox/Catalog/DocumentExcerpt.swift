import WireProtocol

/// What the catalog reads of a `.boxes.json`. Not all of the document: one of an older version may lack the rest.
package struct DocumentExcerpt: Decodable {
    struct Photo: Decodable {
        struct Damage: Decodable {}

        let sha256: String
        /// Nil where the picture is whole.
        var damage: Damage?
    }

    /// Of a part that was looked at again, that there is one.
    struct CloserLook: Decodable {}

    struct Model: Decodable {
        let name: String
        let sha256: String?
    }

    struct Prediction: Decodable {
        let label: String
        let probability: Double?
        let holds: Bool?
    }

    struct Box: Decodable {
        let label: String?
        let method: String?
    }

    struct Verdict: Decodable {
        struct Certainty: Decodable { let margin: Double }
        let verdict: String
        let reasons: [String]
        let certainty: Certainty
    }

    let photo: Photo?
    let model: Model?
    let judge: String?
    let predictions: [Prediction]?
    let boxes: [Box]
    let verdict: Verdict?
    let closerLook: CloserLook?
    let files: Sidecar.Files?
    let milliseconds: [String: Double]?

    init(_ document: Sidecar) {
        photo = document.photo.map { Photo(sha256: $0.sha256, damage: $0.damage.map { _ in Photo.Damage() }) }
        model = Model(name: document.model.name, sha256: document.model.sha256)
        judge = document.judge
        predictions = document.predictions.map {
            Prediction(label: $0.label, probability: $0.probability, holds: $0.holds)
        }
        boxes = document.boxes.map { Box(label: $0.label, method: $0.method) }
        verdict = document.verdict.map {
            Verdict(verdict: $0.verdict, reasons: $0.reasons, certainty: .init(margin: $0.certainty.margin))
        }
        closerLook = document.closerLook.map { _ in CloserLook() }
        files = document.files
        milliseconds = document.milliseconds
    }

    /// From the first class's probability to the second's; nil of independent labels, and of raw numbers.
    var marginOfClasses: Double? {
        guard let predictions, predictions.count > 1, predictions[0].holds == nil,
            let first = predictions[0].probability, let second = predictions[1].probability
        else { return nil }
        return first - second
    }
}
