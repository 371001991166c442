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
    /// With a small spot of the animal hidden, and with nothing but it; of several the one whose hiding costs most; nil where
    /// there is none.
    public let spot: SpotReading?
    /// What hiding the animal and the rest, piece by piece, costs the score; nil where there is no animal.
    public let losses: PieceLosses?
    /// The same questions of the classifier's first box.
    public let box: BoxReadings?

    /// The box hidden, shown alone, and as much hidden elsewhere; what hides is 0 of the normalized input.
    public struct BoxReadings: Sendable, Hashable {
        public let hidden: Double
        public let only: Double
        /// Nil where the rest of the image is smaller than the box.
        public let elsewhere: Double?

        public init(hidden: Double, only: Double, elsewhere: Double?) {
            self.hidden = hidden
            self.only = only
            self.elsewhere = elsewhere
        }
    }

    /// A small part of the animal, what is left without it, and what it gives by itself.
    public struct SpotReading: Sendable, Hashable {
        /// Over the network's input.
        public let mask: PixelMask
        /// The class's probability with it hidden, and with everything but it hidden (both blurred), 0…1.
        public let values: VerdictFindings.Spot
    }

    /// What of the class's score is lost with each of some pieces hidden (0 of the normalized input); below 0 where it
    /// rises. See ``EqualPieces``.
    public struct PieceLosses: Sendable, Hashable {
        public let onAnimal: [Double]
        public let beside: [Double]

        public init(onAnimal: [Double], beside: [Double]) {
            self.onAnimal = onAnimal
            self.beside = beside
        }
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
    ///   - score: the class's, of the input as it is.
    ///   - region: what counts as the animal, [H,W]; nil where there is none.
    ///   - spots: small parts of it, [H,W]; see ``RelevanceSpots``.
    ///   - shown: what of the input shows the photo and is no padding, [H,W].
    ///   - box: in pixels of the input; nil where there is none.
    /// - Throws: `noProbability` where the network gives raw numbers; `boxOutsideImage`; `sizeMismatch`.
    public static func measure(
        _ network: Network, input: Tensor, classIndex: Int, score: Float, region: PixelMask?, spots: [PixelMask] = [],
        shown: PixelMask, box: PixelBox?, on evaluator: Evaluator
    ) async throws(LocalizationError) -> Counterfactuals {
        guard network.kind.hasProbabilities else { throw .noProbability }
        guard input.shape.rank == 4, input.shape[0] == 1 else {
            throw .sizeMismatch("the input should be one image [1,C,H,W], got shape \(input.shape)")
        }
        var questions = Questions()
        let animal = try region.map { (region) throws(LocalizationError) in
            guard region.width == shown.width, region.height == shown.height else {
                throw .sizeMismatch("the animal's mask and the photo's should have the same size")
            }
            let pieces = EqualPieces.pieces(of: region, in: shown)
            return (
                without: questions.add(Filling.allCases.map { HiddenPart(mask: region, filling: $0) }),
                only: questions.add(Filling.allCases.map { HiddenPart(mask: region.complement, filling: $0) }),
                elsewhere: questions.add(EqualAreas.places(beside: region, in: shown), filling: .blurred),
                spots: questions.add(spots, filling: .blurred),
                spotsAlone: questions.add(spots.map(\.complement), filling: .blurred),
                onAnimal: questions.add(pieces.on, filling: .mean),
                beside: questions.add(pieces.beside, filling: .mean)
            )
        }
        let ofBox = try box.map { (box) throws(LocalizationError) in
            questions.add(try boxParts(box, width: input.shape[3], height: input.shape[2]), filling: .mean)
        }
        let readings = try await HiddenPart.readings(
            questions.parts, of: input, classIndex: classIndex, network, on: evaluator)
        guard readings.count == questions.parts.count else { throw .noProbability }
        let numbers = readings.map(\.probability)
        func lost(_ range: Range<Int>) -> [Double] { readings[range].map { Double(score - $0.score) } }
        return Counterfactuals(
            without: animal.map { FillingReadings(numbers[$0.without]) },
            only: animal.map { FillingReadings(numbers[$0.only]) },
            elsewhere: animal.flatMap { MeanOfPlaces(numbers[$0.elsewhere]) },
            spot: animal.flatMap { animal in
                zip(spots, zip(numbers[animal.spots], numbers[animal.spotsAlone])).min { $0.1.0 < $1.1.0 }.map {
                    SpotReading(mask: $0, values: VerdictFindings.Spot(without: $1.0, alone: $1.1))
                }
            },
            losses: animal.map { PieceLosses(onAnimal: lost($0.onAnimal), beside: lost($0.beside)) },
            box: ofBox.map { range in
                BoxReadings(
                    hidden: numbers[range.lowerBound], only: numbers[range.lowerBound + 1],
                    elsewhere: range.count > 2 ? numbers[range.lowerBound + 2] : nil)
            })
    }

    /// All that is asked, one part after the other.
    private struct Questions {
        private(set) var parts: [HiddenPart] = []

        /// - Returns: where their answers will be.
        mutating func add(_ new: [HiddenPart]) -> Range<Int> {
            parts += new
            return parts.count - new.count..<parts.count
        }

        mutating func add(_ masks: [PixelMask], filling: Filling) -> Range<Int> {
            add(masks.map { HiddenPart(mask: $0, filling: filling) })
        }
    }

    // MARK: The box

    /// The box, everything but it, and as much elsewhere where that exists.
    private static func boxParts(
        _ box: PixelBox, width: Int, height: Int
    ) throws(LocalizationError) -> [PixelMask] {
        guard box.isWithin(width: width, height: height) else {
            throw .boxOutsideImage(box, width: width, height: height)
        }
        let inside = box.mask(width: width, height: height)
        let whole = PixelMask(unchecked: [Bool](repeating: true, count: inside.pixels.count), width: width)
        return [inside, inside.complement] + EqualAreas.places(beside: inside, in: whole, most: 1)
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
