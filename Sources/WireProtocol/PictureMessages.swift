public import Foundation

/// A kind of file that pictures are sent as.
public enum PictureFormat: String, Codable, Sendable, Hashable, CaseIterable {
    /// Small, and what every program reads.
    case jpeg
    /// Exact: no edge of a letter or a box is blurred.
    case png

    /// What is meant where nothing is said.
    public static let usual = PictureFormat.jpeg

    /// What the name of such a file ends with.
    public var fileEnding: String {
        switch self {
        case .jpeg: "jpg"
        case .png: "png"
        }
    }
}

/// The room there is for a picture, in pixels.
public struct PictureRoom: Codable, Sendable, Hashable {
    /// The longest side of a picture that is sent as pixels.
    public static let largestSide = 2048

    /// 1…``largestSide``.
    public var width: Int
    public var height: Int

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
}

/// A picture as pixels, for whoever shows it without reading files.
public struct PicturePixels: Codable, Sendable, Hashable {
    public var width: Int
    public var height: Int
    /// `height` × `width` × 3 samples of 8 bits, red, green, blue; rows from the top, pixels from the left.
    public var rgb: Data

    public init(width: Int, height: Int, rgb: Data) {
        self.width = width
        self.height = height
        self.rgb = rgb
    }
}
