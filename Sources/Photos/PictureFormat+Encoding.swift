public import Foundation
public import WireProtocol

extension PictureFormat {
    /// A file of this format.
    ///
    /// - Throws: `PhotoError.encodingFailed` or `.outOfMemory`.
    public func encode(_ bitmap: Bitmap) throws(PhotoError) -> Data {
        switch self {
        case .jpeg: try JPEGEncoder.encode(bitmap)
        case .png: try PNGEncoder.encode(bitmap)
        }
    }

    /// A file of this format with one channel.
    ///
    /// - Throws: `PhotoError.encodingFailed` or `.outOfMemory`.
    public func encode(_ bitmap: GreyBitmap) throws(PhotoError) -> Data {
        switch self {
        case .jpeg: try JPEGEncoder.encode(bitmap)
        case .png: try PNGEncoder.encode(bitmap)
        }
    }
}
