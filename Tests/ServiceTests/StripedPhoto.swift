import Foundation
import Photos
import TestSupport

/// Photos for the networks of which it is known where they look (`Conformance/make_verdict_fixtures.py`).
enum StripedPhoto {
    /// 96×96 pixels: even squares that differ from photo to photo, and stripes where they are wanted.
    static func jpeg(_ number: Int, corner: Bool, centre: Bool = false) throws -> Data {
        var pixels: [UInt8] = []
        for y in 0..<96 {
            for x in 0..<96 {
                let isStriped =
                    corner && x < 28 && y < 28 || centre && (32..<64).contains(x) && (32..<64).contains(y)
                let grey = isStriped ? (x % 4 < 2 ? 255 : 0) : 100 + (x / 12 * 7 + y / 12 * 5 + number * 3) % 97
                pixels += [UInt8](repeating: UInt8(grey), count: 3)
            }
        }
        return try JPEGEncoder.encode(try Bitmap(width: 96, height: 96, pixels: pixels))
    }

    /// A folder with these fixture networks.
    static func models(_ names: String...) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in names {
            try FileManager.default.copyItem(
                at: RunningDaemon.root.appending(path: "Tests/Fixtures/models/\(name)"),
                to: URL(filePath: folder.path).appending(path: name))
        }
        return folder
    }

    /// Writes photos into a new folder below `parent`.
    static func folder(_ name: String, in parent: String, _ photos: [Data]) throws {
        let folder = URL(filePath: parent).appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (number, photo) in photos.enumerated() { try photo.write(to: folder.appending(path: "\(number).jpg")) }
    }
}
