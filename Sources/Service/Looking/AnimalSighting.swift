package import Localization
import Photos

/// Where an animal is, as somebody saw it who did not ask the classifier.
package struct AnimalSighting: Sendable {
    package enum Source: Sendable {
        case network(LoadedModel)
        case person
    }

    package let source: Source
    /// Over the bitmap; empty where no animal was seen.
    package let mask: PixelMask
    /// Mean probability over the mask, 0…1; nil of a person's, and where the mask is empty.
    package let confidence: Double?
    /// Around the mask's connected parts, in pixels of the bitmap, largest first.
    package let parts: [PixelBox]
    /// The parts without specks, which a person may have marked, largest first.
    let largeParts: [PixelMask.Part]

    /// Share of the photo, 0…1.
    package let area: Double

    /// Parts that cover less of the photo than this are specks, and left out.
    static let smallestPart = SemanticSegmentation.smallestPart

    /// What a network found. Where it is nowhere sure of a part (see `animal_peak`), that is none: what is only somewhat like
    /// an animal all over, such as a person's head.
    ///
    /// - Parameter probabilities: of the animal at each pixel of the mask, 0…1.
    package init(by model: LoadedModel, mask: PixelMask, probabilities: [Float]) {
        let parts = Self.large(mask.parts, of: mask).filter { part in
            part.pixels.contains { probabilities[$0] >= model.animalPeak }
        }
        let found = mask.keeping(parts)
        let sum = found.pixels.indices.reduce(0) { $0 + (found.pixels[$1] ? Double(probabilities[$1]) : 0) }
        self.init(.network(model), found, parts, confidence: parts.isEmpty ? nil : sum / Double(found.area))
    }

    /// What a person marked, which counts however small.
    init(byPerson mask: PixelMask) { self.init(.person, mask, mask.parts, confidence: nil) }

    private init(_ source: Source, _ mask: PixelMask, _ parts: [PixelMask.Part], confidence: Double?) {
        self.source = source
        self.mask = mask
        self.parts = parts.map(\.box)
        largeParts = Self.large(parts, of: mask)
        area = Double(mask.area) / Double(max(mask.pixels.count, 1))
        self.confidence = confidence
    }

    package var isEmpty: Bool { parts.isEmpty }

    private static func large(_ parts: [PixelMask.Part], of mask: PixelMask) -> [PixelMask.Part] {
        let smallest = Int((Double(mask.pixels.count) * smallestPart).rounded(.up))
        return parts.filter { $0.pixels.count >= smallest }
    }

    /// The part that a box fits best, by intersection over union; the largest without a box; nil where nothing was seen.
    func part(fitting box: PixelBox?) -> PixelBox? {
        guard let box else { return parts.first }
        let overlaps = parts.map(box.intersectionOverUnion)
        return parts.indices.max { overlaps[$0] < overlaps[$1] }.map { parts[$0] }
    }

    /// How well a box fits what was seen: intersection over union with the part that it fits best, or with all of them
    /// together, 0…1.
    func overlap(with box: PixelBox) -> Double {
        (parts + [mask.box].compactMap { $0 }).map(box.intersectionOverUnion).max() ?? 0
    }
}

/// What came of looking for the animal.
enum AnimalSearch: Sendable {
    case nobodyLooked
    /// The animal network could not look at this photo, and why.
    case failed(String)
    case sighted(AnimalSighting)

    var sighting: AnimalSighting? { if case .sighted(let sighting) = self { sighting } else { nil } }

    /// As the verdict's rule reads it.
    var finding: VerdictFindings.Search {
        switch self {
        case .nobodyLooked: .nobodyLooked
        case .failed(let reason): .failed(reason)
        case .sighted(let sighting) where sighting.isEmpty: .foundNothing
        case .sighted(let sighting): .found(confidence: sighting.confidence, area: sighting.area)
        }
    }
}
