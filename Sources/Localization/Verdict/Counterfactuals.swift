public import Execution
public import Interpretation
import Networks
public import Tensors

/// What the class's probability becomes while parts of the image are hidden: all that is asked of the network in batches
/// of one size, in one visit.
public struct Counterfactuals: Sendable, Hashable {
    /// With the animal hidden, by filling.
    public let without: FillingReadings?
    /// With everything but the animal hidden, by filling.
    public let only: FillingReadings?
    /// With as many pixels hidden elsewhere; nil where there is no such place.
    public let elsewhere: MeanOfPlaces?
    /// With a small spot of the animal hidden, of several the one that costs most; nil where there is none.
    public let spot: SpotReading?
    /// The same questions of the classifier's first box.
    public let box: BoxReadings?

    /// The box hidden, shown alone, and as much hidden elsewhere; what hides is 0 of the normalized input.
    public struct BoxReadings: Sendable, Hashable {
        public let hidden: Double
        public let only: Double
        /// Mean over up to four places; nil where the rest of the image is smaller than the box.
        public let elsewhere: Double?

        public init(hidden: Double, only: Double, elsewhere: Double?) {
            self.hidden = hidden
            self.only = only
            self.elsewhere = elsewhere
        }
    }

    /// A small part of the animal, and what is left without it.
    public struct SpotReading: Sendable, Hashable {
        /// Over the network's input.
        public let mask: PixelMask
        /// The class's probability with it hidden (blurred), 0…1.
        public let without: Double
    }

    /// How far the animal's mask is widened, as a share of the image's shorter side, so that no rim of fur decides.
    public static let margin = 0.02

    /// What counts as the animal in all that is measured: its mask and a rim of ``margin``.
    public static func region(of animal: PixelMask) -> PixelMask {
        let side = Double(min(animal.width, animal.height))
        return animal.dilated(by: max(Int((margin * side).rounded()), 1))
    }

    /// Runs on the session's thread.
    ///
    /// - Parameters:
    ///   - input: [1,C,H,W], normalized.
    ///   - region: what counts as the animal, [H,W]; nil where there is none.
    ///   - spots: small parts of it, [H,W]; see ``RelevanceSpots``.
    ///   - shown: what of the input shows the photo and is no padding, [H,W].
    ///   - box: in pixels of the input; nil where there is none.
    /// - Throws: `noProbability` where the network gives raw numbers; `boxOutsideImage`; `sizeMismatch`.
    public static func measure(
        _ network: Network, input: Tensor, classIndex: Int, region: PixelMask?, spots: [PixelMask] = [],
        shown: PixelMask, box: PixelBox?, on evaluator: Evaluator
    ) async throws(LocalizationError) -> Counterfactuals {
        guard network.kind.hasProbabilities else { throw .noProbability }
        guard input.shape.rank == 4, input.shape[0] == 1 else {
            throw .sizeMismatch("the input should be one image [1,C,H,W], got shape \(input.shape)")
        }
        var parts: [HiddenPart] = []
        if let region {
            guard region.width == shown.width, region.height == shown.height else {
                throw .sizeMismatch("the animal's mask and the photo's should have the same size")
            }
            let places = EqualAreas.places(beside: region, in: shown)
            parts += Filling.allCases.map { HiddenPart(mask: region, filling: $0) }
            parts += Filling.allCases.map { HiddenPart(mask: region.complement, filling: $0) }
            parts += places.map { HiddenPart(mask: $0, filling: .blurred) }
        }
        let ofAnimal = parts.count
        if region != nil { parts += spots.map { HiddenPart(mask: $0, filling: .blurred) } }
        let ofSpots = parts.count
        if let box { parts += try boxParts(box, width: input.shape[3], height: input.shape[2]) }
        let numbers = try await HiddenPart.probabilities(
            parts, of: input, classIndex: classIndex, network, on: evaluator)
        guard numbers.count == parts.count else { throw .noProbability }
        let ofBox = numbers.dropFirst(ofSpots)
        return Counterfactuals(
            without: region == nil ? nil : FillingReadings(numbers[0..<3]),
            only: region == nil ? nil : FillingReadings(numbers[3..<6]),
            elsewhere: region == nil ? nil : MeanOfPlaces(numbers[6..<ofAnimal]),
            spot: zip(spots, numbers[ofAnimal..<ofSpots]).min { $0.1 < $1.1 }
                .map { SpotReading(mask: $0, without: $1) },
            box: box == nil
                ? nil
                : BoxReadings(
                    hidden: ofBox[ofSpots], only: ofBox[ofSpots + 1],
                    elsewhere: MeanOfPlaces(ofBox.dropFirst(2))?.mean))
    }

    // MARK: The box

    private static func boxParts(
        _ box: PixelBox, width: Int, height: Int
    ) throws(LocalizationError) -> [HiddenPart] {
        guard box.isWithin(width: width, height: height) else {
            throw .boxOutsideImage(box, width: width, height: height)
        }
        let inside = box.mask(width: width, height: height)
        return ([inside, inside.complement] + elsewhere(box, width: width, height: height)).map {
            HiddenPart(mask: $0, filling: .mean)
        }
    }

    /// Up to four sets of as many pixels as the box has, none of them in it: the box moved elsewhere where it fits
    /// beside itself, spread over the image; otherwise what is left of, right of, above and below it, filled up from
    /// that side of the image. None where the box leaves less than that.
    static func elsewhere(_ box: PixelBox, width: Int, height: Int) -> [PixelMask] {
        let inside = box.mask(width: width, height: height)
        guard inside.pixels.count - box.area >= box.area else { return [] }
        var moved: [PixelBox] = []
        for row in 0..<5 {
            for column in 0..<5 {
                let other = PixelBox(
                    x: (width - box.width) * column / 4, y: (height - box.height) * row / 4, width: box.width,
                    height: box.height)
                if other.intersectionOverUnion(box) == 0, !moved.contains(other) { moved.append(other) }
            }
        }
        if !moved.isEmpty {
            let count = min(moved.count, 4)
            return (0..<count).map { index in
                moved[count == 1 ? 0 : index * (moved.count - 1) / (count - 1)].mask(width: width, height: height)
            }
        }
        let byRow = Array(inside.pixels.indices)
        let byColumn = byRow.sorted { ($0 % width, $0) < ($1 % width, $1) }
        return [byRow, byRow.reversed(), byColumn, byColumn.reversed()].map { order in
            var set = [Bool](repeating: false, count: inside.pixels.count)
            for pixel in order.lazy.filter({ !inside.pixels[$0] }).prefix(box.area) { set[pixel] = true }
            return PixelMask(unchecked: set, width: width)
        }
    }
}

extension PixelBox {
    /// Whether the box has pixels and all of them are in the picture.
    public func isWithin(width pictureWidth: Int, height pictureHeight: Int) -> Bool {
        x >= 0 && y >= 0 && width > 0 && height > 0 && width <= pictureWidth && height <= pictureHeight
            && x <= pictureWidth - width && y <= pictureHeight - height
    }

    /// Which pixels of a picture are in the box.
    func mask(width pictureWidth: Int, height pictureHeight: Int) -> PixelMask {
        var pixels = [Bool](repeating: false, count: pictureWidth * pictureHeight)
        for row in max(y, 0)..<max(min(y + height, pictureHeight), max(y, 0)) {
            for column in max(x, 0)..<max(min(x + width, pictureWidth), max(x, 0)) {
                pixels[row * pictureWidth + column] = true
            }
        }
        return PixelMask(unchecked: pixels, width: pictureWidth)
    }
}
