/// A picture read from sixels by the rules of the VT330/VT340's manual: what a terminal would show.
struct SixelPicture {
    struct Malformed: Error { let reason: String }

    let width: Int
    let height: Int
    /// Red, green and blue of 8 bits, row by row; nil where nothing was drawn.
    let pixels: [[UInt8]?]

    init(_ text: String) throws {
        guard text.hasPrefix("\u{1B}P"), text.hasSuffix("\u{1B}\\\n"), let begin = text.firstIndex(of: "q") else {
            throw Malformed(reason: "no device control string")
        }
        var rest = Array(text[text.index(after: begin)...].utf8.dropLast(3))[...]
        func numbers() -> [Int] {
            let part = rest.prefix { (48...57).contains($0) || $0 == UInt8(ascii: ";") }
            rest = rest.dropFirst(part.count)
            return String(decoding: part, as: UTF8.self).split(separator: ";").compactMap { Int($0) }
        }
        guard rest.popFirst() == UInt8(ascii: "\"") else { throw Malformed(reason: "no raster attributes") }
        let raster = numbers()
        guard raster.count == 4, raster[0] == 1, raster[1] == 1 else { throw Malformed(reason: "raster \(raster)") }
        let (width, height) = (raster[2], raster[3])
        var pixels = [[UInt8]?](repeating: nil, count: width * height)
        var colours: [Int: [UInt8]] = [:]
        var (colour, left, top) = (0, 0, 0)
        while let character = rest.popFirst() {
            switch character {
            case UInt8(ascii: "#"):
                let values = numbers()
                colour = values[0]
                if values.count == 5 { colours[colour] = values[2...].map { UInt8(($0 * 255 + 50) / 100) } }
            case UInt8(ascii: "$"): left = 0
            case UInt8(ascii: "-"): (left, top) = (0, top + 6)
            case UInt8(ascii: "!"), 63...126:
                var (count, sixel) = (1, character)
                if character == UInt8(ascii: "!") {
                    count = numbers()[0]
                    guard let next = rest.popFirst() else { throw Malformed(reason: "a count without a sixel") }
                    sixel = next
                }
                for column in left..<left + count {
                    for bit in 0..<6 where (sixel - 63) & 1 << UInt8(bit) != 0 {
                        guard column < width, top + bit < height, let drawn = colours[colour] else {
                            throw Malformed(reason: "a pixel outside, or in no colour")
                        }
                        pixels[(top + bit) * width + column] = drawn
                    }
                }
                left += count
            default: throw Malformed(reason: "character \(character)")
            }
        }
        (self.width, self.height, self.pixels) = (width, height, pixels)
    }
}
