/// Bytes that answer `nil` outside of their bounds.
struct BoundedBytes {
    let bytes: Slice<UnsafeRawBufferPointer>

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
