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

    /// Share of the photo, 0…1.
    package let area: Double

    /// Parts that cover less of the photo than this are specks, and left out.
    static let smallestPart = SemanticSegmentation.smallestPart

    /// - Parameter confidence: of the mask without its specks.
    init(source: Source, mask: PixelMask, confidence: (PixelMask) -> Double? = { _ in nil }) {
        let smallest = Int((Double(mask.pixels.count) * Self.smallestPart).rounded(.up))
        self.source = source
        // What a person marked counts, however small.
        let isPersons = if case .person = source { true } else { false }
        (self.mask, parts) = mask.withoutSpecks(smallerThan: isPersons ? 1 : smallest)
        area = Double(self.mask.area) / Double(max(mask.pixels.count, 1))
        self.confidence = parts.isEmpty ? nil : confidence(self.mask)
    }

    package var isEmpty: Bool { parts.isEmpty }

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
