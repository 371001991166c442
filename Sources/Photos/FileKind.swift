/// Tells what a file is that no ``PhotoFormat`` reads, so that the error can say it.
enum FileKind {
    /// "a PNG image" and the like; `nil` where the first bytes say nothing.
    static func describe(_ bytes: UnsafeRawBufferPointer) -> String? {
        let head = Array(bytes.prefix(64))
        func begins(_ text: String, at offset: Int = 0) -> Bool {
            head.dropFirst(offset).starts(with: text.utf8)
        }
        if head.starts(with: [0x89, 0x50, 0x4e, 0x47]) { return "a PNG image" }
        if begins("GIF8") { return "a GIF image" }
        if begins("RIFF"), begins("WEBP", at: 8) { return "a WebP image" }
        if begins("ftyp", at: 4) { return isoMedia(brand: head.dropFirst(8).prefix(4)) }
        if head.starts(with: [0x49, 0x49, 0x2a, 0]) || head.starts(with: [0x4d, 0x4d, 0, 0x2a]) {
            return "a TIFF image or a camera's raw file"
        }
        if begins("BM") { return "a BMP image" }
        if begins("%PDF") { return "a PDF document" }
        if head.starts(with: [0x50, 0x4b, 3, 4]) { return "a ZIP archive" }
        if head.starts(with: [0xff, 0x0a]) || begins("JXL ", at: 4) { return "a JPEG XL image" }
        if begins("jP  ", at: 4) { return "a JPEG 2000 image" }
        let isText = head.allSatisfy { $0 >= 0x20 && $0 != 0x7f || [0x09, 0x0a, 0x0d].contains($0) }
        return isText && !head.isEmpty ? "a text file" : nil
    }

    private static func isoMedia(brand: ArraySlice<UInt8>) -> String {
        switch String(decoding: brand, as: UTF8.self) {
        case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1": "a HEIC image"
        case "avif", "avis": "an AVIF image"
        default: "a video"
        }
    }
}
