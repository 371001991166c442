import Foundation
import Localization
import Photos
import Service
import Testing
import WireProtocol

/// What a person marks, on a photo of 64×48 pixels.
@Suite struct MarkedAnimalTests {
    private func prepared() throws -> PreparedPhoto {
        let grey = try Bitmap(width: 64, height: 48, color: RGBColor(red: 128, green: 128, blue: 128))
        return try PreparedPhoto(NamedPhoto(bytes: try JPEGEncoder.encode(grey)), for: try TestModels.petshop)
    }

    private func expected(_ isInside: (_ x: Int, _ y: Int) -> Bool) throws -> PixelMask {
        try PixelMask(width: 64, height: 48, pixels: (0..<64 * 48).map { isInside($0 % 64, $0 / 64) })
    }

    @Test func aBoxCoversThePixelsThatItTouches() throws {
        let mark = AnimalMark.box(BoundingBox(x: 10.5, y: 0, width: 20, height: 48))
        #expect(try AnimalSighting(mark, on: prepared()).mask == expected { x, _ in (10..<31).contains(x) })
    }

    @Test func aMaskLiesOnThePhotoAtAnySizeOfItsProportions() throws {
        let left = try expected { x, _ in x < 32 }
        for scale in [1, 3] {
            let half = 32 * scale * 48 * scale
            let mark = AnimalMark.mask(.init(size: [48 * scale, 64 * scale], counts: [0, half, half]))
            #expect(try AnimalSighting(mark, on: prepared()).mask == left)
        }
        #expect(
            try AnimalSighting(.mask(.init(size: [24, 32], counts: [0, 16 * 24, 16 * 24])), on: prepared()).mask == left
        )
    }

    @Test func aGreyPictureIsTheAnimalWhereItIsOver127() throws {
        let pixels = (0..<64 * 48).map { UInt8($0 / 64 < 24 ? 128 : 127) }
        let picture = try JPEGEncoder.encode(GreyBitmap(width: 64, height: 48, pixels: pixels))
        // Flat blocks survive the compression.
        #expect(try AnimalSighting(.picture(picture), on: prepared()).mask == expected { _, y in y < 24 })
    }

    @Test func aDamagedPictureIsNoMask() throws {
        let pixels = (0..<64 * 48).map { UInt8($0 % 7 * 40) }
        let picture = try JPEGEncoder.encode(GreyBitmap(width: 64, height: 48, pixels: pixels))
        let error = #expect(throws: RPCError.self) {
            try AnimalSighting(.picture(picture.prefix(picture.count / 2)), on: prepared())
        }
        #expect(error?.message.contains("the mask cannot be relied on: the file ends early") == true, "\(error as Any)")
    }

    /// However narrow it is, a box has an area.
    @Test func noBoxIsEmpty() throws {
        let prepared = try prepared()
        for x in [0, 0.2, 31.6, 63.9, 64] {
            let box = prepared.boundingBox(PixelRectangle(x: x, y: 47.8, width: 0.1, height: 0.3))
            #expect(box.width >= 1 && box.height >= 1 && box.x + box.width <= 64 && box.y + box.height <= 48, "\(box)")
        }
    }

    @Test(
        arguments: [
            (AnimalMark.box(BoundingBox(x: -1, y: 0, width: 5, height: 5)), "within the upright photo of 64×48"),
            (.box(BoundingBox(x: 0, y: 0, width: 65, height: 5)), "within"),
            (.box(BoundingBox(x: 60, y: 0, width: 5, height: 5)), "within"),
            (.box(BoundingBox(x: 0, y: 0, width: 0, height: 5)), "within"),
            (.box(BoundingBox(x: 0, y: 0, width: .nan, height: 5)), "within"),
            (.box(BoundingBox(x: 1e300, y: 0, width: 1e300, height: 5)), "within"),
            (.mask(.init(size: [48], counts: [64 * 48])), "[height, width]"),
            (.mask(.init(size: [64, 48], counts: [0, 64 * 48])), "same proportions"),
            (.mask(.init(size: [48, .max], counts: [1])), "same proportions"),
            (.mask(.init(size: [48, 64], counts: [0, 64 * 48 - 1])), "sum to"),
            (.mask(.init(size: [48, 64], counts: [.max, .max])), "sum to"),
            (.mask(.init(size: [48, 64], counts: [-64, 64 * 49])), "one is -64"),
            (.mask(.init(size: [48, 64], counts: [64 * 48])), "marks no pixel"),
            (.picture(Data("no picture".utf8)), "animal: "),
        ] as [(AnimalMark, String)])
    func whatDoesNotFitIsRefusedInWords(mark: AnimalMark, words: String) throws {
        let error = #expect(throws: RPCError.self) { try AnimalSighting(mark, on: prepared()) }
        #expect(error?.code == .badParameter && error?.message.contains(words) == true, "\(String(describing: error))")
    }
}
