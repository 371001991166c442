import Foundation

/// One photo's answer in the list of a unit.
struct Entry: Hashable, Sendable {
    let peak: UnitPeaks.Peak
    let photo: UInt32

    /// The order of a list: stronger first, and of equals the photo that was indexed first. Total, since a photo stands
    /// in a list once.
    static func ranksBefore(_ a: Entry, _ b: Entry) -> Bool { a.mark.ranksBefore(b.mark) }

    var mark: Mark { Mark(value: peak.value, photo: photo) }
}

/// A place in the order of a list.
struct Mark: Hashable, Sendable {
    let value: Float
    let photo: UInt32

    func ranksBefore(_ other: Mark) -> Bool {
        value > other.value || (value == other.value && photo < other.photo)
    }

    /// Behind every entry.
    static let end = Mark(value: -.infinity, photo: .max)
}

/// How entries, peaks and marks lie in the database: little-endian records without padding, one behind the other.
enum Record {
    /// value, photo, y, x.
    static let entryBytes = 12
    /// value, y, x.
    static let peakBytes = 8
    /// value, photo.
    static let markBytes = 8

    static func data(of entries: [Entry]) -> Data {
        var data = Data(capacity: entries.count * entryBytes)
        for entry in entries {
            append(entry.peak.value.bitPattern, to: &data)
            append(entry.photo, to: &data)
            append(entry.peak.y, to: &data)
            append(entry.peak.x, to: &data)
        }
        return data
    }

    static func data(of peaks: [UnitPeaks.Peak]) -> Data {
        var data = Data(capacity: peaks.count * peakBytes)
        for peak in peaks {
            append(peak.value.bitPattern, to: &data)
            append(peak.y, to: &data)
            append(peak.x, to: &data)
        }
        return data
    }

    static func data(of marks: [Mark]) -> Data {
        var data = Data(capacity: marks.count * markBytes)
        for mark in marks {
            append(mark.value.bitPattern, to: &data)
            append(mark.photo, to: &data)
        }
        return data
    }

    /// What is cut off at the end is no record.
    static func entries(_ data: Data) -> [Entry] {
        data.withUnsafeBytes { bytes in
            (0..<bytes.count / entryBytes).map { index in
                let start = index * entryBytes
                return Entry(
                    peak: UnitPeaks.Peak(
                        value: Float(bitPattern: load(bytes, start)), y: load(bytes, start + 8),
                        x: load(bytes, start + 10)),
                    photo: load(bytes, start + 4))
            }
        }
    }

    static func peaks(_ data: Data) -> [UnitPeaks.Peak] {
        data.withUnsafeBytes { bytes in
            (0..<bytes.count / peakBytes).map { index in
                let start = index * peakBytes
                return UnitPeaks.Peak(
                    value: Float(bitPattern: load(bytes, start)), y: load(bytes, start + 4), x: load(bytes, start + 6))
            }
        }
    }

    static func marks(_ data: Data) -> [Mark] {
        data.withUnsafeBytes { bytes in
            (0..<bytes.count / markBytes).map { index in
                Mark(
                    value: Float(bitPattern: load(bytes, index * markBytes)), photo: load(bytes, index * markBytes + 4))
            }
        }
    }

    private static func append<Value: FixedWidthInteger>(_ value: Value, to data: inout Data) {
        withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
    }

    private static func load<Value: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Value {
        Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
}

/// Which photos are still in the index, for looking up many.
struct LivingPhotos {
    private let first: UInt32
    private let words: [UInt64]
    let count: Int

    /// - Parameter ids: ascending.
    init(_ ids: [UInt32]) {
        let first = ids.first ?? 0
        let span = Int((ids.last ?? 0) - first) + 1
        var words = [UInt64](repeating: 0, count: (span + 63) / 64)
        for id in ids { words[Int(id - first) / 64] |= 1 << UInt64(Int(id - first) % 64) }
        self.first = first
        self.words = words
        count = ids.count
    }

    func contains(_ id: UInt32) -> Bool {
        guard id >= first else { return false }
        let index = Int(id - first)
        return index / 64 < words.count && words[index / 64] >> UInt64(index % 64) & 1 == 1
    }
}
