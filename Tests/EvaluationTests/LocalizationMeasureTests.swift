import Evaluation
import Localization
import Tensors
import Testing
import WireProtocol

@Suite struct LocalizationMeasureTests {
    private let expected: Expected
    private let map: NormalizedMap

    init() throws {
        expected = try Expected.load()
        map = try #require(NormalizedMap(try Expected.tensor("map")))
    }

    @Test func boxesAtEachThresholdAreOpenCVs() {
        let box = expected.boxes.box
        let overlaps = MaxBoxAccuracy.Overlaps(
            map, boxes: [BoundingBox(x: box[0], y: box[1], width: box[2], height: box[3])])
        #expect(isClose(overlaps.ofAny, expected.boxes.any, within: 1e-9))
        #expect(isClose(overlaps.ofLargest, expected.boxes.largest, within: 1e-9))
    }

    @Test func theThresholdIsChosenOnOtherPhotos() {
        // Photos of half 0 are right at threshold 20 alone, those of half 1 at 60 alone.
        func overlaps(at level: Int) -> [Double] {
            ThresholdBoxes.thresholds.indices.map { $0 == level ? 0.8 : 0.1 }
        }
        let photos = [overlaps(at: 20), overlaps(at: 20), overlaps(at: 60), overlaps(at: 60)]
        let apart = MaxBoxAccuracy.crossFitted(photos, half: [0, 0, 1, 1], overlap: 0.5)
        #expect(apart.thresholds == [60, 20])
        #expect(apart.right == [0, 0, 0, 0])
        let mixed = MaxBoxAccuracy.crossFitted([photos[0], photos[1]], half: [0, 1], overlap: 0.5)
        #expect(mixed.right == [1, 1])
    }

    @Test func ofEquallyGoodThresholdsTheMiddleIsChosen() {
        let overlaps = ThresholdBoxes.thresholds.indices.map { (30...40).contains($0) ? 0.8 : 0.1 }
        #expect(MaxBoxAccuracy.bestThreshold([overlaps], overlap: 0.5) == 35)
        #expect(MaxBoxAccuracy.bestThreshold([], overlap: 0.5) == 0)
    }

    @Test func pixelPrecisionIsChoeEtAls() throws {
        let other = try #require(NormalizedMap(try Expected.tensor("other")))
        // NumPy's quantile of 0.7 lies between two values.
        let cut = other.values.sorted()[Int(0.7 * Double(other.values.count - 1))]
        let mask = try PixelMask(width: other.width, height: other.height, pixels: other.values.map { $0 > cut })
        let counts = [map, other].compactMap { PixelAveragePrecision.Counts($0, mask: mask) }
        #expect(abs(try #require(PixelAveragePrecision.value(counts)) - expected.pxap) < 1e-4)
        #expect(PixelAveragePrecision.value([]) == nil)
    }

    @Test func aMaskAsMapIsPerfectAndItsOppositeIsNot() throws {
        let mask = try PixelMask(width: 4, height: 2, pixels: [true, true, false, false, true, false, false, false])
        func value(_ inside: Float) throws -> Double? {
            let map = try #require(
                NormalizedMap(
                    try Tensor(shape: Shape([2, 4]), values: mask.pixels.map { $0 ? inside : 1 - inside })))
            return PixelAveragePrecision.value([try #require(PixelAveragePrecision.Counts(map, mask: mask))])
        }
        #expect(try value(1) == 1)
        #expect(try #require(try value(0)) < 0.4)
    }

    @Test func theHighestPlaceMayLieBesideTheBoxByTheTolerance() throws {
        var values = [Float](repeating: 0, count: 100)
        values[5 * 10 + 7] = 1
        let map = try #require(NormalizedMap(try Tensor(shape: Shape([10, 10]), values: values)))
        let box = BoundingBox(x: 1, y: 4, width: 3, height: 3)
        #expect(!PointingGame.hits(map, boxes: [box], tolerance: 3.4))
        #expect(PointingGame.hits(map, boxes: [box], tolerance: 3.5))
        var pixels = [Bool](repeating: false, count: 100)
        for pixel in [41, 42, 43, 51, 52, 53, 61, 62, 63] { pixels[pixel] = true }
        #expect(PointingGame.pixels(inside: [box], width: 10, height: 10) == pixels)
        let mask = try PixelMask(width: 10, height: 10, pixels: pixels)
        #expect(!PointingGame.hits(map, mask: mask, tolerance: 3.9))
        #expect(PointingGame.hits(map, mask: mask, tolerance: 4))
        let flat = try #require(NormalizedMap(Tensor(shape: try Shape([10, 10]), repeating: 3)))
        #expect(!PointingGame.hits(flat, boxes: [box], tolerance: 100))
    }

    @Test func energyIsTheShareOfTheMapOnTheObject() {
        #expect(PointingGame.energy([1, 3, -5, 4], [true, false, true, true]) == 5.0 / 8)
        #expect(PointingGame.energy([-1, 0], [true, true]) == 0)
    }

    @Test func aCentredBoxHasTheMapsProportions() {
        let box = CenterBaseline.box.map(width: 40, height: 20)
        var found: [PixelBox] = []
        ThresholdBoxes.scan(box) { level, regions in if level == 50 { found = regions.map(\.box) } }
        #expect(found.count == 1)
        #expect(found.allSatisfy { abs($0.width - 2 * $0.height) <= 2 && abs($0.x - (40 - $0.x - $0.width)) <= 1 })
        let gaussian = CenterBaseline.gaussian.map(width: 41, height: 21)
        #expect(gaussian.values.firstIndex(of: 1) == 10 * 41 + 20)
    }
}
