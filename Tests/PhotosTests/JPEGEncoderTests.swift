import Foundation
import Photos
import Testing

@Suite struct JPEGEncoderTests {
    @Test func aPictureSurvivesTheRoundTrip() throws {
        let source = try Fixtures.bitmap("resize-source").resized(toWidth: 330, height: 250, filter: .bicubic)
        for chroma in [JPEGEncoder.ChromaSampling.full, .halved] {
            let photo = try PhotoDecoder.decode(JPEGEncoder.encode(source, quality: 95, chroma: chroma))
            let differences = zip(photo.bitmap.pixels, source.pixels).map { abs(Int($0) - Int($1)) }
            // Quantization at quality 95 moves a sample by one or two levels.
            #expect(differences.reduce(0, +) / differences.count <= 2)
        }
    }

    @Test func aGreyPictureStaysGrey() throws {
        let grey = try GreyBitmap(width: 40, height: 30, pixels: (0..<1200).map { UInt8($0 % 40 * 6) })
        let data = try JPEGEncoder.encode(grey)
        let photo = try PhotoDecoder.decode(data)
        for (x, y) in [(0, 0), (20, 15), (39, 29)] {
            let pixel = photo.bitmap[x, y]
            #expect(pixel.red == pixel.green && pixel.green == pixel.blue)
            #expect(abs(Int(pixel.red) - Int(grey[x, y])) <= 4)
        }
        // One component in the frame header.
        let frame = try #require(data.range(of: Data([0xff, 0xc0]))).lowerBound
        #expect(data[frame + 9] == 1)
    }

    @Test func qualityTradesSize() throws {
        let source = try Fixtures.bitmap("resize-source").resized(toWidth: 330, height: 250, filter: .nearest)
        let sizes = try [-5, 30, 90, 1000].map { try JPEGEncoder.encode(source, quality: $0).count }
        #expect(sizes == sizes.sorted() && Set(sizes).count == 4)
    }

    @Test func aLargePictureGrowsTheBuffer() throws {
        var generator = SeededGenerator(state: 5)
        let noise = try Bitmap(
            width: 700, height: 500,
            pixels: (0..<1_050_000).map { _ in UInt8.random(in: 0...255, using: &generator) })
        let data = try JPEGEncoder.encode(noise, quality: 100)
        #expect(data.count > 500_000)
        #expect(try PhotoDecoder.decode(data).warning == nil)
    }
}
