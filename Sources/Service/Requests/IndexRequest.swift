import DatasetSearch
import Execution
import Files
import Foundation
import Inbox
import Photos
import Socket
import WireProtocol

/// Answers `index`: every photo of a folder goes into the unit index, and what is no longer there leaves it.
struct IndexRequest: Sendable {
    let models: ModelStore
    let permitted: PermittedFolders
    let indexes: UnitIndexes

    /// How many photos that cannot be read the answer names.
    private static let namedFailures = 1000

    private struct Found: Sendable {
        var photos: [(path: FilePath, identity: FileIdentity)] = []
        var unreadable: [FilePath: String] = [:]
    }

    func index(_ parameters: IndexParameters, _ context: RequestContext) async throws -> IndexResult {
        let watch = Stopwatch()
        let model = try models.requested(parameters.model)
        let folder = try await permitted.folder(parameters.folder, member: "folder")
        let reader = UnitReader(model: model, index: try await indexes.index(of: model))
        context.progress(fraction: 0, message: "looking for photos")
        let found = try await FileWork.run(on: folder) { IndexRequest.photos(in: folder) }
        if let reason = found.unreadable[folder] { throw RPCError(.badParameter, reason) }

        var result = IndexResult(folder: folder.string, model: Sidecar.Model(model))
        for (path, reason) in found.unreadable.sorted(by: { $0.key < $1.key }) {
            result.skip(path, reason, limit: IndexRequest.namedFailures)
        }
        for (number, photo) in found.photos.enumerated() {
            try Task.checkCancellation()
            context.progress(
                fraction: Double(number) / Double(found.photos.count),
                message: "\(number) of \(found.photos.count) photos")
            do {
                switch try await take(photo.path, photo.identity, reader) {
                case .known: result.known += 1
                case .copied: result.copied += 1
                case .indexed: result.indexed += 1
                }
            } catch let error as UnreadablePhoto {
                try await skip(photo.path, "\(error)", reader, &result)
            } catch let error as FileError {
                try await skip(photo.path, "\(error)", reader, &result)
            } catch let error as DatasetSearchError {
                guard case .notFinite = error else { throw error }
                try await skip(photo.path, "\(error)", reader, &result)
            }
        }
        // Last, so that a photo that was moved is known by its new name before the old one goes.
        result.removed = try await forgetMissing(folder, found, reader)
        result.photos = try await reader.index.photoCount()
        result.bytes = try await IndexRequest.bytes(of: reader.index)
        result.seconds = (watch.total / 1000).rounded(toPlaces: 1)
        return result
    }

    private enum Outcome { case known, copied, indexed }

    private func take(_ path: FilePath, _ identity: FileIdentity, _ reader: UnitReader) async throws -> Outcome {
        let file = UnitIndex.File(path, identity)
        let before = try await reader.index.photo(at: file.path)
        if let before, before.files.contains(file) { return .known }
        let read = try await reader.prepare(path, identity) { try await reader.index.contains(sha256: $0) }
        guard let photo = read.photo else {
            // Between question and answer its last file may have left.
            if try await reader.index.add(read.file, sha256: read.sha256) {
                return before?.sha256 == read.sha256 ? .known : .copied
            }
            return try await take(path, identity, reader)
        }
        let peaks = try await reader.model.unitPeaks(of: photo.input.tensor, as: .archivePhoto)
        try await reader.index.add(
            read.file, sha256: read.sha256, width: photo.photo.width, height: photo.photo.height, peaks: peaks)
        return .indexed
    }

    private func skip(
        _ path: FilePath, _ reason: String, _ reader: UnitReader, _ result: inout IndexResult
    ) async throws {
        try await reader.index.remove(Data(path.bytes))
        result.skip(path, reason, limit: IndexRequest.namedFailures)
    }

    /// Files of the folder that were not found leave the index, but those in folders that could not be read.
    private func forgetMissing(_ folder: FilePath, _ found: Found, _ reader: UnitReader) async throws -> Int {
        let present = Set(found.photos.map(\.path))
        var removed = 0
        var last: Data?
        while true {
            try Task.checkCancellation()
            let page = try await reader.index.files(inside: Data(folder.bytes), after: last, limit: 1000)
            guard let end = page.last else { return removed }
            last = end.path
            let missing = page.filter { file in
                !present.contains(file.filePath)
                    && !found.unreadable.keys.contains { file.filePath.isInside($0) }
            }
            for (file, answer) in zip(missing, await FileStatus.regularFiles(at: missing.map(\.filePath))) {
                // A photo that the inbox took in since the walk is no reason to forget it.
                guard case .success(nil) = answer else { continue }
                if try await reader.index.remove(file.path) { removed += 1 }
            }
        }
    }

    private static func photos(in folder: FilePath) -> Found {
        var scan = InboxScan(of: folder)
        var found = Found()
        while true {
            let findings = scan.next(atMost: 256)
            if findings.isEmpty { break }
            for finding in findings {
                switch finding {
                case .photo(let path, let identity): found.photos.append((path, identity))
                case .unreadable(let error): found.unreadable[error.path] = "\(error)"
                case .leftover, .unread, .sidecar: break
                }
            }
        }
        // Of equal answers the photo that was indexed first comes first: the order is not to be the file system's.
        found.photos.sort { $0.path < $1.path }
        return found
    }

    private static func bytes(of index: UnitIndex) async throws -> Int {
        try await FileWork.run(on: FilePath(index.path)) {
            ["", "-wal"].reduce(0) { sum, suffix in
                sum + ((try? FileStatus(of: FilePath(index.path + suffix)).identity.size).map(Int.init(clamping:)) ?? 0)
            }
        }
    }
}

extension IndexResult {
    fileprivate mutating func skip(_ path: FilePath, _ reason: String, limit: Int) {
        skipped += 1
        if failures.count < limit { failures[path.string] = reason }
    }
}
