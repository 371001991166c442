package import WireProtocol

/// Pixels as DEC's sixels: characters that are six pixels high and one wide, one colour after the other (VT330/VT340
/// Programmer Reference Manual, chapter 14).
package enum SixelEncoder {
    private static let height = 6

    /// - Returns: the picture and a line end.
    package static func encode(_ picture: PicturePixels) -> String {
        let palette = ColourPalette(of: picture)
        // 1: pixels that are in no colour stay as they are. Then the pixels' proportions and the picture's size.
        var text = "\u{1B}P0;1;0q\"1;1;\(picture.width);\(picture.height)"
        for (index, colour) in palette.colours.enumerated() {
            let percents = [colour.red, colour.green, colour.blue].map { (Int($0) * 100 + 127) / 255 }
            text += "#\(index);2;\(percents[0]);\(percents[1]);\(percents[2])"
        }
        for top in stride(from: 0, to: picture.height, by: height) {
            text += band(of: palette, from: top, picture) + "-"
        }
        return text + "\u{1B}\\\n"
    }

    /// Six rows of pixels: each colour's sixels, over one another.
    private static func band(of palette: ColourPalette, from top: Int, _ picture: PicturePixels) -> String {
        let width = picture.width
        var sixels: [Int: [UInt8]] = [:]
        for row in top..<min(top + height, picture.height) {
            for column in 0..<width {
                let colour = Int(palette.indices[row * width + column])
                sixels[colour, default: [UInt8](repeating: 0, count: width)][column] |= 1 << UInt8(row - top)
            }
        }
        return sixels.sorted { $0.key < $1.key }
            .map { colour, sixels in "#\(colour)" + runs(of: sixels) }.joined(separator: "$")
    }

    /// `!COUNT` in front of what comes more often than thrice; empty sixels at the end are left out.
    private static func runs(of sixels: [UInt8]) -> String {
        let end = (sixels.lastIndex { $0 != 0 } ?? -1) + 1
        var text = ""
        var start = 0
        while start < end {
            let value = sixels[start]
            var next = start + 1
            while next < end, sixels[next] == value { next += 1 }
            let character = String(UnicodeScalar(value + 63))
            text +=
                next - start > 3 ? "!\(next - start)\(character)" : String(repeating: character, count: next - start)
            start = next
        }
        return text
    }
}
