import Localization
import Tensors
import Testing

@Suite("Masks and segmentation")
struct SegmentationTests {
    /// A reddish disc with texture on a bluish ground with texture, and a saliency map that is high at its middle.
    static func scene(width: Int = 60, height: Int = 48) throws -> (rgb: [UInt8], truth: PixelMask, map: Tensor) {
        var rgb: [UInt8] = []
        var inside: [Bool] = []
        var saliency: [Float] = []
        for y in 0..<height {
            for x in 0..<width {
                let squared = (x - 34) * (x - 34) + (y - 22) * (y - 22)
                let isInside = squared <= 15 * 15
                let texture = UInt8((x * 37 + y * 91 + x * y * 13) % 60)
                rgb += isInside ? [150 + texture, 60 + texture / 2, 40] : [40, 60 + texture / 2, 130 + texture]
                inside.append(isInside)
                saliency.append(1 / (1 + Float(squared) / 60))
            }
        }
        return (
            rgb, try PixelMask(width: width, height: height, pixels: inside),
            try Tensor(shape: Shape([height, width]), values: saliency)
        )
    }

    @Test("an object of its own colours is cut out from a blurred map of it")
    func disc() throws {
        let (rgb, truth, map) = try Self.scene()
        let mask = try SaliencySegmentation().mask(rgb: rgb, map: map)
        #expect(mask.intersectionOverUnion(truth) > 0.97)
        #expect(mask.box == PixelBox(x: 19, y: 7, width: 31, height: 31))
    }

    @Test("the same photo gives the same mask")
    func determinism() throws {
        let (rgb, _, map) = try Self.scene()
        #expect(try SaliencySegmentation().mask(rgb: rgb, map: map) == SaliencySegmentation().mask(rgb: rgb, map: map))
    }

    @Test("seeds keep their side where they are told to")
    func hardSeeds() throws {
        let (rgb, _, map) = try Self.scene()
        var seeds = try SaliencySegmentation().seeds(of: map)
        // A corner declared foreground against its colours.
        seeds[0] = .foreground
        let mask = try GrabCut(keepsSeeds: true).mask(rgb: rgb, width: 60, height: 48, seeds: seeds)
        #expect(mask.pixels[0])
        for (pixel, seed) in seeds.enumerated() where seed == .background { #expect(!mask.pixels[pixel]) }
    }

    @Test("what cannot be segmented is refused, not guessed")
    func refusals() throws {
        let (rgb, _, map) = try Self.scene()
        let flat = Tensor(shape: map.shape, repeating: 1)
        #expect(throws: LocalizationError.self) { try SaliencySegmentation().mask(rgb: rgb, map: flat) }
        var broken = map
        broken[5] = .nan
        #expect(throws: LocalizationError.self) { try SaliencySegmentation().mask(rgb: rgb, map: broken) }
        #expect(throws: LocalizationError.self) {
            try SaliencySegmentation().mask(rgb: Array(rgb.dropLast()), map: map)
        }
        #expect(throws: LocalizationError.self) {
            try GrabCut().mask(rgb: rgb, width: 60, height: 48, seeds: .init(repeating: .unknown, count: 60 * 48))
        }
    }

    @Test("a photo of one colour gives a mask, whatever it is")
    func oneColour() throws {
        let (rgb, _, map) = try Self.scene()
        let grey = [UInt8](repeating: 128, count: rgb.count)
        let mask = try SaliencySegmentation().mask(rgb: grey, map: map)
        #expect(mask.pixels.count == map.count)
    }

    @Test("run lengths are COCO's: down the columns, outside first")
    func runLengths() throws {
        // pycocotools encodes [[0,1,1],[0,0,1]] as 2 outside, 1 inside, 1 outside, 2 inside.
        let mask = try PixelMask(width: 3, height: 2, pixels: [false, true, true, false, false, true])
        #expect(mask.runLengths == [2, 1, 1, 2])
        #expect(try PixelMask(width: 2, height: 1, pixels: [true, false]).runLengths == [0, 1, 1])
        #expect(try PixelMask(width: 2, height: 2, pixels: [false, false, false, false]).runLengths == [4])
    }

    @Test("box, area and the largest part of a mask")
    func parts() throws {
        let text = [
            "..##....",
            "..##..#.",
            ".......#",
        ]
        let mask = try PixelMask(width: 8, height: 3, pixels: text.flatMap { $0.map { $0 == "#" } })
        #expect(mask.area == 6)
        #expect(mask.box == PixelBox(x: 2, y: 0, width: 6, height: 3))
        #expect(mask.largestComponent.box == PixelBox(x: 2, y: 0, width: 2, height: 2))
        #expect(try PixelMask(width: 1, height: 1, pixels: [false]).box == nil)
        #expect(try PixelMask(width: 1, height: 1, pixels: [false]).largestComponent.area == 0)
        #expect(throws: LocalizationError.self) { try PixelMask(width: 2, height: 2, pixels: [true]) }
    }
}
