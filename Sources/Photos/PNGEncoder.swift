internal import CPNG
public import Foundation

/// Writes PNG files: charts, whose lines and letters JPEG would blur.
public enum PNGEncoder {
    /// - Throws: `PhotoError.encodingFailed`.
    public static func encode(_ bitmap: Bitmap) throws(PhotoError) -> Data {
        var image = png_image()
        image.version = cpng_version
        image.width = UInt32(bitmap.width)
        image.height = UInt32(bitmap.height)
        image.format = cpng_rgb
        defer { png_image_free(&image) }
        // Asked for the size first.
        var size: png_alloc_size_t = 0
        guard png_image_write_to_memory(&image, nil, &size, 0, bitmap.pixels, 0, nil) != 0 else {
            throw .encodingFailed(reason: message(image))
        }
        var data = Data(count: Int(size))
        let isWritten = data.withUnsafeMutableBytes { bytes in
            png_image_write_to_memory(&image, bytes.baseAddress, &size, 0, bitmap.pixels, 0, nil) != 0
        }
        guard isWritten else { throw .encodingFailed(reason: message(image)) }
        return data.prefix(Int(size))
    }

    private static func message(_ image: png_image) -> String {
        withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
