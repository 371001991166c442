import Foundation
import Testing

/// C-ordered float32 `.npy` files of version 1.
enum NPYValues {
    static func read(_ url: URL) throws -> [Float] { try read(try Data(contentsOf: url)) }

    static func read(_ data: Data) throws -> [Float] {
        try #require(data.count > 10)
        let start = 10 + Int(data[data.startIndex + 8]) + Int(data[data.startIndex + 9]) << 8
        return data.dropFirst(start).withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
    }

    /// The largest difference, as a share of the largest expected magnitude.
    static func relativeError(of actual: [Float], to expected: [Float]) -> Float {
        guard actual.count == expected.count else { return .infinity }
        let magnitude = expected.map(abs).max() ?? 0
        return (zip(actual, expected).map { abs($0 - $1) }.max() ?? .infinity) / magnitude
    }
}
