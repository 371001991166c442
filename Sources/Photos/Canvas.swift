internal import Foundation

/// A picture that is drawn on. Whatever lies outside of it is left out.
public struct Canvas: Sendable {
    public internal(set) var bitmap: Bitmap
    /// For lines that are not along the pixels.
    var brush = Brush()

    public init(_ bitmap: Bitmap) {
        self.bitmap = bitmap
    }

    /// Fills a rectangle with round corners, antialiased.
    ///
    /// - Parameter opacity: 0...1.
    public mutating func fill(
        _ rectangle: PixelRectangle, cornerRadius: Double = 0, color: RGBColor, opacity: Double = 1
    ) {
        let reach = PixelRectangle(
            x: rectangle.x.rounded(.down), y: rectangle.y.rounded(.down),
            width: (rectangle.x + rectangle.width).rounded(.up) - rectangle.x.rounded(.down),
            height: (rectangle.y + rectangle.height).rounded(.up) - rectangle.y.rounded(.down))
        guard let range = PixelRange(reach, width: bitmap.width, height: bitmap.height) else { return }
        let radius = min(max(cornerRadius, 0), rectangle.width / 2, rectangle.height / 2)
        let centerX = rectangle.x + rectangle.width / 2, centerY = rectangle.y + rectangle.height / 2
        let straightX = rectangle.width / 2 - radius, straightY = rectangle.height / 2 - radius
        let isWhole = rectangle.snapped == rectangle
        for row in range.rows {
            let beyondY = abs(Double(row) + 0.5 - centerY) - straightY
            if isWhole, radius == 0 || beyondY <= -0.5 {
                blend(color, intoRow: row, columns: range.columns, opacity: opacity)
                continue
            }
            for column in range.columns {
                let beyondX = abs(Double(column) + 0.5 - centerX) - straightX
                // Signed distance to the outline, negative inside; a pixel that the outline halves is covered by half.
                let outside = (max(beyondX, 0) * max(beyondX, 0) + max(beyondY, 0) * max(beyondY, 0)).squareRoot()
                let distance = outside + min(max(beyondX, beyondY), 0) - radius
                let coverage = min(max(0.5 - distance, 0), 1)
                blend(color, into: (row * bitmap.width + column) * 3, opacity: coverage * opacity)
            }
        }
    }

    /// Draws the outline of a rectangle, snapped to whole pixels so that it is sharp: `thickness` pixels inwards from
    /// its edge.
    public mutating func outline(_ rectangle: PixelRectangle, thickness: Int, color: RGBColor, opacity: Double = 1) {
        guard rectangle.x.isFinite, rectangle.y.isFinite, rectangle.width.isFinite, rectangle.height.isFinite else {
            return
        }
        let edges = rectangle.snapped
        let left = edges.x, right = edges.x + edges.width
        let top = edges.y, bottom = edges.y + edges.height
        let across = min(Double(thickness), edges.width / 2), down = min(Double(thickness), edges.height / 2)
        guard across > 0, down > 0 else { return }
        let sides = [
            PixelRectangle(x: left, y: top, width: right - left, height: down),
            PixelRectangle(x: left, y: bottom - down, width: right - left, height: down),
            PixelRectangle(x: left, y: top + down, width: across, height: bottom - top - 2 * down),
            PixelRectangle(x: right - across, y: top + down, width: across, height: bottom - top - 2 * down),
        ]
        for side in sides where side.width > 0 && side.height > 0 { fill(side, color: color, opacity: opacity) }
    }

    /// Covers a rectangle with diagonal stripes, from bottom left to top right.
    ///
    /// - Parameter period: of a light and a dark stripe together, along a row, in pixels; at least 2.
    mutating func hatch(_ rectangle: PixelRectangle, period: Int, light: RGBColor, dark: RGBColor) {
        guard let range = PixelRange(rectangle, width: bitmap.width, height: bitmap.height) else { return }
        for row in range.rows {
            for column in range.columns {
                let color = (row + column) % max(period, 2) * 2 < max(period, 2) ? light : dark
                let index = (row * bitmap.width + column) * 3
                bitmap.pixels[index] = color.red
                bitmap.pixels[index + 1] = color.green
                bitmap.pixels[index + 2] = color.blue
            }
        }
    }

    /// Copies `picture` to where its corner is at column `x`, row `y`.
    public mutating func paste(_ picture: Bitmap, x: Int, y: Int) {
        let target = PixelRectangle(
            x: Double(x), y: Double(y), width: Double(picture.width), height: Double(picture.height))
        guard let range = PixelRange(target, width: bitmap.width, height: bitmap.height) else { return }
        let count = range.columns.count * 3
        for row in range.rows {
            let from = ((row - y) * picture.width + range.columns.lowerBound - x) * 3
            let to = (row * bitmap.width + range.columns.lowerBound) * 3
            bitmap.pixels.replaceSubrange(to..<to + count, with: picture.pixels[from..<from + count])
        }
    }

    /// Writes one line of text with its top left corner at column `x`, row `y`.
    ///
    /// - Parameter size: pixels per em.
    public mutating func write(_ text: String, font: Font, size: Int, x: Int, y: Int, color: RGBColor) {
        let line = font.line(text, size: size)
        let target = PixelRectangle(x: Double(x), y: Double(y), width: Double(line.width), height: Double(line.height))
        guard let range = PixelRange(target, width: bitmap.width, height: bitmap.height) else { return }
        for row in range.rows {
            for column in range.columns {
                let coverage = line.coverage[(row - y) * line.width + column - x]
                guard coverage > 0 else { continue }
                blend(color, into: (row * bitmap.width + column) * 3, opacity: Double(coverage) / 255)
            }
        }
    }

    /// Lays a heat map over the picture: 256 colours for 0 to 1, with an opacity for each of them.
    mutating func blend(_ map: PlacedMap, colors: [RGBColor], opacities: [Double]) {
        let layers = zip(colors, opacities).map { color, opacity in Layer(color: color, opacity: opacity) }
        let width = bitmap.width
        bitmap.pixels.withUnsafeMutableBufferPointer { pixels in
            layers.withUnsafeBufferPointer { layers in
                map.forEachRow { row, firstColumn, values in
                    var index = (row * width + firstColumn) * 3
                    for value in values {
                        let layer = layers[ColorMap.index(of: value)]
                        pixels[index] = layer.over(pixels[index], layer.red)
                        pixels[index + 1] = layer.over(pixels[index + 1], layer.green)
                        pixels[index + 2] = layer.over(pixels[index + 2], layer.blue)
                        index += 3
                    }
                }
            }
        }
    }

    private mutating func blend(_ color: RGBColor, intoRow row: Int, columns: Range<Int>, opacity: Double) {
        let layer = Layer(color: color, opacity: opacity)
        let first = (row * bitmap.width + columns.lowerBound) * 3
        let count = columns.count
        bitmap.pixels.withUnsafeMutableBufferPointer { pixels in
            for pixel in 0..<count {
                let index = first + pixel * 3
                pixels[index] = layer.over(pixels[index], layer.red)
                pixels[index + 1] = layer.over(pixels[index + 1], layer.green)
                pixels[index + 2] = layer.over(pixels[index + 2], layer.blue)
            }
        }
    }

    private mutating func blend(_ color: RGBColor, into index: Int, opacity: Double) {
        guard opacity > 0 else { return }
        func mixed(_ below: UInt8, _ above: UInt8) -> UInt8 {
            // Between two values of 0...255, so the sum is one too.
            UInt8(Double(below) + (Double(above) - Double(below)) * min(opacity, 1) + 0.5)
        }
        bitmap.pixels[index] = mixed(bitmap.pixels[index], color.red)
        bitmap.pixels[index + 1] = mixed(bitmap.pixels[index + 1], color.green)
        bitmap.pixels[index + 2] = mixed(bitmap.pixels[index + 2], color.blue)
    }
}

/// A colour and its opacity in 16-bit fixed point.
private struct Layer {
    let red: UInt32
    let green: UInt32
    let blue: UInt32
    let transparency: UInt32

    init(color: RGBColor, opacity: Double) {
        let weight = UInt32((min(max(opacity, 0), 1) * 65_536).rounded())
        transparency = 65_536 - weight
        // One half is added once, here, so that the shift rounds to nearest.
        red = UInt32(color.red) * weight + 32_768
        green = UInt32(color.green) * weight + 32_768
        blue = UInt32(color.blue) * weight + 32_768
    }

    @inline(__always)
    func over(_ below: UInt8, _ premultiplied: UInt32) -> UInt8 {
        UInt8(truncatingIfNeeded: (UInt32(below) * transparency + premultiplied) >> 16)
    }
}
