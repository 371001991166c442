import Foundation
import Photos
import Tensors

/// The files that Conformance/photo_fixtures.py makes: JPEG files and what Pillow makes of them.
enum Fixtures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    static func data(_ name: String) throws -> Data {
        try Data(contentsOf: folder.appending(path: name))
    }

    static func tensor(_ name: String) throws -> Tensor {
        try Tensor(npy: data(name + ".npy"))
    }

    /// An array [h, w, 3] of samples.
    static func bitmap(_ name: String) throws -> Bitmap {
        let tensor = try tensor(name)
        return try Bitmap(width: tensor.shape[1], height: tensor.shape[0], pixels: tensor.values.map { UInt8($0) })
    }

    /// `../shared/photos` beside the package, which is not part of it.
    static let sharedPhotos = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "shared/photos")

    static var hasSharedPhotos: Bool {
        FileManager.default.fileExists(atPath: sharedPhotos.appending(path: "demo/cat.jpg").path)
    }
}

/// The largest difference of two samples; 256 where the sizes differ.
func largestDifference(_ a: Bitmap, _ b: Bitmap) -> Int {
    guard a.width == b.width, a.height == b.height else { return 256 }
    return zip(a.pixels, b.pixels).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
}

/// The largest difference of two values; infinite where the shapes differ.
func largestDifference(_ a: Tensor, _ b: Tensor) -> Float {
    guard a.shape.dimensions == b.shape.dimensions else { return .infinity }
    return zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

/// A map [h, w] with one hill.
func hill(width: Int, height: Int) throws -> Tensor {
    try Tensor(
        shape: Shape([height, width]),
        values: (0..<width * height).map { index in
            let x = (Double(index % width) + 0.5) / Double(width) - 0.5
            let y = (Double(index / width) + 0.5) / Double(height) - 0.5
            return Float(exp(-(x * x + y * y) * 20))
        })
}

/// Numbers that are the same in every run (splitmix64, Steele et al. 2014).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
