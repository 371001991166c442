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

    /// The part of the upright picture that the stored rows from `row` on become.
    ///
    /// - Parameters:
    ///   - row: 0…`height`.
    ///   - width, height: of the stored picture, in pixels.
    /// - Returns: in pixels of the upright picture.
    func rectangle(ofRowsFrom row: Int, width: Int, height: Int) -> PixelRectangle {
        let (first, count, across) = (Double(row), Double(height - row), Double(width))
        switch self {
        case .upright, .mirrored: return PixelRectangle(x: 0, y: first, width: across, height: count)
        case .upsideDown, .mirroredUpsideDown: return PixelRectangle(x: 0, y: 0, width: across, height: count)
        case .transposed, .turnedRight: return PixelRectangle(x: first, y: 0, width: count, height: across)
        case .turnedLeft, .transversed: return PixelRectangle(x: 0, y: 0, width: count, height: across)
        }
    }

    /// Reads the payload of an APP1 segment; `nil` where it is no EXIF block or says nothing that makes sense.
    ///
    /// The block begins with "Exif" and two zeros (JEITA CP-3451, 4.7.2.1). As ExifTool does, other cases of the letters,
    /// one zero, and a few bytes before or after are passed over: what counts is the TIFF header that follows.
    init?(segment: BoundedBytes) {
        let name = Array("exif".utf8)
        let marker = (0...4).first { start in
            name.indices.allSatisfy { (segment.byte(start + $0) ?? 0) | 0x20 == name[$0] }
        }
        guard let marker else { return nil }
        let header = (marker + name.count...marker + name.count + 6).first { start in
            TIFFHeader(segment, at: start) != nil
        }
        guard let header, let tiff = segment.slice(header, count: segment.count - header) else { return nil }
        self.init(tiff: tiff)
    }

    /// Reads a TIFF structure; `nil` where it makes no sense or says nothing.
    ///
    /// Tag 274 of the first directory (TIFF 6.0, section 2): the second one is the thumbnail's. A directory that is cut
    /// off is read as far as it goes; an entry whose value makes no sense is passed over.
    init?(tiff: BoundedBytes) {
        guard let header = TIFFHeader(tiff, at: 0),
            let entries = tiff.uint16(header.directory, littleEndian: header.isLittleEndian)
        else { return nil }
        for index in 0..<Int(entries) {
            let entry = TIFFEntry(tiff, at: header.directory + 2 + index * 12, littleEndian: header.isLittleEndian)
            guard let entry else { return nil }
            if entry.tag == 274, let value = entry.integers.compactMap(EXIFOrientation.init(rawValue:)).first {
                self = value
                return
            }
        }
        return nil
    }
}

/// The first eight bytes of a TIFF structure (TIFF 6.0, section 2).
private struct TIFFHeader {
    let isLittleEndian: Bool
    /// Where the first directory lies.
    let directory: Int

    init?(_ bytes: BoundedBytes, at offset: Int) {
        switch (bytes.byte(offset), bytes.byte(offset + 1)) {
        case (0x49, 0x49): isLittleEndian = true
        case (0x4d, 0x4d): isLittleEndian = false
        default: return nil
        }
        guard bytes.uint16(offset + 2, littleEndian: isLittleEndian) == 42,
            let directory = bytes.uint32(offset + 4, littleEndian: isLittleEndian)
        else { return nil }
        self.directory = Int(directory)
    }
}

/// An entry of a directory: twelve bytes, whose value lies elsewhere where it is longer than four.
private struct TIFFEntry {
    let tag: UInt16
    private let type: UInt16
    private let count: Int
    private let bytes: BoundedBytes
    private let offset: Int
    private let isLittleEndian: Bool

    init?(_ bytes: BoundedBytes, at offset: Int, littleEndian: Bool) {
        guard let tag = bytes.uint16(offset, littleEndian: littleEndian),
            let type = bytes.uint16(offset + 2, littleEndian: littleEndian),
            let count = bytes.uint32(offset + 4, littleEndian: littleEndian), bytes.byte(offset + 11) != nil
        else { return nil }
        (self.tag, self.type, self.count) = (tag, type, Int(count))
        (self.bytes, self.offset, isLittleEndian) = (bytes, offset, littleEndian)
    }

    /// The first value as a whole number. Unsigned short is what the standard asks for; programs write every other type.
    ///
    /// Values that do not fit into the entry lie elsewhere. Where so many only seem to be there, because the count is
    /// wrong, the one in the entry itself is meant: it comes second.
    var integers: [Int] {
        let inline = value(at: offset + 8)
        guard let size = TIFFEntry.sizes[type], size > 4 || count > 4 / size else { return [inline].compactMap { $0 } }
        let elsewhere = bytes.uint32(offset + 8, littleEndian: isLittleEndian).flatMap { value(at: Int($0)) }
        return [elsewhere, size > 4 ? nil : inline].compactMap { $0 }
    }

    /// Bytes of a value by its type (TIFF 6.0, section 2).
    private static let sizes: [UInt16: Int] = [
        1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
    ]

    private func value(at offset: Int) -> Int? {
        func long(_ offset: Int) -> UInt32? { bytes.uint32(offset, littleEndian: isLittleEndian) }
        switch type {
        case 1, 7: return bytes.byte(offset).map(Int.init)
        case 2: return bytes.byte(offset).map { Int($0) - 0x30 }
        case 6: return bytes.byte(offset).map { Int(Int8(bitPattern: $0)) }
        case 3: return bytes.uint16(offset, littleEndian: isLittleEndian).map(Int.init)
        case 8: return bytes.uint16(offset, littleEndian: isLittleEndian).map { Int(Int16(bitPattern: $0)) }
        case 4, 13: return long(offset).map(Int.init)
        case 9: return long(offset).map { Int(Int32(bitPattern: $0)) }
        case 5, 10:
            guard let numerator = long(offset), let denominator = long(offset + 4), denominator > 0,
                numerator % denominator == 0
            else { return nil }
            return Int(numerator / denominator)
        case 11: return long(offset).flatMap { Int(exactly: Float(bitPattern: $0)) }
        case 12:
            guard let first = long(offset), let second = long(offset + 4) else { return nil }
            let (low, high) = isLittleEndian ? (first, second) : (second, first)
            return Int(exactly: Double(bitPattern: UInt64(high) << 32 | UInt64(low)))
        default: return nil
        }
    }
}
