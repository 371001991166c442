internal import CPNG
public import Foundation

/// Writes PNG files of 8 bits a sample: charts and pictures whose lines and letters JPEG would blur. Through the part of
/// libpng that never jumps out of its caller.
public enum PNGEncoder {
    /// - Throws: `PhotoError.encodingFailed`.
    public static func encode(_ bitmap: Bitmap) throws(PhotoError) -> Data {
        try encode(bitmap.pixels, width: bitmap.width, height: bitmap.height, format: cpng_rgb)
    }

    /// A file of one channel.
    ///
    /// - Throws: `PhotoError.encodingFailed`.
    public static func encode(_ bitmap: GreyBitmap) throws(PhotoError) -> Data {
        try encode(bitmap.pixels, width: bitmap.width, height: bitmap.height, format: cpng_grey)
    }

    private static func encode(
        _ pixels: [UInt8], width: Int, height: Int, format: png_uint_32
    ) throws(PhotoError) -> Data {
        var image = png_image()
        image.version = cpng_image_version
        image.width = png_uint_32(width)
        image.height = png_uint_32(height)
        image.format = format
        defer { png_image_free(&image) }
        var length = cpng_largest_file(&image)
        var file = Data(count: length)
        let isWritten = file.withUnsafeMutableBytes { bytes in
            png_image_write_to_memory(&image, bytes.baseAddress, &length, 0, pixels, 0, nil) != 0
        }
        guard isWritten else {
            let message = withUnsafeBytes(of: image.message) { $0.prefix { $0 != 0 }.map { $0 } }
            throw .encodingFailed(reason: String(decoding: message, as: UTF8.self))
        }
        return file.prefix(length)
    }
}
