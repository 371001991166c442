internal import Foundation

/// What the application segments of a JPEG file say of its picture.
struct JPEGMetadata {
    /// Bytes of an extended XMP packet; more is not looked through for one number.
    private static let longestPacket = 4 << 20

    /// Payloads of the APP1 and APP2 segments, in the order of the file.
    private let segments: [(number: Int, payload: BoundedBytes)]

    init(_ segments: [(number: Int, payload: BoundedBytes)]) { self.segments = segments }

    /// The first EXIF block with an orientation that makes sense, or else what XMP says: as ExifTool and the viewers do,
    /// EXIF wins where both say something. `nil` where neither does; the photo is then shown as stored.
    var orientation: EXIFOrientation? {
        let blocks = payloads(1)
        if let found = blocks.lazy.compactMap({ EXIFOrientation(segment: $0) }).first { return found }
        return packets(blocks).lazy.compactMap { XMPOrientation.read($0) }.first
    }

    /// Maker and model of the first EXIF block that says one; `nil` where none does.
    var camera: String? { payloads(1).lazy.compactMap { EXIFCamera.name(inSegment: $0) }.first }

    /// Put together from its parts (ICC.1:2010, B.4): each APP2 segment says which of how many it is. `nil` where one
    /// is missing.
    var colourProfile: Data? {
        let marker = Array("ICC_PROFILE".utf8) + [0]
        var parts: [UInt8: BoundedBytes] = [:]
        var count: UInt8 = 0
        for payload in payloads(2) {
            guard payload.begins(with: marker), let number = payload.byte(marker.count),
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

    private func payloads(_ number: Int) -> [BoundedBytes] {
        segments.filter { $0.number == number }.map(\.payload)
    }

    /// The XMP packets (ISO 16684-3, 7.4): the standard ones, then the extended one, whose parts say where in it they
    /// belong.
    private func packets(_ blocks: [BoundedBytes]) -> [[UInt8]] {
        let standard = Array("http://ns.adobe.com/xap/1.0/".utf8) + [0]
        let extended = Array("http://ns.adobe.com/xmp/extension/".utf8) + [0]
        // After the name: 32 bytes that say which packet, its length, and the part's offset.
        let header = extended.count + 32 + 4 + 4
        var parts: [(offset: UInt32, bytes: BoundedBytes)] = []
        for block in blocks where block.begins(with: extended) {
            guard let offset = block.uint32(header - 4, littleEndian: false),
                let bytes = block.slice(header, count: block.count - header)
            else { continue }
            parts.append((offset, bytes))
        }
        parts.sort { $0.offset < $1.offset }
        let packets = blocks.filter { $0.begins(with: standard) }.map { Array($0.bytes.dropFirst(standard.count)) }
        guard !parts.isEmpty, parts.reduce(0, { $0 + $1.bytes.count }) <= Self.longestPacket else { return packets }
        return packets + [parts.flatMap { Array($0.bytes.bytes) }]
    }
}
