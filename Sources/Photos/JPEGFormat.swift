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
    private let file: UnsafeRawBufferPointer
    private let decoder: OpaquePointer
    private var scaled = (width: 0, height: 0)

    /// Reads up to the first scan.
    init(_ bytes: UnsafeRawBufferPointer) throws(PhotoError) {
        guard let decoder = cjpeg_decoder_create() else { throw .outOfMemory }
        var header = cjpeg_header()
        let status = cjpeg_decoder_read_header(decoder, bytes.baseAddress, bytes.count, &header)
        if let error = PhotoError(status, decoder) {
            cjpeg_decoder_destroy(decoder)
            throw error
        }
        self.decoder = decoder
        file = bytes
        (width, height) = (Int(header.width), Int(header.height))
        workingMemory = (Int(clamping: header.coefficient_bytes), "its progressive coefficients")
    }

    deinit { cjpeg_decoder_destroy(decoder) }

    /// As the EXIF block says (JEITA CP-3451, 4.7.2.1). One that makes no sense is as none: the photo is shown as stored.
    var orientation: EXIFOrientation {
        let marker = Array("Exif".utf8) + [0, 0]
        let block = JPEGSegments(BoundedBytes(file)).first { $0.marker == 0xe1 && $0.payload.begins(with: marker) }
        let tiff = block.flatMap { $0.payload.slice(marker.count, count: $0.payload.count - marker.count) }
        return tiff.flatMap(EXIFOrientation.init(tiff:)) ?? .upright
    }

    /// Put together from its parts (ICC.1:2010, B.4): each APP2 segment says which of how many it is. `nil` where one
    /// is missing.
    var colourProfile: Data? {
        let marker = Array("ICC_PROFILE".utf8) + [0]
        var parts: [UInt8: BoundedBytes] = [:]
        var count: UInt8 = 0
        for segment in JPEGSegments(BoundedBytes(file)) {
            let payload = segment.payload
            guard segment.marker == 0xe2, payload.begins(with: marker), let number = payload.byte(marker.count),
                let total = payload.byte(marker.count + 1)
            else { continue }
            count = total
            parts[number] = payload.slice(marker.count + 2, count: payload.count - marker.count - 2)
        }
        guard count > 0 else { return nil }
        var profile = Data()
        for number in 1...count {
            guard let part = parts[number] else { return nil }
            profile.append(contentsOf: part.bytes)
        }
        return profile
    }

    /// libjpeg leaves the higher frequencies out: a picture at half the scale is decoded in a quarter of the time.
    func setScale(eighths: Int) throws(PhotoError) -> (eighths: Int, width: Int, height: Int) {
        var width: UInt32 = 0
        var height: UInt32 = 0
        let status = cjpeg_decoder_set_scale(decoder, Int32(eighths), &width, &height)
        if let error = PhotoError(status, decoder) { throw error }
        scaled = (Int(width), Int(height))
        return (eighths, scaled.width, scaled.height)
    }

    func readRGB(maximumScans: Int) throws(PhotoError) -> (pixels: [UInt8], warning: String?) {
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
        return (pixels, report.warning(height: height))
    }
}

extension PhotoError {
    /// `nil` where all went well.
    fileprivate init?(_ status: cjpeg_status, _ decoder: OpaquePointer) {
        switch status {
        case CJPEG_OK: return nil
        case CJPEG_OUT_OF_MEMORY: self = .outOfMemory
        case CJPEG_TRUNCATED: self = .truncated
        case CJPEG_UNSUPPORTED: self = .unsupportedJPEG(reason: String(cString: cjpeg_decoder_message(decoder)))
        default: self = .corrupt(reason: String(cString: cjpeg_decoder_message(decoder)))
        }
    }
}

extension cjpeg_report {
    /// What to tell the person about a picture that could be decoded, but not cleanly.
    fileprivate func warning(height: Int) -> String? {
        if ends_early, Int(readable_rows) < height {
            let percent = Int(readable_rows) * 100 / max(height, 1)
            return "the file ends early: \(percent) % of the rows are there, the rest is grey; copy the photo again"
        }
        if ends_early {
            return "the file ends early: the picture is complete but may be coarse; copy the photo again"
        }
        guard warnings > 0 else { return nil }
        let message = withUnsafeBytes(of: first_warning) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return "the file is damaged, parts of the picture may be wrong: \(message)"
    }
}

/// The segments of a JPEG file before its first scan (T.81, B.1.1.4).
private struct JPEGSegments: Sequence, IteratorProtocol {
    private let file: BoundedBytes
    /// Behind the start-of-image marker.
    private var offset = 2

    init(_ file: BoundedBytes) { self.file = file }

    mutating func next() -> (marker: UInt8, payload: BoundedBytes)? {
        while let fill = file.byte(offset), fill == 0xff, let marker = file.byte(offset + 1) {
            switch marker {
            case 0xff:
                offset += 1
            case 0x01, 0xd0...0xd7:
                offset += 2
            case 0xd9, 0xda:
                return nil
            default:
                guard let length = file.uint16(offset + 2, littleEndian: false), length >= 2 else { return nil }
                let payload = file.slice(offset + 4, count: Int(length) - 2)
                offset += 2 + Int(length)
                // Of a segment that is cut off nothing is read, and none can follow.
                guard let payload else { return nil }
                return (marker, payload)
            }
        }
        return nil
    }
}
