public import Photos

/// A drawing of few marks, to be written as SVG or painted.
public struct Drawing: Sendable {
    public enum Anchor: String, Sendable {
        case start, middle, end
    }

    public enum Mark: Sendable {
        case rectangle(x: Double, y: Double, width: Double, height: Double, RGBColor)
        case line(from: (Double, Double), to: (Double, Double), thickness: Double, RGBColor)
        /// `y` is the baseline; `size` in pixels per em.
        case text(String, x: Double, y: Double, size: Int, Anchor, RGBColor)
    }

    /// In pixels.
    public let width: Int
    public let height: Int
    public private(set) var marks: [Mark] = []

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    public mutating func add(_ mark: Mark) { marks.append(mark) }
}
