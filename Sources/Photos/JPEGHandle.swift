internal import CJPEG
internal import Foundation

/// A libjpeg decompressor: created, used and destroyed in one place. `bytes` of ``readHeader(_:)`` must outlive it.
struct JPEGHandle: ~Copyable {
    private let decoder: OpaquePointer

    init() throws(PhotoError) {
        guard let decoder = cjpeg_decoder_create() else { throw .outOfMemory }
        self.decoder = decoder
    }

    deinit { cjpeg_decoder_destroy(decoder) }

    /// Reads up to the first scan; nothing in proportion to the picture is allocated.
    func readHeader(_ bytes: UnsafeRawBufferPointer) throws(PhotoError) -> cjpeg_header {
        var header = cjpeg_header()
        try check(cjpeg_decoder_read_header(decoder, bytes.baseAddress, bytes.count, &header))
        return header
    }

    /// The size that decoding at `eighths`/8 gives.
    func setScale(eighths: Int) throws(PhotoError) -> (width: Int, height: Int) {
        var width: UInt32 = 0
        var height: UInt32 = 0
        try check(cjpeg_decoder_set_scale(decoder, Int32(eighths), &width, &height))
        return (Int(width), Int(height))
    }

    /// Decodes to interleaved RGB of the size that ``setScale(eighths:)`` gave.
    func readRGB(width: Int, height: Int, maximumScans: Int) throws(PhotoError) -> (pixels: [UInt8], cjpeg_report) {
        let count = width * height * 3
        var report = cjpeg_report()
        var status = CJPEG_OK
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            let scans = Int32(clamping: maximumScans)
            status = cjpeg_decoder_read_rgb(decoder, scans, target.baseAddress, count, &report)
            initialized = status == CJPEG_OK ? count : 0
        }
        do {
            try check(status)
        } catch .tooManyScans {
            throw .tooManyScans(limit: maximumScans)
        }
        return (pixels, report)
    }

    private func check(_ status: cjpeg_status) throws(PhotoError) {
        switch status {
        case CJPEG_OK: return
        case CJPEG_OUT_OF_MEMORY: throw .outOfMemory
        case CJPEG_TOO_MANY_SCANS: throw .tooManyScans(limit: 0)
        case CJPEG_TRUNCATED: throw .truncated
        case CJPEG_UNSUPPORTED: throw .unsupportedJPEG(reason: String(cString: cjpeg_decoder_message(decoder)))
        default: throw .corrupt(reason: String(cString: cjpeg_decoder_message(decoder)))
        }
    }
}

extension cjpeg_report {
    /// What to tell the person about a picture that could be decoded, but not cleanly.
    func warning(height: Int) -> String? {
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
