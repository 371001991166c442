package import WireProtocol

/// A picture in at most 256 colours, chosen by halving the box of its colours along its longest side again and again, so
/// that each part has as many pixels (median cut; Heckbert 1982, "Color Image Quantization for Frame Buffer Display").
package struct ColourPalette {
    package struct Colour: Equatable {
        package let red, green, blue: UInt8
    }

    package let colours: [Colour]
    /// Into `colours`, pixel by pixel.
    package let indices: [UInt8]

    package static let most = 256
    /// Of 8 bits a channel, so many count when colours are told apart.
    private static let bits = 5

    /// Colours that are the same in their upper bits.
    private struct Cell {
        let key: Int
        var count = 0
        var sums = [0, 0, 0]

        func level(_ channel: Int) -> Int { key >> (bits * (2 - channel)) & (1 << bits - 1) }
    }

    package init(of picture: PicturePixels) {
        let samples = Array(picture.rgb)
        let drop = 8 - Self.bits
        let keys = (0..<picture.width * picture.height).map { pixel in
            (0..<3).reduce(0) { $0 << Self.bits | Int(samples[pixel * 3 + $1]) >> drop }
        }
        var cells: [Int: Cell] = [:]
        for (pixel, key) in keys.enumerated() {
            var cell = cells[key] ?? Cell(key: key)
            cell.count += 1
            for channel in 0..<3 { cell.sums[channel] += Int(samples[pixel * 3 + channel]) }
            cells[key] = cell
        }
        let boxes = Self.boxes(of: cells.values.sorted { $0.key < $1.key })
        var boxOfKey: [Int: UInt8] = [:]
        for (index, box) in boxes.enumerated() { for cell in box { boxOfKey[cell.key] = UInt8(index) } }
        colours = boxes.map { box in
            let count = box.reduce(0) { $0 + $1.count }
            func mean(_ channel: Int) -> UInt8 {
                UInt8((box.reduce(0) { $0 + $1.sums[channel] } + count / 2) / max(count, 1))
            }
            return Colour(red: mean(0), green: mean(1), blue: mean(2))
        }
        indices = keys.map { boxOfKey[$0] ?? 0 }
    }

    private static func boxes(of cells: [Cell]) -> [[Cell]] {
        var boxes = [cells]
        while boxes.count < most {
            // The one whose pixels are worst served: many, and far apart.
            let costs = boxes.map { box in box.reduce(0) { $0 + $1.count } * (widest(of: box).extent) }
            guard let worst = costs.indices.max(by: { costs[$0] < costs[$1] }), costs[worst] > 0 else { break }
            let channel = widest(of: boxes[worst]).channel
            let sorted = boxes[worst].sorted { $0.level(channel) < $1.level(channel) }
            let half = sorted.reduce(0) { $0 + $1.count } / 2
            var (cut, before) = (0, 0)
            while cut < sorted.count - 1, before + sorted[cut].count <= half || cut == 0 {
                before += sorted[cut].count
                cut += 1
            }
            boxes[worst] = Array(sorted[..<cut])
            boxes.append(Array(sorted[cut...]))
        }
        return boxes
    }

    /// The channel in which a box is longest.
    private static func widest(of box: [Cell]) -> (channel: Int, extent: Int) {
        var best = (channel: 0, extent: -1)
        for channel in 0..<3 {
            var (least, most) = (Int.max, Int.min)
            for cell in box {
                least = min(least, cell.level(channel))
                most = max(most, cell.level(channel))
            }
            if most - least > best.extent { best = (channel, most - least) }
        }
        return best
    }
}
