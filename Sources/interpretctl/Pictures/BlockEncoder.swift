package import WireProtocol

/// Pixels as upper half blocks, two a character: the upper in the colour of the text, the lower in that of the ground.
package enum BlockEncoder {
    package static func encode(_ picture: PicturePixels) -> String {
        let pixels = Array(picture.rgb)
        func colour(_ row: Int, _ column: Int) -> String {
            let index = (row * picture.width + column) * 3
            return "2;\(pixels[index]);\(pixels[index + 1]);\(pixels[index + 2])"
        }
        var text = ""
        for row in stride(from: 0, to: picture.height, by: 2) {
            var (upper, lower) = ("", "")
            for column in 0..<picture.width {
                let nextUpper = colour(row, column)
                let nextLower = row + 1 < picture.height ? colour(row + 1, column) : ""
                // What stays the same is not said again.
                let changes = [
                    nextUpper == upper ? nil : "38;" + nextUpper,
                    nextLower == lower ? nil : "48;" + nextLower,
                ].compactMap { $0 }
                if !changes.isEmpty { text += "\u{1B}[\(changes.joined(separator: ";"))m" }
                (upper, lower) = (nextUpper, nextLower)
                text += "▀"
            }
            text += "\u{1B}[0m\n"
        }
        return text
    }
}
