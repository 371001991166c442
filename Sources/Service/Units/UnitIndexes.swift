import DatasetSearch
import Digests
import Files
import Foundation
import Logging
import Photos

/// The daemon's unit indexes: one file a network and inbox in the state folder, opened when it is first needed.
actor UnitIndexes {
    private let folder: URL
    private let inboxKey: String
    private let logger: Logger
    /// By the index's key; begun once, however many ask meanwhile.
    private var opened: [String: Task<UnitIndex, any Error>] = [:]

    /// - Parameters:
    ///   - folder: for the files.
    ///   - inbox: daemons for several inboxes may share the folder.
    init(folder: URL, inbox: URL, logger: Logger) {
        self.folder = folder
        inboxKey = UnitIndexes.digest(inbox.path)
        self.logger = logger
    }

    /// The index of the photos that `model` has seen. A network that was replaced, or whose photos are prepared in
    /// another way now, begins a new one; the old one is removed.
    ///
    /// - Throws: `ModelStoreError` where the model reads no photos, `DatasetSearchError`, `FileError`.
    func index(of model: LoadedModel) async throws -> UnitIndex {
        let key = try UnitIndexes.key(of: model)
        let opening =
            opened[key]
            ?? Task { [folder, inboxKey, logger] in
                try await FileWork.run(on: FilePath(folder.path), patience: FileWork.writingPatience) {
                    try UnitIndexes.open(model, key, in: folder, inboxKey, logger)
                }
            }
        opened[key] = opening
        do {
            return try await opening.value
        } catch {
            // The next one who asks tries again.
            if opened[key] == opening { opened[key] = nil }
            throw error
        }
    }

    /// Names a network and how photos are prepared for it.
    private static func key(of model: LoadedModel) throws -> String {
        guard let preprocessor = model.preprocessor, !model.indexedLayers.isEmpty else {
            throw ModelStoreError.cannotReadPhotos(model.name)
        }
        let preparation = try JSONEncoder.sorted.encode(preprocessor.configuration)
        return digest("1 \(model.sha256) \(String(decoding: preparation, as: UTF8.self))")
    }

    private static func open(
        _ model: LoadedModel, _ key: String, in folder: URL, _ inboxKey: String, _ logger: Logger
    ) throws -> UnitIndex {
        let family = "units-\(inboxKey)-\(UnitIndexes.digest(model.name))-"
        let name = "\(family)\(key).sqlite"
        for old in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        where old.hasPrefix(family) && !old.hasPrefix(name) {
            try? FileManager.default.removeItem(at: folder.appending(path: old))
            logger.notice("the unit index of a network that was replaced is removed", metadata: ["file": "\(old)"])
        }
        return try UnitIndex(at: folder.appending(path: name).path, layers: model.indexedLayers)
    }

    private static func digest(_ text: String) -> String { String(SHA256.hexDigest(of: Data(text.utf8)).prefix(12)) }
}

extension JSONEncoder {
    fileprivate static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return encoder
    }
}

extension UnitIndex.File {
    init(_ path: FilePath, _ identity: FileIdentity) {
        self.init(path: Data(path.bytes), size: identity.size, modified: identity.modified)
    }

    var filePath: FilePath { FilePath(bytes: Array(path)) }
}
