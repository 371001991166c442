import Localization
import Tensors
import Testing

@Suite struct BoxFinderTests {
    /// A map of zeros with rectangles of a value.
    private func map(_ width: Int, _ height: Int, _ rectangles: [(PixelBox, Float)]) throws -> Tensor {
        var map = Tensor(shape: try Shape([height, width]))
        for (box, value) in rectangles {
            for y in box.y..<box.y + box.height {
                for x in box.x..<box.x + box.width { map[y * width + x] = value }
            }
        }
        return map
    }

    @Test func aBoxEnclosesWhatReachesTheThreshold() throws {
        let object = PixelBox(x: 3, y: 5, width: 7, height: 2)
        let regions = BoxFinder.regions(
            in: try map(20, 10, [(object, 1), (PixelBox(x: 12, y: 5, width: 4, height: 2), 0.09)]), above: 0.1)
        #expect(regions.map(\.box) == [object])
        #expect(regions.map(\.area) == [14])
        #expect(regions.map(\.mass) == [14])
    }

    @Test func regionsThatTouchAtACornerAreOne() throws {
        let regions = BoxFinder.regions(
            in: try map(
                10, 10,
                [(PixelBox(x: 0, y: 0, width: 2, height: 2), 1), (PixelBox(x: 2, y: 2, width: 2, height: 2), 1)]),
            above: 0.5)
        #expect(regions.map(\.box) == [PixelBox(x: 0, y: 0, width: 4, height: 4)])
    }

    @Test func aSecondAnimalOfComparableStrengthGetsItsOwnBoxAndASpeckDoesNot() throws {
        let first = PixelBox(x: 1, y: 1, width: 8, height: 8)
        let second = PixelBox(x: 20, y: 3, width: 7, height: 7)
        let speck = PixelBox(x: 35, y: 20, width: 1, height: 1)
        let found = BoxFinder(threshold: 0.1).regions(in: try map(40, 30, [(first, 1), (second, 0.9), (speck, 1)]))
        #expect(found.map(\.box) == [first, second])
    }

    @Test func aMapWithoutPositiveValuesGivesNoBox() throws {
        let finder = BoxFinder(threshold: 0.1)
        #expect(finder.regions(in: Tensor(shape: try Shape([4, 4]))).isEmpty)
        #expect(finder.regions(in: Tensor(shape: try Shape([4, 4]), repeating: -1)).isEmpty)
        #expect(finder.regions(in: Tensor(shape: try Shape([4, 4]), repeating: .nan)).isEmpty)
    }

    @Test func oneThresholdServesObjectsOfAllSizes() throws {
        // A halo of 0.15 around the object: evidence that spread to its surroundings.
        for (object, halo) in [
            (PixelBox(x: 40, y: 40, width: 10, height: 10), PixelBox(x: 30, y: 30, width: 30, height: 30)),
            (PixelBox(x: 10, y: 10, width: 80, height: 80), PixelBox(x: 2, y: 2, width: 96, height: 96)),
        ] {
            let map = try map(100, 100, [(halo, 0.15), (object, 1)])
            #expect(BoxFinder(threshold: 0.2).regions(in: map).map(\.box) == [object])
            #expect(BoxFinder(threshold: 0.1).regions(in: map).map(\.box) == [halo])
        }
    }

    @Test func overlapIsTheIntersectionOverTheUnion() {
        let a = PixelBox(x: 0, y: 0, width: 10, height: 10)
        #expect(a.intersectionOverUnion(a) == 1)
        #expect(a.intersectionOverUnion(PixelBox(x: 5, y: 0, width: 10, height: 10)) == 1.0 / 3)
        #expect(a.intersectionOverUnion(PixelBox(x: 10, y: 0, width: 10, height: 10)) == 0)
    }
}
