/// How the camera was held: the TIFF tag Orientation (274) in the EXIF block of a JPEG file (JEITA CP-3451, 4.6.4).
enum EXIFOrientation: Int {
    case upright = 1
    case mirrored = 2
    case upsideDown = 3
    case mirroredUpsideDown = 4
    /// Stored rows are upright columns.
    case transposed = 5
    case turnedLeft = 6
    case transversed = 7
    case turnedRight = 8

    /// Whether the upright picture is as wide as the stored one is high.
    var swapsSides: Bool { rawValue >= 5 }

    /// The orientation a JPEG file declares. An EXIF block that makes no sense is as none: the photo is shown as stored.
    init(jpeg bytes: UnsafeRawBufferPointer) {
        self = EXIFOrientation.tiffBlock(inJPEG: bytes).flatMap(EXIFOrientation.read(tiff:)) ?? .upright
    }

    /// The TIFF structure in the first APP1 segment with EXIF data before the first scan.
    private static func tiffBlock(inJPEG bytes: UnsafeRawBufferPointer) -> BoundedBytes? {
        let file = BoundedBytes(bytes)
        var offset = 2
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
                if marker == 0xe1, let payload, payload.begins(with: Array("Exif".utf8) + [0, 0]) {
                    return payload.slice(6, count: payload.count - 6)
                }
                offset += 2 + Int(length)
            }
        }
        return nil
    }

    /// Tag 274 of the first directory (TIFF 6.0, section 2).
    private static func read(tiff: BoundedBytes) -> EXIFOrientation? {
        let littleEndian: Bool
        switch (tiff.byte(0), tiff.byte(1)) {
        case (0x49, 0x49): littleEndian = true
        case (0x4d, 0x4d): littleEndian = false
        default: return nil
        }
        guard tiff.uint16(2, littleEndian: littleEndian) == 42,
            let directory = tiff.uint32(4, littleEndian: littleEndian).map(Int.init),
            let entries = tiff.uint16(directory, littleEndian: littleEndian)
        else { return nil }
        for index in 0..<Int(entries) {
            let entry = directory + 2 + index * 12
            guard let tag = tiff.uint16(entry, littleEndian: littleEndian) else { return nil }
            guard tag == 274 else { continue }
            // Unsigned short is what the standard asks for; some programs write a long or a byte.
            let value: Int? =
                switch tiff.uint16(entry + 2, littleEndian: littleEndian) {
                case 1: tiff.byte(entry + 8).map(Int.init)
                case 3: tiff.uint16(entry + 8, littleEndian: littleEndian).map(Int.init)
                case 4: tiff.uint32(entry + 8, littleEndian: littleEndian).map(Int.init)
                default: nil
                }
            return value.flatMap(EXIFOrientation.init(rawValue:))
        }
        return nil
    }
}

/// Bytes that answer `nil` outside of their bounds.
private struct BoundedBytes {
    private let bytes: Slice<UnsafeRawBufferPointer>

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes[...] }

    private init(_ bytes: Slice<UnsafeRawBufferPointer>) { self.bytes = bytes }

    var count: Int { bytes.count }

    func byte(_ offset: Int) -> UInt8? {
        offset >= 0 && offset < bytes.count ? bytes[bytes.startIndex + offset] : nil
    }

    func uint16(_ offset: Int, littleEndian: Bool) -> UInt16? {
        guard let first = byte(offset), let second = byte(offset + 1) else { return nil }
        return littleEndian ? UInt16(second) << 8 | UInt16(first) : UInt16(first) << 8 | UInt16(second)
    }

    func uint32(_ offset: Int, littleEndian: Bool) -> UInt32? {
        guard let first = uint16(offset, littleEndian: littleEndian),
            let second = uint16(offset + 2, littleEndian: littleEndian)
        else { return nil }
        return littleEndian ? UInt32(second) << 16 | UInt32(first) : UInt32(first) << 16 | UInt32(second)
    }

    func slice(_ offset: Int, count: Int) -> BoundedBytes? {
        guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { return nil }
        let start = bytes.startIndex + offset
        return BoundedBytes(bytes[start..<start + count])
    }

    func begins(with prefix: [UInt8]) -> Bool { bytes.starts(with: prefix) }
}
