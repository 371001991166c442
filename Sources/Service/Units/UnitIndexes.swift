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
    private var open: [String: UnitIndex] = [:]

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
    /// - Throws: `RPCError` where the model reads no photos, `DatasetSearchError`.
    func index(of model: LoadedModel) throws -> UnitIndex {
        guard let preprocessor = model.preprocessor, !model.indexedLayers.isEmpty else {
            throw ModelStoreError.cannotReadPhotos(model.name)
        }
        if let known = open[model.name] { return known }
        let preparation = try JSONEncoder.sorted.encode(preprocessor.configuration)
        let key = UnitIndexes.digest("1 \(model.sha256) \(String(decoding: preparation, as: UTF8.self))")
        let family = "units-\(inboxKey)-\(UnitIndexes.digest(model.name))-"
        let name = "\(family)\(key).sqlite"
        for old in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        where old.hasPrefix(family) && !old.hasPrefix(name) {
            try? FileManager.default.removeItem(at: folder.appending(path: old))
            logger.notice("the unit index of a network that was replaced is removed", metadata: ["file": "\(old)"])
        }
        let index = try UnitIndex(at: folder.appending(path: name).path, layers: model.indexedLayers)
        open[model.name] = index
        return index
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
