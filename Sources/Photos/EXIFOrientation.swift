/// How the camera was held: the TIFF tag Orientation (274) of an EXIF block (JEITA CP-3451, 4.6.4).
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

    /// Reads a TIFF structure; `nil` where it makes no sense or says nothing.
    init?(tiff: BoundedBytes) {
        guard let orientation = EXIFOrientation.read(tiff: tiff) else { return nil }
        self = orientation
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
