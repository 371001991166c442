import DatasetSearch
import Digests
import Execution
import Files
import Foundation
import Photos

/// One network's index and the photos it is about: reading them, and finding out what became of them.
struct UnitReader: Sendable {
    let model: LoadedModel
    let index: UnitIndex

    /// What a file of the index is now.
    enum Condition: String, Sendable {
        case unchanged
        /// Nothing lies there any more, though its folder is there and not empty.
        case gone
        /// Another picture lies there.
        case changed
        /// Cannot be told: the folder is missing or empty, as that of a disk that is not mounted, or may not be read.
        case unreachable
    }

    /// Looks at a file without reading it where size and time are as they were.
    static func condition(of file: UnitIndex.File, sha256: String) async -> Condition {
        let answer = try? await FileWork.run(on: file.filePath) { () throws(FileError) -> Condition in
            guard let identity = try FileStatus.regularFile(at: file.filePath) else {
                return hasNeighbours(file.filePath) ? .gone : .unreachable
            }
            if identity.size == file.size, identity.modified == file.modified { return .unchanged }
            return try SHA256.hexDigest(ofFile: file.filePath) == sha256 ? .unchanged : .changed
        }
        return answer ?? .unreachable
    }

    private static func hasNeighbours(_ path: FilePath) -> Bool {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path.folder.string) else { return false }
        return !names.isEmpty
    }

    /// Reads and decodes the photo at `path`.
    ///
    /// - Parameter known: whether the bytes of a digest need no decoding.
    /// - Returns: the file and its digest; with the decoded photo unless its bytes are known.
    /// - Throws: `FileError`, `UnreadablePhoto`.
    func prepare(
        _ path: FilePath, _ identity: FileIdentity, isKnown: (String) async throws -> Bool = { _ in false }
    ) async throws -> (file: UnitIndex.File, sha256: String, photo: PreparedPhoto?) {
        let read = try await NamedPhoto(reading: path)
        let digest = read.sha256
        let file = UnitIndex.File(path, identity)
        if try await isKnown(digest) { return (file, digest, nil) }
        return (file, digest, try PreparedPhoto(read, for: model))
    }

    /// Builds the lists anew, reading every photo of the index again. Goes on where an earlier one was interrupted.
    ///
    /// - Throws: `UnitSearchError.unreachable` where a photo cannot be read at the moment; `CancellationError`.
    func rebuild(progress: (Double) -> Void) async throws {
        try await index.beginRebuild()
        while let (photo, fraction) = try await index.nextToRebuild() {
            try Task.checkCancellation()
            progress(fraction)
            if let peaks = try await peaks(of: photo) { try await index.rebuild(photo, peaks) }
        }
        try await index.finishRebuild()
    }

    /// What the units answer to a photo of the index, read from a file that holds it still. Files that do not leave the
    /// index; nil where none is left.
    private func peaks(of photo: UnitIndex.Photo) async throws -> UnitPeaks? {
        var unreachable: FilePath?
        for file in photo.files {
            switch await UnitReader.condition(of: file, sha256: photo.sha256) {
            case .unreachable:
                unreachable = file.filePath
            case .gone, .changed:
                try await index.remove(file.path)
            case .unchanged:
                let path = file.filePath
                guard let identity = try await FileWork.run(on: path, { try FileStatus.regularFile(at: path) }) else {
                    continue
                }
                let read = try await prepare(path, identity)
                guard read.sha256 == photo.sha256, let prepared = read.photo else {
                    try await index.remove(file.path)
                    continue
                }
                return try await model.unitPeaks(of: prepared.input.tensor, as: .archivePhoto)
            }
        }
        if let unreachable { throw UnitSearchError.unreachable(unreachable.string) }
        return nil
    }
}
