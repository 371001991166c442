import Foundation
import Photos
import Testing

@Suite struct PNGEncoderTests {
    /// Big-endian, as all numbers of PNG.
    private func number(_ file: Data, at offset: Int) -> Int {
        file[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    }

    /// Names of the chunks, in their order.
    private func chunks(_ file: Data) -> [String] {
        var names: [String] = []
        var offset = 8
        while offset + 8 <= file.count {
            names.append(String(decoding: file[offset + 4..<offset + 8], as: UTF8.self))
            offset += number(file, at: offset) + 12
        }
        return offset == file.count ? names : names + ["a chunk that is cut off"]
    }

    /// By the header of the PNG specification (ISO/IEC 15948, 11.2.2): width, height, depth and kind of colour.
    @Test func theHeaderSaysSizeAndColours() throws {
        let pixels = (0..<300 * 7 * 3).map { UInt8(truncatingIfNeeded: $0 &* 131) }
        let colour = try PNGEncoder.encode(Bitmap(width: 300, height: 7, pixels: pixels))
        let grey = try PNGEncoder.encode(GreyBitmap(width: 300, height: 7, pixels: Array(pixels.prefix(2100))))
        for (file, kind) in [(colour, 2), (grey, 0)] {
            #expect(file.prefix(8) == Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
            #expect(number(file, at: 16) == 300 && number(file, at: 20) == 7)
            #expect(file[24] == 8 && Int(file[25]) == kind)
            let names = chunks(file)
            #expect(names.first == "IHDR" && names.last == "IEND" && names.contains("IDAT"))
        }
    }
}
