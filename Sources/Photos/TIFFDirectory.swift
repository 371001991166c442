/// The first directory of a TIFF structure, which EXIF blocks consist of (TIFF 6.0, section 2): the second one is the
/// thumbnail's.
struct TIFFDirectory {
    private let tiff: BoundedBytes
    private let header: TIFFHeader
    private let count: Int

    /// - Parameter tiff: begins with the header; `nil` where it does not, or the directory lies outside.
    init?(_ tiff: BoundedBytes) {
        guard let header = TIFFHeader(tiff, at: 0),
            let count = tiff.uint16(header.directory, littleEndian: header.isLittleEndian)
        else { return nil }
        (self.tiff, self.header, self.count) = (tiff, header, Int(count))
    }

    /// The TIFF structure in the payload of an APP1 segment; `nil` where it is no EXIF block.
    ///
    /// The block begins with "Exif" and two zeros (JEITA CP-3451, 4.7.2.1). As ExifTool does, other cases of the letters,
    /// one zero, and a few bytes before or after are passed over: what counts is the TIFF header that follows.
    static func structure(inSegment segment: BoundedBytes) -> BoundedBytes? {
        let name = Array("exif".utf8)
        let marker = (0...4).first { start in
            name.indices.allSatisfy { (segment.byte(start + $0) ?? 0) | 0x20 == name[$0] }
        }
        guard let marker else { return nil }
        let header = (marker + name.count...marker + name.count + 6).first { start in
            TIFFHeader(segment, at: start) != nil
        }
        return header.flatMap { segment.slice($0, count: segment.count - $0) }
    }

    /// The entries with a tag, in their order. A directory that is cut off is read as far as it goes.
    func entries(tagged tag: UInt16) -> [TIFFEntry] {
        var found: [TIFFEntry] = []
        for index in 0..<count {
            guard
                let entry = TIFFEntry(
                    tiff, at: header.directory + 2 + index * 12, littleEndian: header.isLittleEndian)
            else { break }
            if entry.tag == tag { found.append(entry) }
        }
        return found
    }
}

/// The first eight bytes of a TIFF structure (TIFF 6.0, section 2).
struct TIFFHeader {
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
struct TIFFEntry {
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

    /// The bytes of an ASCII value up to the first zero; `nil` of other types, and where they lie outside of the structure.
    var text: String? {
        guard type == 2, count > 0 else { return nil }
        let start = count > 4 ? bytes.uint32(offset + 8, littleEndian: isLittleEndian).map(Int.init) : offset + 8
        guard let start, let value = bytes.slice(start, count: count) else { return nil }
        return String(decoding: value.bytes.prefix { $0 != 0 }, as: UTF8.self)
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
