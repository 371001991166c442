import Localization
import Tensors
import Testing

/// Where relevance comes together in a small place.
@Suite("Spots of relevance")
struct RelevanceSpotTests {
    private static let (width, height) = (40, 30)

    private static func region(_ box: PixelBox) throws -> PixelMask {
        try PixelMask(
            width: width, height: height,
            pixels: (0..<width * height).map { index in
                (box.x..<box.x + box.width).contains(index % width)
                    && (box.y..<box.y + box.height).contains(index / width)
            })
    }

    private static func attribution(_ value: (_ x: Int, _ y: Int) -> Float) throws -> Tensor {
        Tensor(shape: try Shape([2, height, width])) { target in
            for index in target.indices {
                let pixel = index % (width * height)
                // Two channels that only their sum shows.
                target[index] = (index < width * height ? 3 : -2) * value(pixel % width, pixel / width)
            }
        }
    }

    @Test("the strongest squares come first, as large as said, apart from one another and on the animal")
    func strongest() throws {
        let region = try Self.region(PixelBox(x: 5, y: 5, width: 30, height: 20))
        let attribution = try Self.attribution { x, y in
            switch (x, y) {
            case (20...22, 10...12): 5
            case (30...31, 20...21): 3
            // Beside the animal, and what speaks against the class.
            case (0...1, 0...1): 9
            case (10, 10): -9
            default: 0
            }
        }
        let spots = RelevanceSpots.spots(of: attribution, on: region)
        let side = Int((600 * RelevanceSpots.share).squareRoot().rounded())
        #expect(spots.count == 2)
        for spot in spots { #expect(spot.area == side * side) }
        #expect(spots.first?.pixels[11 * Self.width + 21] == true)
        #expect(spots.last?.pixels[20 * Self.width + 30] == true)
        let both = zip(spots[0].pixels, spots[1].pixels).contains { $0 && $1 }
        #expect(!both)
    }

    @Test("each spot has the largest sum of all squares, as counting shows")
    func largest() throws {
        let region = try Self.region(PixelBox(x: 8, y: 4, width: 20, height: 20))
        let relevance = { (x: Int, y: Int) -> Float in Float((x * 7 + y * 13 + x * y) % 11) }
        let spot = try #require(RelevanceSpots.spots(of: try Self.attribution(relevance), on: region).first)
        let box = try #require(spot.box)
        func sum(_ left: Int, _ top: Int) -> Float {
            (top..<top + box.height).reduce(0) { sum, y in
                (left..<left + box.width).reduce(sum) { $0 + relevance($1, y) }
            }
        }
        var largest: Float = 0
        for top in 0...Self.height - box.height {
            for left in 0...Self.width - box.width
            where region.pixels[(top + box.height / 2) * Self.width + left + box.width / 2] {
                largest = max(largest, sum(left, top))
            }
        }
        #expect(sum(box.x, box.y) == largest)
    }

    @Test("there is none without relevance, and none where the sizes differ")
    func none() throws {
        let region = try Self.region(PixelBox(x: 5, y: 5, width: 30, height: 20))
        #expect(RelevanceSpots.spots(of: try Self.attribution { _, _ in -1 }, on: region).isEmpty)
        let other = Tensor(shape: try Shape([3, 10, 10])) { $0.update(repeating: 1) }
        #expect(RelevanceSpots.spots(of: other, on: region).isEmpty)
    }
}
