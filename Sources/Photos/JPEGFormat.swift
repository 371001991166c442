internal import CJPEG
internal import Foundation

/// JPEG files (ITU-T T.81): baseline and progressive, grey, RGB, YCbCr, CMYK and YCCK.
struct JPEGFormat: PhotoFormat {
    /// The first two bytes of every file: the start-of-image marker (B.1.1.3).
    func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 2 && bytes[0] == 0xff && bytes[1] == 0xd8
    }

    func open(_ bytes: UnsafeRawBufferPointer) throws(PhotoError) -> any OpenPhoto {
        try OpenJPEG(bytes)
    }
}

/// A libjpeg decompressor: created, used and destroyed in one place.
private final class OpenJPEG: OpenPhoto {
    let width: Int
    let height: Int
    let workingMemory: (bytes: Int, purpose: String)
    private let decoder: OpaquePointer
    /// The file, where its height had to be filled in; `nil` where the caller's bytes are read.
    private let ownCopy: UnsafeMutableRawBufferPointer?
    private let metadata: JPEGMetadata
    private var scaled = (width: 0, height: 0)

    /// Reads up to the first scan.
    init(_ bytes: UnsafeRawBufferPointer) throws(PhotoError) {
        let file = UnsafeRawBufferPointer(rebasing: bytes.prefix(OpenJPEG.meaningfulCount(bytes)))
        var copy: UnsafeMutableRawBufferPointer?
        var opened = try OpenJPEG.header(file)
        if opened == nil, let filled = JPEGLineCount.filledIn(BoundedBytes(file)) {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: filled.count, alignment: 1)
            buffer.copyBytes(from: filled)
            copy = buffer
            do {
                opened = try OpenJPEG.header(UnsafeRawBufferPointer(buffer))
            } catch {
                buffer.deallocate()
                throw error
            }
        }
        guard let (decoder, header) = opened else {
            copy?.deallocate()
            throw .unsupportedJPEG(reason: "its header does not say how large the picture is")
        }
        self.decoder = decoder
        ownCopy = copy
        metadata = JPEGMetadata(OpenJPEG.segments(of: decoder))
        (width, height) = (Int(header.width), Int(header.height))
        workingMemory = (Int(clamping: header.coefficient_bytes), "its progressive coefficients")
    }

    /// The header of a file; `nil` where it declares no height or no width.
    private static func header(
        _ bytes: UnsafeRawBufferPointer
    ) throws(PhotoError) -> (decoder: OpaquePointer, header: cjpeg_header)? {
        guard let decoder = cjpeg_decoder_create() else { throw .outOfMemory }
        var header = cjpeg_header()
        let status = cjpeg_decoder_read_header(decoder, bytes.baseAddress, bytes.count, &header)
        let error = PhotoError(status, decoder)
        if error != nil || status == CJPEG_NO_SIZE { cjpeg_decoder_destroy(decoder) }
        if let error { throw error }
        return status == CJPEG_NO_SIZE ? nil : (decoder, header)
    }

    /// The file's length without the zeros that a copy which was broken off leaves at its end: they would be decoded as
    /// a picture. A few zeros may belong to the last scan.
    private static func meaningfulCount(_ bytes: UnsafeRawBufferPointer) -> Int {
        var count = bytes.count
        while count > 0, bytes[count - 1] == 0 { count -= 1 }
        return bytes.count - count > 64 ? count : bytes.count
    }

    private static func segments(of decoder: OpaquePointer) -> [(number: Int, payload: BoundedBytes)] {
        var segments: [(number: Int, payload: BoundedBytes)] = []
        var number: Int32 = 0
        var bytes: UnsafePointer<UInt8>?
        var length = 0
        // Walked from the start for each, but there are few; a file of very many is cut short.
        while segments.count < 4096, cjpeg_decoder_segment(decoder, segments.count, &number, &bytes, &length) {
            segments.append((Int(number), BoundedBytes(UnsafeRawBufferPointer(start: bytes, count: length))))
        }
        return segments
    }

    deinit {
        cjpeg_decoder_destroy(decoder)
        ownCopy?.deallocate()
    }

    /// As ``JPEGMetadata`` finds it.
    var orientation: EXIFOrientation { metadata.orientation ?? .upright }

    var colourProfile: Data? { metadata.colourProfile }

    var camera: String? { metadata.camera }

    /// libjpeg leaves the higher frequencies out: a picture at half the scale is decoded in a quarter of the time.
    func setScale(eighths: Int) throws(PhotoError) -> (eighths: Int, width: Int, height: Int) {
        var width: UInt32 = 0
        var height: UInt32 = 0
        let status = cjpeg_decoder_set_scale(decoder, Int32(eighths), &width, &height)
        if let error = PhotoError(status, decoder) { throw error }
        scaled = (Int(width), Int(height))
        return (eighths, scaled.width, scaled.height)
    }

    func readRGB(maximumScans: Int) throws(PhotoError) -> (pixels: [UInt8], damage: StoredDamage?) {
        let count = scaled.width * scaled.height * 3
        var report = cjpeg_report()
        var status = CJPEG_OK
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            let scans = Int32(clamping: maximumScans)
            status = cjpeg_decoder_read_rgb(decoder, scans, target.baseAddress, count, &report)
            initialized = status == CJPEG_OK ? count : 0
        }
        if status == CJPEG_TOO_MANY_SCANS { throw .tooManyScans(limit: maximumScans) }
        if let error = PhotoError(status, decoder) { throw error }
        return (pixels, report.damage(height: height))
    }
}

extension PhotoError {
    /// `nil` where all went well.
    fileprivate init?(_ status: cjpeg_status, _ decoder: OpaquePointer) {
        switch status {
        case CJPEG_OK, CJPEG_NO_SIZE: return nil
        case CJPEG_OUT_OF_MEMORY: self = .outOfMemory
        case CJPEG_TRUNCATED: self = .truncated
        case CJPEG_UNSUPPORTED: self = .unsupportedJPEG(reason: String(cString: cjpeg_decoder_message(decoder)))
        case CJPEG_TOO_LARGE: self = .sideTooLong(limit: Bitmap.longestSide)
        default: self = .corrupt(reason: String(cString: cjpeg_decoder_message(decoder)))
        }
    }
}

extension cjpeg_report {
    /// What is wrong with a picture that could be decoded, but not cleanly.
    fileprivate func damage(height: Int) -> StoredDamage? {
        if ends_early { return StoredDamage(kind: .endsEarly, readableRows: Int(readable_rows)) }
        guard warnings > 0 else { return nil }
        let message = withUnsafeBytes(of: first_warning) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return StoredDamage(kind: .wrongData(message), readableRows: height)
    }
}
