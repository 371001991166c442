import Localization
import Testing

/// Masks: widened, cleaned, moved and measured, each against counting by brute force.
@Suite("Regions of a picture")
struct RegionTests {
    private func mask(_ rows: [String]) throws -> PixelMask {
        try PixelMask(width: rows[0].count, height: rows.count, pixels: rows.joined().map { $0 == "#" })
    }

    /// Reproducible specks and blobs.
    private func scattered(width: Int, height: Int, every: Int) throws -> PixelMask {
        try FillingTests.mask(width: width, height: height) { x, y in
            (x * 31 + y * 17 + x * y * 7) % every == 0 || (x - 9) * (x - 9) + (y - 7) * (y - 7) < 16
        }
    }

    @Test("a rim reaches as many rows and columns as it is wide", arguments: [0, 1, 2, 5, 40])
    func dilation(radius: Int) throws {
        let original = try scattered(width: 23, height: 19, every: 41)
        let expected = try FillingTests.mask(width: 23, height: 19) { x, y in
            original.pixels.indices.contains { index in
                original.pixels[index] && abs(index % 23 - x) <= radius && abs(index / 23 - y) <= radius
            }
        }
        #expect(original.dilated(by: radius) == expected)
    }

    @Test("specks go, parts that touch by a corner stay together, largest first")
    func specks() throws {
        let original = try mask([
            "#....#",
            ".#....",
            "..#...",
            "....##",
            "#...##",
        ])
        let parts = original.parts.filter { $0.pixels.count >= 3 }
        // The diagonal touches the square by a corner? It does not: a column lies between.
        #expect(
            parts.map(\.box) == [PixelBox(x: 4, y: 3, width: 2, height: 2), PixelBox(x: 0, y: 0, width: 3, height: 3)])
        #expect(original.keeping(parts).area == 7)
        #expect(original.keeping([]).area == 0)
        #expect(original.keeping(original.parts) == original)
    }

    @Test("of two parts whose boxes overlap each has its own pixels")
    func overlappingBoxes() throws {
        let original = try mask([
            "#.....",
            "#..##.",
            "#..##.",
            "#.....",
            "######",
        ])
        let parts = original.parts
        #expect(
            parts.map(\.box) == [PixelBox(x: 0, y: 0, width: 6, height: 5), PixelBox(x: 3, y: 1, width: 2, height: 2)])
        #expect(parts.map { Set($0.pixels) } == [[0, 6, 12, 18, 24, 25, 26, 27, 28, 29], [9, 10, 15, 16]])
        #expect(original.keeping(parts.prefix(1)).area == 10 && original.keeping(parts.dropFirst()).area == 4)
    }

    @Test(
        "run lengths at another size are those of the enlarged mask",
        arguments: [(23, 19), (46, 38), (100, 61), (11, 7), (1, 1), (24, 500)])
    func runLengths(width: Int, height: Int) throws {
        let original = try scattered(width: 23, height: 19, every: 13)
        let enlarged = try FillingTests.mask(width: width, height: height) { x, y in
            original.pixels[y * 19 / height * 23 + x * 23 / width]
        }
        #expect(original.runLengths(width: width, height: height) == enlarged.runLengths)
    }

    @Test("a mask of run lengths is the mask that they were made of, at any size")
    func runLengthMask() throws {
        let original = try scattered(width: 23, height: 19, every: 13)
        let runs = try RunLengthMask(width: 23, height: 19, counts: original.runLengths)
        #expect(try runs.sampled(width: 23, height: 19) == original)
        let doubled = try runs.sampled(width: 46, height: 38)
        #expect(
            doubled.pixels.indices.allSatisfy { doubled.pixels[$0] == original.pixels[$0 / 46 / 2 * 23 + $0 % 46 / 2] })
    }

    @Test(
        "run lengths that are none are refused, whatever they claim",
        arguments: [
            (2, 2, [3]), (2, 2, [5]), (2, 2, [-1, 5]), (2, 2, [.max, .max]), (0, 2, [0]), (2, -1, []),
            (65_536, 2, [131_072]), (.max, .max, [1]), (2, 2, []),
        ] as [(Int, Int, [Int])])
    func badRunLengths(width: Int, height: Int, counts: [Int]) {
        #expect(throws: LocalizationError.self) { try RunLengthMask(width: width, height: height, counts: counts) }
    }

    @Test("a mask of four thousand million pixels takes no memory")
    func largeRunLengths() throws {
        let side = RunLengthMask.longestSide
        let runs = try RunLengthMask(
            width: side, height: side, counts: [side * side / 2, side * side - side * side / 2])
        #expect(try runs.sampled(width: 4, height: 1).pixels == [false, false, true, true])
    }

    // MARK: Equal areas

    @Test(
        "places elsewhere have exactly as many pixels, lie off the animal and where they may",
        arguments: [0.02, 0.1, 0.25, 0.45, 0.49])
    func equalAreas(share: Double) throws {
        let (width, height) = (60, 44)
        let allowed = try FillingTests.mask(width: width, height: height) { _, y in y < 40 }
        let region = try FillingTests.mask(width: width, height: height) { x, y in
            let (dx, dy) = (Double(x - 20), Double(y - 18))
            return dx * dx + dy * dy < share * Double(width * 40) / 3.1416
        }
        let places = EqualAreas.places(beside: region, in: allowed)
        #expect((1...8).contains(places.count))
        for place in places {
            #expect(place.area == region.area)
            #expect(place.pixels.indices.allSatisfy { !place.pixels[$0] || !region.pixels[$0] && allowed.pixels[$0] })
        }
        for (index, place) in places.enumerated() {
            for other in places[..<index] {
                let common = place.pixels.indices.count { place.pixels[$0] && other.pixels[$0] }
                #expect(2 * common <= region.area)
            }
        }
    }

    @Test("a small region is moved as it is, to four places")
    func movedShape() throws {
        let region = try FillingTests.mask(width: 60, height: 44) { x, y in
            (25..<32).contains(x) && (20..<26).contains(y) && (x + y) % 3 != 0
        }
        let all = try FillingTests.mask(width: 60, height: 44) { _, _ in true }
        let places = EqualAreas.places(beside: region, in: all)
        #expect(places.count == 4)
        let box = try #require(region.box)
        for place in places {
            let moved = try #require(place.box)
            #expect(moved.width == box.width && moved.height == box.height)
            for y in 0..<box.height {
                for x in 0..<box.width {
                    #expect(
                        place.pixels[(moved.y + y) * 60 + moved.x + x] == region.pixels[(box.y + y) * 60 + box.x + x])
                }
            }
        }
    }

    @Test("where the rest is smaller than the animal there is no place, and where it is as large there is one")
    func tooLarge() throws {
        let all = try FillingTests.mask(width: 20, height: 10) { _, _ in true }
        let half = try FillingTests.mask(width: 20, height: 10) { x, _ in x < 10 }
        let more = try FillingTests.mask(width: 20, height: 10) { x, y in x < 10 || x == 10 && y == 0 }
        let none = try FillingTests.mask(width: 20, height: 10) { _, _ in false }
        #expect(EqualAreas.places(beside: half, in: all) == [half.complement])
        #expect(EqualAreas.places(beside: more, in: all).isEmpty)
        #expect(EqualAreas.places(beside: none, in: all).isEmpty)
        #expect(EqualAreas.places(beside: half, in: half).isEmpty)
    }
}
