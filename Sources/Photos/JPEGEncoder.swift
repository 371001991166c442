internal import CJPEG
public import Foundation
internal import WireProtocol

/// Writes baseline JPEG files, with a comment that tells them from a person's.
public enum JPEGEncoder {
    /// How finely colours are kept beside brightness.
    public enum ChromaSampling: Sendable {
        /// 4:4:4: coloured text and outlines stay sharp.
        case full
        /// 4:2:0: as cameras do; smaller and faster.
        case halved
    }

    /// - Parameter quality: libjpeg's scale, clamped to 1...100.
    /// - Throws: `PhotoError.encodingFailed` or `.outOfMemory`.
    public static func encode(
        _ bitmap: Bitmap, quality: Int = 90, chroma: ChromaSampling = .full
    ) throws(PhotoError) -> Data {
        try encode(
            bitmap.pixels, width: bitmap.width, height: bitmap.height, components: 3, quality: quality, chroma: chroma)
    }

    /// A single-plane JPEG.
    ///
    /// - Parameter quality: libjpeg's scale, clamped to 1...100.
    /// - Throws: `PhotoError.encodingFailed` or `.outOfMemory`.
    public static func encode(_ bitmap: GreyBitmap, quality: Int = 90) throws(PhotoError) -> Data {
        try encode(
            bitmap.pixels, width: bitmap.width, height: bitmap.height, components: 1, quality: quality, chroma: .full)
    }

    private static func encode(
        _ pixels: [UInt8], width: Int, height: Int, components: Int32, quality: Int, chroma: ChromaSampling
    ) throws(PhotoError) -> Data {
        var bytes: UnsafeMutablePointer<UInt8>?
        var length = 0
        var message = [CChar](repeating: 0, count: Int(CJPEG_MESSAGE_LENGTH))
        let status = cjpeg_encode(
            pixels, UInt32(width), UInt32(height), components, Int32(min(max(quality, 1), 100)), chroma == .halved,
            SidecarKind.pictureComment, &bytes, &length, &message)
        guard status != CJPEG_OUT_OF_MEMORY else { throw .outOfMemory }
        guard status == CJPEG_OK, let bytes else {
            let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw .encodingFailed(reason: String(decoding: text, as: UTF8.self))
        }
        return Data(bytesNoCopy: bytes, count: length, deallocator: .free)
    }
}
