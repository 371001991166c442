/// An 8-bit RGB picture: rows from the top, pixels from the left, samples interleaved R, G, B.
public struct Bitmap: Hashable, Sendable {
    public let width: Int
    public let height: Int
    /// `height` × `width` × 3 samples.
    public internal(set) var pixels: [UInt8]

    /// The longest side a picture may have, in pixels: what fits a JPEG file.
    public static let longestSide = 65_500
    /// The most pixels of a picture that is made or resized here: 768 MiB of RGB.
    public static let largestCount = 1 << 28

    /// - Throws: `PhotoError.invalidSize` where a side is not in 1...``longestSide``, there are more than
    ///   ``largestCount`` pixels, or `pixels` does not fill it.
    public init(width: Int, height: Int, pixels: [UInt8]) throws(PhotoError) {
        try PictureSize.check(width, height)
        guard pixels.count == width * height * 3 else {
            throw .invalidSize(
                reason: "\(width)×\(height) RGB needs \(width * height * 3) samples, got \(pixels.count)")
        }
        self.init(trustedWidth: width, height: height, pixels: pixels)
    }

    /// A picture of one colour.
    ///
    /// - Throws: `PhotoError.invalidSize` where a side is not in 1...``longestSide`` or there are more than
    ///   ``largestCount`` pixels.
    public init(width: Int, height: Int, color: RGBColor) throws(PhotoError) {
        try PictureSize.check(width, height)
        let count = width * height
        let pixels = [UInt8](unsafeUninitializedCapacity: count * 3) { target, initialized in
            for index in 0..<count {
                target[index * 3] = color.red
                target[index * 3 + 1] = color.green
                target[index * 3 + 2] = color.blue
            }
            initialized = count * 3
        }
        self.init(trustedWidth: width, height: height, pixels: pixels)
    }

    /// For sizes that are known to be good, such as those of another bitmap.
    init(trustedWidth width: Int, height: Int, pixels: [UInt8]) {
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// The pixel in column `x` and row `y`, which must be inside the picture.
    public subscript(x: Int, y: Int) -> RGBColor {
        let index = (y * width + x) * 3
        return RGBColor(red: pixels[index], green: pixels[index + 1], blue: pixels[index + 2])
    }

    /// The part of the picture inside `rectangle`, rounded to whole pixels.
    ///
    /// - Throws: `PhotoError.invalidSize` where the rectangle lies outside of the picture.
    public func crop(_ rectangle: PixelRectangle) throws(PhotoError) -> Bitmap {
        guard let range = PixelRange(rectangle, width: width, height: height) else {
            throw .invalidSize(reason: "\(rectangle) lies outside of the \(width)×\(height) picture")
        }
        var cropped: [UInt8] = []
        cropped.reserveCapacity(range.columns.count * range.rows.count * 3)
        for row in range.rows {
            let start = (row * width + range.columns.lowerBound) * 3
            cropped.append(contentsOf: pixels[start..<start + range.columns.count * 3])
        }
        return Bitmap(trustedWidth: range.columns.count, height: range.rows.count, pixels: cropped)
    }
}

/// An 8-bit grey picture: rows from the top, pixels from the left.
public struct GreyBitmap: Hashable, Sendable {
    public let width: Int
    public let height: Int
    /// `height` × `width` samples, 0 black.
    public internal(set) var pixels: [UInt8]

    /// - Throws: `PhotoError.invalidSize` where the size is not one that ``Bitmap`` allows or `pixels` does not fill
    ///   it.
    public init(width: Int, height: Int, pixels: [UInt8]) throws(PhotoError) {
        try PictureSize.check(width, height)
        guard pixels.count == width * height else {
            throw .invalidSize(reason: "\(width)×\(height) grey needs \(width * height) samples, got \(pixels.count)")
        }
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// For sizes that are known to be good, such as those of another bitmap.
    init(trustedWidth width: Int, height: Int, pixels: [UInt8]) {
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// The sample in column `x` and row `y`, which must be inside the picture.
    public subscript(x: Int, y: Int) -> UInt8 { pixels[y * width + x] }
}

/// A colour of 8 bits a channel.
public struct RGBColor: Hashable, Codable, Sendable {
    public var red: UInt8
    public var green: UInt8
    public var blue: UInt8

    public init(red: UInt8, green: UInt8, blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    public static let black = RGBColor(red: 0, green: 0, blue: 0)
    public static let white = RGBColor(red: 255, green: 255, blue: 255)

    /// From 0xRRGGBB.
    init(hex: UInt32) {
        self.init(
            red: UInt8(truncatingIfNeeded: hex >> 16), green: UInt8(truncatingIfNeeded: hex >> 8),
            blue: UInt8(truncatingIfNeeded: hex))
    }
}

enum PictureSize {
    /// Of a picture that takes memory.
    static func check(_ width: Int, _ height: Int) throws(PhotoError) {
        try checkSides(width, height)
        guard width * height <= Bitmap.largestCount else {
            throw .invalidSize(reason: "\(width)×\(height) pixels are more than \(Bitmap.largestCount)")
        }
    }

    /// Of a photo of which only the place of things is computed: it may have been decoded at a smaller scale.
    static func checkSides(_ width: Int, _ height: Int) throws(PhotoError) {
        for side in [width, height] where !(1...Bitmap.longestSide).contains(side) {
            throw .invalidSize(reason: "a side of \(side) pixels is not in 1...\(Bitmap.longestSide)")
        }
    }
}
