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

    /// Spirals, combs and specks: the regions of maps of every density are those that spreading from pixel to pixel finds.
    @Test func regionsAreThoseThatSpreadingFinds() throws {
        var generator = SystemRandomNumberGenerator()
        for trial in 0..<200 {
            let (width, height) = (Int.random(in: 1...24, using: &generator), Int.random(in: 1...24, using: &generator))
            let density = Double(trial % 10 + 1) / 11
            var map = Tensor(shape: try Shape([height, width]))
            for index in 0..<map.count where Double.random(in: 0..<1, using: &generator) < density {
                map[index] = Float(Int.random(in: 2...4, using: &generator))
            }
            let found = BoxFinder.regions(in: map, above: 0.4)
            let expected = spread(map.values.map { $0 >= 2 }, map.values, width, height)
            func described(_ regions: [Region]) -> Set<[Float]> {
                Set(
                    regions.map {
                        [
                            Float($0.box.x), Float($0.box.y), Float($0.box.width), Float($0.box.height), Float($0.area),
                            $0.mass, $0.peak,
                        ]
                    })
            }
            #expect(described(found) == described(expected))
            #expect(found.count == expected.count)
            #expect(found.map(\.area) == expected.map(\.area).sorted(by: >))
        }
    }

    private func spread(_ isIn: [Bool], _ values: [Float], _ width: Int, _ height: Int) -> [Region] {
        var left = Set(isIn.indices.filter { isIn[$0] })
        var regions: [Region] = []
        while let start = left.popFirst() {
            var (members, edge) = ([start], [start])
            while let index = edge.popLast() {
                for next in left where abs(next % width - index % width) <= 1 && abs(next / width - index / width) <= 1
                {
                    left.remove(next)
                    members.append(next)
                    edge.append(next)
                }
            }
            let (columns, rows) = (members.map { $0 % width }, members.map { $0 / width })
            let box = PixelBox(
                x: columns.min() ?? 0, y: rows.min() ?? 0, width: (columns.max() ?? 0) - (columns.min() ?? 0) + 1,
                height: (rows.max() ?? 0) - (rows.min() ?? 0) + 1)
            regions.append(
                Region(
                    box: box, area: members.count, mass: members.reduce(0) { $0 + values[$1] },
                    peak: members.map { values[$0] }.max() ?? 0))
        }
        return regions
    }
}
