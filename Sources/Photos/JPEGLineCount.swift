/// JPEG files that do not know their height in advance: 0 in the frame header, and a DNL marker behind the first scan
/// (T.81, B.2.5). Libjpeg does not read them, but does once the height stands where it belongs.
enum JPEGLineCount {
    /// The file with its height filled in; `nil` where its header has a height, or no marker tells it.
    static func filledIn(_ file: BoundedBytes) -> [UInt8]? {
        var markers = JPEGMarkers(file)
        var frame: Int?
        while let (marker, offset) = markers.next() {
            switch marker {
            // Start of frame, of any process; C4, C8 and CC in between are other markers.
            case 0xc0...0xcf where ![0xc4, 0xc8, 0xcc].contains(marker):
                guard file.uint16(offset + 5, littleEndian: false) == 0 else { return nil }
                frame = offset + 5
            case 0xdc:
                guard let frame, let high = file.byte(offset + 4), let low = file.byte(offset + 5) else { return nil }
                guard high != 0 || low != 0 else { return nil }
                var filled = Array(file.bytes)
                (filled[frame], filled[frame + 1]) = (high, low)
                return filled
            case 0xd9: return nil
            default: break
            }
        }
        return nil
    }
}

/// The markers of a JPEG file (T.81, B.1.1), stray bytes and entropy-coded data passed over. Restart markers are left
/// out.
private struct JPEGMarkers {
    private let file: BoundedBytes
    /// Behind the start-of-image marker.
    private var position = 2

    init(_ file: BoundedBytes) { self.file = file }

    /// The marker's code, and where its first byte, 0xff, lies.
    mutating func next() -> (marker: UInt8, offset: Int)? {
        while let byte = file.byte(position) {
            guard byte == 0xff, let marker = file.byte(position + 1) else {
                position += 1
                continue
            }
            switch marker {
            case 0xff: position += 1
            // A stuffed 0xff of the data, and markers without a segment.
            case 0, 0x01, 0xd0...0xd8: position += 2
            case 0xd9:
                defer { position += 2 }
                return (marker, position)
            default:
                let offset = position
                // A segment that is cut off ends the file.
                let length = file.uint16(offset + 2, littleEndian: false).map(Int.init) ?? file.count
                position += 2 + max(length, 2)
                return (marker, offset)
            }
        }
        return nil
    }
}
