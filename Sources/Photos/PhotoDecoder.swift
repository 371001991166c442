public import Foundation

/// Reads photos of every kind in ``PhotoFormats`` as upright 8-bit RGB.
public enum PhotoDecoder {
    /// Decodes `data`, at the smallest of the scales 1/8, 2/8 … 8/8 that still serves `target`; a format that knows no
    /// scales, at full size.
    ///
    /// A file that ends early is decoded as far as it goes; ``DecodedPhoto/damage`` says what is missing.
    ///
    /// - Throws: `PhotoError`; never traps, whatever the bytes. ``DecodeLimits`` are checked from the header, before
    ///   anything in proportion to the picture is allocated.
    public static func decode(
        _ data: Data, for target: DecodeTarget = .fullScale, limits: DecodeLimits = .current
    ) throws(PhotoError) -> DecodedPhoto {
        try data.withBytes { bytes throws(PhotoError) in
            let file = try open(bytes, limits: limits)
            let (orientation, upright) = (file.orientation, file.uprightSize)
            let size = try file.setScale(eighths: target.eighths(width: upright.width, height: upright.height))
            // Twice where the picture must be turned.
            let copies = orientation == .upright ? 3 : 6
            try check(size.width * size.height * copies, limits.decodedBytes, "the decoded photo")

            let (pixels, damage) = try file.readRGB(maximumScans: limits.scans)
            let bitmap = Bitmap(trustedWidth: size.width, height: size.height, pixels: pixels)
            return DecodedPhoto(
                bitmap: bitmap.upright(from: orientation), width: upright.width, height: upright.height,
                scale: Double(size.eighths) / 8, colourProfile: file.colourProfile, camera: file.camera,
                damage: damage.map { PhotoDamage($0, of: orientation, width: file.width, height: file.height) })
        }
    }

    /// The size of the upright photo, from the header alone.
    ///
    /// - Throws: `PhotoError` as ``decode(_:for:limits:)`` does.
    public static func size(
        of data: Data, limits: DecodeLimits = .current
    ) throws(PhotoError) -> (width: Int, height: Int) {
        try data.withBytes { bytes throws(PhotoError) in
            try open(bytes, limits: limits).uprightSize
        }
    }

    private static func open(
        _ bytes: UnsafeRawBufferPointer, limits: DecodeLimits
    ) throws(PhotoError) -> any OpenPhoto {
        guard !bytes.isEmpty else { throw .emptyFile }
        guard bytes.count <= limits.fileBytes else { throw .fileTooLarge(bytes: bytes.count, limit: limits.fileBytes) }
        let file = try PhotoFormats.open(bytes)
        guard file.width * file.height <= limits.pixels else {
            throw .tooManyPixels(width: file.width, height: file.height, limit: limits.pixels)
        }
        try check(file.workingMemory.bytes, limits.coefficientBytes, file.workingMemory.purpose)
        return file
    }

    private static func check(_ bytes: Int, _ limit: Int, _ purpose: String) throws(PhotoError) {
        guard bytes <= limit else { throw .tooMuchMemory(bytes: bytes, limit: limit, purpose: purpose) }
    }
}

/// A photo as it should be looked at: turned upright.
public struct DecodedPhoto: Sendable {
    /// Upright; ``scale`` times the full size, rounded up.
    public let bitmap: Bitmap
    /// Width of the upright photo at full size, in pixels.
    public let width: Int
    /// Height of the upright photo at full size, in pixels.
    public let height: Int
    /// 1/8, 2/8 … 1: the scale at which the file was decoded.
    public let scale: Double
    /// The ICC profile that the file carries, as it is. The bitmap's colours are the file's; none is converted.
    public let colourProfile: Data?
    /// The camera's maker and model, where the file says them.
    public let camera: String?
    /// Where the file is damaged and the picture not all there.
    public let damage: PhotoDamage?

    /// One sentence where the file is damaged.
    public var warning: String? { damage?.sentence }

    /// The part of ``bitmap`` that the file does not have, in its pixels; `nil` where all is there.
    public var missing: PixelRectangle? {
        damage?.missing(onBitmapOfWidth: bitmap.width, height: bitmap.height, photo: (width, height))
    }
}

/// What a photo is decoded for, and hence how large it must be.
public enum DecodeTarget: Hashable, Sendable {
    case fullScale
    /// Sides of at least twice the network's input, so that the resize to it still averages (Pillow's
    /// `reducing_gap=2.0`), and a long side of at least `longSide`, for the overlay; never enlarged.
    case atLeast(inputWidth: Int, inputHeight: Int, longSide: Int)

    /// The smallest n for which the upright photo at n/8 is large enough; 8 where none is.
    func eighths(width: Int, height: Int) -> Int {
        guard case .atLeast(let inputWidth, let inputHeight, let longSide) = self else { return 8 }
        func serves(_ eighths: Int) -> Bool {
            // As libjpeg rounds. Halved rather than doubled: no caller's number can overflow.
            let scaledWidth = (width * eighths + 7) / 8, scaledHeight = (height * eighths + 7) / 8
            return scaledWidth / 2 >= inputWidth && scaledHeight / 2 >= inputHeight
                && max(scaledWidth, scaledHeight) >= longSide
        }
        return (1..<8).first(where: serves) ?? 8
    }
}

extension OpenPhoto {
    /// In pixels of the upright photo at full scale.
    fileprivate var uprightSize: (width: Int, height: Int) {
        orientation.swapsSides ? (height, width) : (width, height)
    }
}

extension Data {
    /// `withUnsafeBytes` with a typed error.
    fileprivate func withBytes<R>(
        _ body: (UnsafeRawBufferPointer) throws(PhotoError) -> R
    ) throws(PhotoError) -> R {
        try withUnsafeBytes { bytes in Result { () throws(PhotoError) in try body(bytes) } }.get()
    }
}
