import Interpretation
import Localization
import Networks
import Photos
import WireProtocol

// The members of the document that more than one answer has.

extension Sidecar.Photo {
    init(_ prepared: PreparedPhoto) {
        self.init(
            file: prepared.name, width: prepared.photo.width, height: prepared.photo.height, sha256: prepared.sha256,
            damage: prepared.photo.damage.map(Sidecar.Photo.Damage.init))
    }
}

extension Sidecar.Photo.Damage {
    init(_ damage: PhotoDamage) {
        self.init(
            kind: damage.kind.rawValue, sentence: damage.sentence,
            missing: damage.missing.map { BoundingBox(x: $0.x, y: $0.y, width: $0.width, height: $0.height) })
    }
}

extension Sidecar.Animal {
    init(_ animal: NamedAnimal, _ look: ClassLook) {
        self.init(
            label: look.model.label(of: animal.classIndex), probability: animal.probability.rounded(toPlaces: 4),
            bbox: look.prepared.boundingBox(PixelRectangle(animal.place)))
    }
}

extension Sidecar.Model {
    init(_ model: LoadedModel) {
        self.init(
            name: model.name, sha256: model.sha256,
            outputs: model.task == .classification && model.kind != .exclusive ? model.kind.rawValue : nil)
    }
}

extension Sidecar.Evidence {
    init(_ evidence: Evidence, label: String) {
        self.init(
            probability: evidence.probability.rounded(toPlaces: 4),
            boxHidden: evidence.box.hidden.rounded(toPlaces: 4),
            elsewhereHidden: evidence.box.elsewhere?.rounded(toPlaces: 4),
            onlyBox: evidence.box.only.rounded(toPlaces: 4), verdict: evidence.word.rawValue,
            sentence: evidence.sentence(label: label))
    }
}

extension LoadedModel {
    /// The classes by falling score: the first five of them, and of independent labels all that hold, up to a hundred.
    func predictions(_ scores: [Float]) -> [Sidecar.Prediction] {
        let probabilities = kind.probabilities(scores)
        let sorted = scores.indices.sorted { scores[$0] > scores[$1] }
        let isIndependent = kind == .independent
        let count = isIndependent ? min(sorted.count { holds($0, scores) }, 100) : 0
        return sorted.prefix(max(count, 5)).map { index in
            Sidecar.Prediction(
                label: label(of: index), score: Double(scores[index]),
                probability: probabilities.map { Double($0[index]) }, holds: isIndependent ? holds(index, scores) : nil)
        }
    }
}

extension PreparedPhoto {
    /// - Parameter rectangle: in pixels of the bitmap.
    func box(_ rectangle: PixelRectangle, label: String, score: Double, method: String) -> Sidecar.Box {
        Sidecar.Box(
            label: label, score: score.rounded(toPlaces: 4), bbox: boundingBox(rectangle), method: method)
    }

    /// A mask of the photo at the size of the upright photo.
    func fullSize(_ mask: PixelMask) throws(LocalizationError) -> PixelMask {
        try mask.resized(width: photo.width, height: photo.height)
    }

    /// The times of the document, from the photo's bytes to now.
    func milliseconds(_ steps: [String: Double], render: Double) -> [String: Double] {
        var milliseconds = steps.mapValues { $0.rounded(toPlaces: 2) }
        milliseconds["decode"] = decode
        milliseconds["render"] = render
        milliseconds["total"] = watch.total
        return milliseconds
    }
}

extension SegmentResult.RunLengths {
    init(_ mask: PixelMask) { self.init(size: [mask.height, mask.width], counts: mask.runLengths) }
}

extension BoundingBox {
    /// To whole pixels outwards.
    init(_ rectangle: PixelRectangle) {
        let (left, top) = (rectangle.x.rounded(.down), rectangle.y.rounded(.down))
        self.init(
            x: left, y: top, width: (rectangle.x + rectangle.width).rounded(.up) - left,
            height: (rectangle.y + rectangle.height).rounded(.up) - top)
    }
}

extension RGBColor {
    /// `#rrggbb`.
    var hex: String {
        "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
