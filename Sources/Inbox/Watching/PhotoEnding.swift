import Files
import Foundation

/// Whether a photo's file looks as if its writer were done: cameras and networks that write in several goes pause longer
/// than any quiet time, but a JPEG says where it ends (ITU-T T.81, B.1.1.3).
enum PhotoEnding {
    /// Bytes at the end that are looked at first: there the end marker stands nearly always.
    private static let tail = 4096

    /// `false` where the file begins as a JPEG and has no end of the picture; `true` also for what is no JPEG, is gone or
    /// cannot be read, since waiting would not help. Zeros and whatever else may follow the end.
    ///
    /// Reads the end of the file; the whole of it only where that does not tell.
    @available(*, noasync, message: "call it within FileWork.run")
    static func isWhole(_ path: FilePath) -> Bool {
        do {
            let file = try OpenFile(path)
            let size = file.status.identity.size
            guard try file.contents(from: 0, count: 2) == Data([0xff, 0xd8]) else { return true }
            var tail = try file.contents(from: max(2, size - Int64(Self.tail)), count: Self.tail)
            while tail.last == 0 { tail.removeLast() }
            if tail.suffix(2) == Data([0xff, 0xd9]) { return true }
            var finder = JPEGEndFinder()
            try file.readAll { finder.read($0) }
            return finder.hasEnded
        } catch {
            return true
        }
    }
}

/// Walks over a JPEG file, a piece at a time, to the end of its picture: over segments by their length, so that the end of
/// a thumbnail inside one is not taken for it, and over entropy-coded data byte by byte.
struct JPEGEndFinder {
    private enum Place {
        case between
        case afterFill
        case lengthHigh
        case lengthLow(high: UInt8)
        case segment(left: Int)
    }

    private var place = Place.between
    private var hasScan = false
    private(set) var hasEnded = false

    mutating func read(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        while index < bytes.count, !hasEnded {
            if case .segment(let left) = place {
                let passed = min(left, bytes.count - index)
                index += passed
                place = passed == left ? .between : .segment(left: left - passed)
                continue
            }
            step(bytes[index])
            index += 1
        }
    }

    private mutating func step(_ byte: UInt8) {
        switch place {
        case .between: if byte == 0xff { place = .afterFill }
        case .afterFill:
            switch byte {
            case 0xff: break
            // A stuffed byte of the data, and markers without a segment.
            case 0x00, 0x01, 0xd0...0xd8: place = .between
            case 0xd9:
                hasEnded = hasScan
                place = .between
            default:
                if byte == 0xda { hasScan = true }
                place = .lengthHigh
            }
        case .lengthHigh: place = .lengthLow(high: byte)
        case .lengthLow(let high):
            let left = (Int(high) << 8) + Int(byte) - 2
            place = left > 0 ? .segment(left: left) : .between
        case .segment: break
        }
    }
}
