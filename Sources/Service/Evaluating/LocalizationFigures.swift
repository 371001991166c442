import Evaluation
import Localization
import Photos
import Tensors
import WireProtocol

/// What one map of one photo does: small enough to be kept for ten thousand photos.
struct LocalizationFigures: Sendable {
    /// Nil where the photo has no boxes.
    let overlaps: MaxBoxAccuracy.Overlaps?
    /// The best overlap with the boxes that the inbox would draw; nil of baselines and where the photo has no boxes.
    let ownOverlap: Double?
    /// Nil where the photo has no mask.
    let pixels: PixelAveragePrecision.Counts?
    let isHit: Bool
    /// 0…1.
    let energy: Double

    /// Of a method's picture, [h,w] over the network's input, the higher the more it counts.
    init?(_ picture: Tensor, _ truth: MeasuredTruth, _ finder: BoxFinder) throws(PhotoError) {
        let placed = try Resampling.bilinear(map: picture, toWidth: truth.width, height: truth.height)
        guard let map = NormalizedMap(placed) else { return nil }
        let own = finder.regions(in: placed).flatMap { region in
            truth.boxes.map { $0.intersectionOverUnion(BoundingBox(region.box)) }
        }
        self.init(map, placed.values, truth, ownOverlap: truth.boxes.isEmpty ? nil : own.max() ?? 0)
    }

    init(_ baseline: CenterBaseline, _ truth: MeasuredTruth) {
        let map = baseline.map(width: truth.width, height: truth.height)
        self.init(map, map.values, truth, ownOverlap: nil)
    }

    private init(_ map: NormalizedMap, _ values: [Float], _ truth: MeasuredTruth, ownOverlap: Double?) {
        overlaps = truth.boxes.isEmpty ? nil : MaxBoxAccuracy.Overlaps(map, boxes: truth.boxes)
        self.ownOverlap = ownOverlap
        pixels = truth.mask.flatMap { PixelAveragePrecision.Counts(map, mask: $0) }
        isHit =
            truth.mask.map { PointingGame.hits(map, mask: $0, tolerance: truth.tolerance) }
            ?? PointingGame.hits(map, boxes: truth.boxes, tolerance: truth.tolerance)
        energy = PointingGame.energy(values, truth.pixels)
    }
}

/// The figures of all photos by one method, brought together.
struct LocalizationTally {
    private let method: String
    private let isBaseline: Bool
    private var figures: [LocalizationFigures] = []
    /// Of each, which half of the photos it is in.
    private var halves: [Int] = []

    init(_ method: String, isBaseline: Bool = false) {
        self.method = method
        self.isBaseline = isBaseline
    }

    mutating func add(_ figures: LocalizationFigures, half: Int) {
        self.figures.append(figures)
        halves.append(half)
    }

    var isEmpty: Bool { figures.isEmpty }

    /// Nil where nothing was to be found in any photo.
    func row(_ bootstrap: Bootstrap) -> EvaluateResult.Localization? {
        guard !figures.isEmpty else { return nil }
        var row = EvaluateResult.Localization(method: method, isBaseline: isBaseline)
        let withBoxes = figures.indices.filter { figures[$0].overlaps != nil }
        let half = withBoxes.map { halves[$0] }
        let any = withBoxes.compactMap { figures[$0].overlaps?.ofAny }
        // A threshold is chosen in the other half, so without one there is none.
        if Set(half).count == 2 {
            let largest = withBoxes.compactMap { figures[$0].overlaps?.ofLargest }
            row.maxBoxAccuracy = bootstrap.mean(
                of: MaxBoxAccuracy.crossFitted(largest, half: half, overlap: 0.5).right)
            let fits = MaxBoxAccuracy.overlaps.map { MaxBoxAccuracy.crossFitted(any, half: half, overlap: $0) }
            row.maxBoxAccuracyV2 = fits.compactMap { bootstrap.mean(of: $0.right) }
            row.maxBoxAccuracyV2Mean = bootstrap.mean(
                of: any.indices.map { photo in
                    fits.reduce(0) { $0 + $1.right[photo] } / Double(fits.count)
                })
            row.thresholds = fits[1].thresholds.map { ThresholdBoxes.thresholds[$0] }
        }
        if !any.isEmpty {
            row.ownThreshold = bootstrap.mean(
                of: withBoxes.compactMap { figures[$0].ownOverlap }.map { $0 >= 0.5 ? 1 : 0 })
        }
        let counts = figures.compactMap(\.pixels)
        row.pixelAveragePrecision = bootstrap.estimate(count: counts.count) { drawn in
            PixelAveragePrecision.value(drawn.map { counts[$0] })
        }
        row.pointing = bootstrap.mean(of: figures.map { $0.isHit ? 1 : 0 })
        row.energy = bootstrap.mean(of: figures.map(\.energy))
        return row
    }
}
