import Foundation

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
