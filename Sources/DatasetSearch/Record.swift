import Foundation
import Tensors

/// How entries, peaks, marks and maps lie in the database: little-endian records without padding, one behind the other.
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

    /// Numbers in half precision, scaled by the largest, which comes first, so that none overflows.
    static func data(ofHalves values: [Float]) -> Data {
        let largest = values.reduce(0) { max($0, $1.magnitude) }
        let factor = largest > 0 && largest.isFinite ? largest : 1
        var data = Data(capacity: 4 + 2 * values.count)
        append(factor.bitPattern, to: &data)
        for value in values { append((value / factor).halfPattern, to: &data) }
        return data
    }

    static func halves(_ data: Data) -> [Float] {
        data.withUnsafeBytes { bytes in
            guard bytes.count >= 4 else { return [] }
            let factor = Float(bitPattern: load(bytes, 0))
            return (0..<(bytes.count - 4) / 2).map { factor * Float(halfPattern: load(bytes, 4 + 2 * $0)) }
        }
    }

    private static func append<Value: FixedWidthInteger>(_ value: Value, to data: inout Data) {
        withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
    }

    private static func load<Value: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Value {
        Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
}
