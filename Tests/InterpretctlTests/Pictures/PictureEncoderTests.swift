import Foundation
import Testing
import WireProtocol
import interpretctl

/// What is sent to a terminal, byte for byte.
@Suite struct PictureEncoderTests {
    private let red: [UInt8] = [255, 0, 0], green: [UInt8] = [0, 255, 0], blue: [UInt8] = [0, 0, 255]

    private func picture(width: Int, _ pixels: [[UInt8]]) -> PicturePixels {
        PicturePixels(width: width, height: pixels.count / width, rgb: Data(pixels.joined()))
    }

    @Test func blocksShowTwoPixelsACharacterAndSayAColourOnce() {
        let text = BlockEncoder.encode(picture(width: 2, [red, red, blue, green, green, green]))
        #expect(
            text == "\u{1B}[38;2;255;0;0;48;2;0;0;255m▀\u{1B}[48;2;0;255;0m▀\u{1B}[0m\n"
                + "\u{1B}[38;2;0;255;0m▀▀\u{1B}[0m\n")
    }

    @Test func kittyGetsThePixelsInBase64() {
        let text = KittyEncoder.encode(picture(width: 2, [red, green]), columns: 7)
        #expect(text == "\u{1B}_Ga=T,f=24,s=2,v=1,c=7,q=2,m=0;/wAAAP8A\u{1B}\\\n")
    }

    @Test func kittyGetsLargePicturesInPieces() {
        let pixels = (0..<5000).map { (index: Int) -> [UInt8] in [UInt8(index % 256), UInt8(index / 256), 7] }
        let text = KittyEncoder.encode(picture(width: 100, pixels), columns: 13)
        let commands = text.dropLast().components(separatedBy: "\u{1B}\\").dropLast()
        #expect(commands.count == 5)
        #expect(commands.dropFirst().allSatisfy { $0.hasPrefix("\u{1B}_Gm=") })
        #expect(commands.dropLast().allSatisfy { $0.contains("m=1;") } && commands.last?.contains("m=0;") == true)
        let data = commands.map { $0.components(separatedBy: ";")[1] }
        #expect(data.allSatisfy { $0.utf8.count <= 4096 })
        #expect(Data(base64Encoded: data.joined()) == Data(pixels.joined()))
    }

    @Test func sixelsOfFewColoursAreExact() throws {
        let colours = [red, green, blue]
        let pixels = (0..<91).map { (index: Int) -> [UInt8] in colours[(index / 3 + index / 20) % 3] }
        let decoded = try SixelPicture(SixelEncoder.encode(picture(width: 7, pixels)))
        #expect((decoded.width, decoded.height) == (7, 13))
        #expect(decoded.pixels == pixels.map { Optional($0) })
    }

    @Test func whatRepeatsIsCountedInSixels() {
        let text = SixelEncoder.encode(picture(width: 9, [[UInt8]](repeating: red, count: 9)))
        #expect(text == "\u{1B}P0;1;0q\"1;1;9;1#0;2;100;0;0#0!9@-\u{1B}\\\n")
    }

    /// A smooth picture of 64 × 60 colours: 256 of them come within a few levels of each, a step of 5 bits and half the
    /// way to the next of 256 colours.
    @Test func sixelsOfManyColoursAreNear() throws {
        var pixels: [[UInt8]] = []
        for row in 0..<60 {
            for column in 0..<64 { pixels.append([UInt8(column * 4), UInt8(row * 4), UInt8((column + row) * 2)]) }
        }
        let decoded = try SixelPicture(SixelEncoder.encode(picture(width: 64, pixels)))
        #expect(decoded.pixels.count == pixels.count)
        var squares = 0
        for (found, expected) in zip(decoded.pixels, pixels) {
            let found = try #require(found)
            for channel in 0..<3 {
                let difference = Int(found[channel]) - Int(expected[channel])
                #expect(abs(difference) <= 24)
                squares += difference * difference
            }
        }
        #expect((Double(squares) / Double(pixels.count * 3)).squareRoot() < 8)
    }

    @Test func aPaletteHasNoMoreThan256Colours() {
        let pixels = (0..<4096).map { (index: Int) -> [UInt8] in
            [UInt8(index / 256 * 16), UInt8(index / 16 % 16 * 16), UInt8(index % 16 * 16)]
        }
        let palette = ColourPalette(of: picture(width: 64, pixels))
        #expect(palette.colours.count == 256)
        #expect(palette.indices.allSatisfy { Int($0) < palette.colours.count })
    }

    @Test func pixelsThatAreMissingAreNoticed() {
        #expect(picture(width: 2, [red, green]).isComplete)
        #expect(!PicturePixels(width: 2, height: 2, rgb: Data([1, 2, 3])).isComplete)
        #expect(!PicturePixels(width: -1, height: -1, rgb: Data([1, 2, 3])).isComplete)
    }

    @Test func aBarIsAsLongAsItsShare() {
        #expect(Bar.text(0.5, width: 4) == "██  ")
        #expect(Bar.text(0.53, width: 4) == "██▏ ")
        #expect(Bar.text(7, width: 2) == "██" && Bar.text(-1, width: 2) == "  " && Bar.text(.nan, width: 2) == "  ")
    }
}
