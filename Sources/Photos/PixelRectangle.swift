/// A rectangle in pixels, origin top left; the pixel in the corner covers [0, 1) × [0, 1).
public struct PixelRectangle: Hashable, Codable, Sendable {
    public var x: Double
    public var y: Double
    public var width: Double
    public var height: Double

    public init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// The part inside a picture of `width` × `height`; `nil` where there is none or a number is not finite.
    public func clipped(toWidth pictureWidth: Int, height pictureHeight: Int) -> PixelRectangle? {
        guard x.isFinite, y.isFinite, width.isFinite, height.isFinite else { return nil }
        let left = max(x, 0), right = min(x + width, Double(pictureWidth))
        let top = max(y, 0), bottom = min(y + height, Double(pictureHeight))
        guard left < right, top < bottom else { return nil }
        return PixelRectangle(x: left, y: top, width: right - left, height: bottom - top)
    }

    /// Whether both have an area in common.
    public func overlaps(_ other: PixelRectangle) -> Bool {
        x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }

    /// The rectangle with its edges rounded to whole pixels.
    var snapped: PixelRectangle {
        PixelRectangle(
            x: x.rounded(), y: y.rounded(), width: (x + width).rounded() - x.rounded(),
            height: (y + height).rounded() - y.rounded())
    }

    /// The rectangle with each edge moved inwards.
    func inset(by amount: Int) -> PixelRectangle {
        let amount = Double(amount)
        return PixelRectangle(x: x + amount, y: y + amount, width: width - 2 * amount, height: height - 2 * amount)
    }

    /// The rectangle after multiplying the axes by `horizontal` and `vertical`.
    func scaled(horizontal: Double, vertical: Double) -> PixelRectangle {
        PixelRectangle(x: x * horizontal, y: y * vertical, width: width * horizontal, height: height * vertical)
    }
}

extension PixelRectangle: CustomStringConvertible {
    /// "120×80 pixels at (10, 5)"
    public var description: String {
        func number(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? String(value) }
        return "\(number(width))×\(number(height)) pixels at (\(number(x)), \(number(y)))"
    }
}

/// Whole pixels of a picture: always inside the picture it was made for.
struct PixelRange: Hashable {
    let columns: Range<Int>
    let rows: Range<Int>

    /// The pixels that `rectangle` rounds to, at least one; `nil` where it lies outside of `width` × `height`.
    init?(_ rectangle: PixelRectangle, width: Int, height: Int) {
        guard let inside = rectangle.clipped(toWidth: width, height: height) else { return nil }
        let left = min(Int(inside.x.rounded()), width - 1), top = min(Int(inside.y.rounded()), height - 1)
        columns = left..<max(Int((inside.x + inside.width).rounded()), left + 1)
        rows = top..<max(Int((inside.y + inside.height).rounded()), top + 1)
    }
}
