import Digests
import Execution
import Files
import Foundation
import Inbox
import Logging

/// Tells one state of a model's folder from another without reading what is large: names, sizes and times of its files.
/// Links, of which the caches of model hubs consist, are followed.
struct FolderState: Hashable, Sendable {
    private let files: [String: FileIdentity]

    @available(*, noasync, message: "call it within FileWork.run")
    init(of folder: URL) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        var files: [String: FileIdentity] = [:]
        for name in names {
            let file = FilePath(folder.appending(path: name).resolvingSymlinksInPath().path)
            files[name] = (try? FileStatus(of: file))?.identity
        }
        self.files = files
    }
}

extension ModelStore {
    /// The networks that see the inbox's photos.
    var inboxModels: [LoadedModel] { [photoModel, segmenter].compactMap { $0 } + verdictNetworks.all }

    /// What judges the inbox's photos; nil where no network reads photos.
    var judge: PhotoJudge? {
        guard let photoModel else { return nil }
        var digest = SHA256()
        for model in inboxModels { digest.update(Data("\(model.sha256) \(model.settingsSHA256) ".utf8)) }
        return PhotoJudge(network: photoModel.sha256, everything: String(digest.hexDigest().prefix(16)))
    }

    /// The state of each model's folder in `directories`, by name.
    ///
    /// - Throws: `ModelStoreError` where there is no such folder.
    @available(*, noasync, message: "call it within FileWork.run")
    static func folderStates(in directories: [URL]) throws(ModelStoreError) -> [String: FolderState] {
        var states: [String: FolderState] = [:]
        for folder in try folders(in: directories).used { states[folder.lastPathComponent] = FolderState(of: folder) }
        return states
    }

    /// The models that are in `directories` now: those named `unchanged` as they are in memory, the others loaded beside
    /// them. A model that cannot be loaded is listed as refused; see ``keepingOld(of:)``.
    ///
    /// - Throws: `ModelStoreError` where there is no such folder.
    func reloaded(
        from directories: [URL], roots: [String], unchanged: Set<String>, threads: Int?, algorithms: AlgorithmChoice,
        weights: URL?, logger: Logger
    ) throws(ModelStoreError) -> ModelStore {
        let links = ModelLinks(directories: directories, roots: roots)
        var models: [LoadedModel] = []
        var refused: [Refused] = []
        let found = try ModelStore.folders(in: directories)
        for folder in found.used {
            let name = folder.lastPathComponent
            if unchanged.contains(name), let known = model(named: name), known.folder == folder {
                models.append(known)
            } else {
                do {
                    models.append(
                        try LoadedModel(
                            folder: folder, links: links, threads: threads, algorithms: algorithms, weights: weights))
                    logger.info("model loaded", metadata: ["model": "\(name)"])
                } catch {
                    refused.append(Refused(folder: folder, error: error))
                    logger.error("model refused", metadata: ["model": "\(name)", "error": "\(error)"])
                }
            }
        }
        return ModelStore(directories, models, refused, hidden: found.hidden)
    }

    /// The same with `old`'s model of a name where the new one of that name was refused: a network that works is not given
    /// up for one that does not. It stays listed as refused, with what is used instead.
    func keepingOld(of old: ModelStore) -> ModelStore {
        let kept = old.models.filter { model in refused.contains { $0.name == model.name } }
        guard !kept.isEmpty else { return self }
        let explained = refused.map { entry in
            kept.contains { $0.name == entry.name }
                ? Refused(
                    folder: entry.folder,
                    error: ModelError(
                        file: entry.error.file, reason: "\(entry.error.reason); the network loaded before stays in use")
                )
                : entry
        }
        return ModelStore(directories, (models + kept).sorted { $0.name < $1.name }, explained, hidden: hidden)
    }
}
