import Digests
package import Files
package import Foundation
package import Inbox
package import Photos
import Synchronization
import WireProtocol

/// Small upright pictures of photos, made once and kept in a folder.
///
/// A picture's name is made of the photo's path, size and time, so that one of an older photo is never shown for it.
package final class Thumbnails: Sendable {
    /// The longest side, in pixels.
    package enum Size: Int, Sendable, CaseIterable {
        /// For thousands of photos in one file; made of the small one.
        case tiny = 200
        /// For walls of photos.
        case small = 360
        /// For one photo on a screen.
        case large = 1600

        fileprivate var quality: Int { self == .tiny ? 72 : 82 }
    }

    /// Of all that is kept; the pictures that were made first go when it is more.
    private static let limit = 512 << 20
    private static let checkEvery = 200
    /// At a time: the photos of the inbox come first.
    private static let makers = 2

    private let folder: FilePath
    private let turns = Turns(Thumbnails.makers)
    private let written = Atomic(0)

    /// - Parameter folder: made where it is missing.
    package init(folder: FilePath) {
        self.folder = folder
    }

    /// The picture as JPEG.
    ///
    /// - Throws: `FileError`, `PhotoError`.
    package func picture(of record: Inbox.PhotoRecord, _ size: Size) async throws -> Data {
        let file = file(of: record, size)
        if let kept = await read(file) { return kept }
        return try await turns.take {
            var data: Data?
            if size == .tiny { data = await self.read(self.file(of: record, .small)) }
            if data == nil { data = try await Thumbnails.photo(record.path) }
            let picture = try Thumbnails.picture(of: data ?? Data(), longSide: size.rawValue, quality: size.quality)
            await self.keep(picture, as: file)
            return picture
        }
    }

    /// The overlay beside a photo, as large as ``Size/small``; not kept.
    ///
    /// - Throws: `FileError`, `PhotoError`.
    package func overlay(of record: Inbox.PhotoRecord) async throws -> Data {
        try await turns.take {
            try Thumbnails.picture(
                of: try await Thumbnails.photo(record.path.sidecar(.overlay)), longSide: Size.small.rawValue)
        }
    }

    private static func photo(_ path: FilePath) async throws -> Data {
        try await FileWork.run(on: path) { try OpenFile(path).contents(atMost: DecodeLimits.current.fileBytes) }
    }

    private func file(of record: Inbox.PhotoRecord, _ size: Size) -> FilePath {
        let identity = record.identity
        let key = Data(record.path.bytes) + Data("\u{0}\(identity.size)\u{0}\(identity.modified)".utf8)
        return folder.appending("\(SHA256.hexDigest(of: key).prefix(40))-\(size.rawValue).jpg")
    }

    private func read(_ file: FilePath) async -> Data? {
        try? await FileWork.run(on: file, { try OpenFile(file).contents(atMost: 16 << 20) })
    }

    /// - Parameter longSide: at most; smaller photos keep their size.
    package static func picture(of photo: Data, longSide: Int, quality: Int = 82) throws(PhotoError) -> Data {
        let decoded = try PhotoDecoder.decode(photo, for: .atLeast(inputWidth: 1, inputHeight: 1, longSide: longSide))
        var bitmap = decoded.bitmap
        let long = max(bitmap.width, bitmap.height)
        if long > longSide {
            func scaled(_ side: Int) -> Int { max(1, (side * longSide + long / 2) / long) }
            bitmap = try bitmap.resized(
                toWidth: scaled(bitmap.width), height: scaled(bitmap.height), filter: .bilinear)
        }
        return try JPEGEncoder.encode(bitmap, quality: quality, chroma: .halved)
    }

    /// A picture that cannot be kept is made again next time.
    private func keep(_ picture: Data, as file: FilePath) async {
        let prunes = written.add(1, ordering: .relaxed).oldValue % Thumbnails.checkEvery == 0
        try? await FileWork.run(on: file, patience: FileWork.writingPatience) { [folder] in
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            try picture.write(to: URL(filePath: file.string), options: .atomic)
            if prunes { try Thumbnails.prune(folder) }
        }
    }

    private static func prune(_ folder: FilePath) throws {
        let keys: [URLResourceKey] = [.fileSizeKey, .contentModificationDateKey]
        let files = try FileManager.default.contentsOfDirectory(
            at: URL(filePath: folder.string), includingPropertiesForKeys: keys
        ).map { url in
            let values = try url.resourceValues(forKeys: Set(keys))
            return (url, values.fileSize ?? 0, values.contentModificationDate ?? .distantPast)
        }
        var excess = files.map(\.1).reduce(0, +) - limit
        for (url, size, _) in files.sorted(by: { $0.2 < $1.2 }) where excess > 0 {
            try FileManager.default.removeItem(at: url)
            excess -= size
        }
    }
}

/// Lets so many do something at a time; the others wait in line.
private actor Turns {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    nonisolated func take<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        await enter()
        do {
            // Who has gone away while waiting wants no picture.
            try Task.checkCancellation()
            let value = try await body()
            await leave()
            return value
        } catch {
            await leave()
            throw error
        }
    }

    private func enter() async {
        if free > 0 {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
