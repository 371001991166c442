public import Execution
public import Foundation
import Interpretation
public import Logging
import Networks

/// The networks the daemon keeps in memory. Loaded at start, and where it is asked for again (``reloaded``).
public struct ModelStore: Sendable {
    /// A folder that holds a model that cannot be used, and why.
    public struct Refused: Sendable {
        public let folder: URL
        public let error: ModelError

        public var name: String { folder.lastPathComponent }
    }

    /// Where they are from; of models with the same name the first folder's is used.
    public let directories: [URL]
    /// By name.
    public let models: [LoadedModel]
    public let refused: [Refused]
    /// The classifier that the inbox's photos are explained with; the segmentation model where no classifier reads
    /// photos; nil where nothing does.
    public let photoModel: LoadedModel?
    /// The segmentation model for the inbox. Works beside ``photoModel`` where that is a classifier.
    public let segmenter: LoadedModel?
    /// Those that the verdict asks. They explain no photos of the inbox and make no masks for it.
    package let verdictNetworks: VerdictNetworks
    /// Model folders that are not used, since a folder before has a model of the same name.
    public let hidden: [URL]
    /// How they were chosen, where a person should know.
    package let remarks: [String]

    /// Loads every model folder in `directories`, or one of them itself where it is one. A model that cannot be loaded is
    /// logged and listed, and does not keep the others from being used. There may be none.
    ///
    /// - Parameters:
    ///   - roots: further folders into which links in model folders may lead.
    ///   - threads: of each network's kernels; the processor's cores where nil.
    ///   - algorithms: how convolutions are computed, of all of them.
    ///   - weights: the folder on whose disk weights are kept as their files have them; in memory where nil.
    /// - Throws: `ModelStoreError` where there is no such folder.
    public init(
        directories: [URL], roots: [String] = [], threads: Int? = nil, algorithms: AlgorithmChoice = .standard,
        weights: URL? = nil, logger: Logger
    ) throws(ModelStoreError) {
        let links = ModelLinks(directories: directories, roots: roots)
        var models: [LoadedModel] = []
        var refused: [Refused] = []
        let found = try ModelStore.folders(in: directories)
        for folder in found.used {
            do {
                let model = try LoadedModel(
                    folder: folder, links: links, threads: threads, algorithms: algorithms, weights: weights)
                models.append(model)
                logger.info(
                    "model loaded",
                    metadata: ["model": "\(model.name)", "parameters": "\(model.network.graph.parameterCount)"])
                for remark in model.remarks {
                    logger.notice("\(remark)", metadata: ["model": "\(model.name)"])
                }
            } catch {
                refused.append(Refused(folder: folder, error: error))
                logger.error("model refused", metadata: ["model": "\(folder.lastPathComponent)", "error": "\(error)"])
            }
        }
        self.init(directories, models, refused, hidden: found.hidden)
    }

    init(_ directories: [URL], _ models: [LoadedModel], _ refused: [Refused], hidden: [URL]) {
        self.directories = directories
        self.hidden = hidden
        self.models = models
        self.refused = refused
        let readers = models.filter { $0.preprocessor != nil }
        func choose(_ role: ModelRole) -> StandardModel {
            StandardModel(among: readers.filter { $0.role == role }, as: role)
        }
        let (classifiers, segmenters) = (choose(.classifier), choose(.segmenter))
        let (finders, opinions) = (choose(.finder), choose(.opinion))
        segmenter = segmenters.model
        photoModel = classifiers.model ?? segmenters.model
        verdictNetworks = VerdictNetworks(finder: finders.model, opinion: opinions.model)
        remarks =
            [classifiers, segmenters, finders, opinions].compactMap(\.remark)
            + [opinions.model?.unknownNames(of: classifiers.model)].compactMap { $0 }
            + hidden.map { folder in
                let used = (models.map(\.folder) + refused.map(\.folder)).first {
                    $0.lastPathComponent == folder.lastPathComponent
                }
                return "the network in \(folder.path) is not used, since "
                    + "\(used?.deletingLastPathComponent().path ?? "another folder") has one of that name"
            }
    }

    /// The same without the photo models that fail when a photo goes through them: what loads and then fails at each photo
    /// is refused by name instead.
    ///
    /// - Parameters:
    ///   - onlyInbox: whether those that the inbox does not use are left untried.
    ///   - trial: takes a photo through a model, for the inbox as the inbox does it.
    func tried(
        onlyInbox: Bool = false, logger: Logger, _ trial: (LoadedModel, _ isForInbox: Bool) async throws -> Void
    ) async -> ModelStore {
        var store = self
        var tried: Set<String> = []
        while let model = store.inboxModels.first(where: { !tried.contains($0.name) }) {
            tried.insert(model.name)
            store = await store.without(model, logger: logger) { try await trial($0, true) }
        }
        guard !onlyInbox else { return store }
        for model in store.models where model.preprocessor != nil && !tried.contains(model.name) {
            store = await store.without(model, logger: logger) { try await trial($0, false) }
        }
        return store
    }

    private func without(
        _ model: LoadedModel, logger: Logger, ifFails trial: (LoadedModel) async throws -> Void
    ) async -> ModelStore {
        do {
            try await trial(model)
            return self
        } catch {
            let reason =
                (error as? ModelError)
                ?? ModelError(
                    file: "model.onnx",
                    reason:
                        "a photo does not go through it: \(error). See that preprocessor_config.json makes the input that "
                        + "the network takes, or remove that file to use the network without photos")
            logger.error("model refused", metadata: ["model": "\(model.name)", "error": "\(reason)"])
            return ModelStore(
                directories, models.filter { $0.name != model.name },
                (refused + [Refused(folder: model.folder, error: reason)]).sorted { $0.name < $1.name }, hidden: hidden)
        }
    }

    /// The model for requests that name none: the inbox's; where nothing reads photos, the one marked or the only one.
    public var standard: LoadedModel? {
        photoModel ?? models.first(where: \.isMarkedDefault) ?? (models.count == 1 ? models[0] : nil)
    }

    public func model(named name: String) -> LoadedModel? { models.first { $0.name == name } }

    /// What a person should know of the networks: that there is none for photos, which one was chosen, what was refused.
    var notices: [String] { choices + refused.map { "model '\($0.name)' was refused: \($0.error)" } }

    /// The same without what was refused.
    var choices: [String] {
        var notices: [String] = []
        if photoModel == nil {
            notices.append(
                "no network reads photos, so photos wait: put a folder with model.onnx, config.json and "
                    + "preprocessor_config.json into \(directories[0].path) and run "
                    + "'interpretctl models reload'")
            if let opinionModel = verdictNetworks.opinion {
                notices.append(
                    "'\(opinionModel.name)' gives second opinions only, since its interpret.json has \"doubt_below\"")
            }
        }
        notices += remarks
        if photoModel != nil {
            notices += models.filter { $0.isMarkedDefault && $0.preprocessor == nil }.map { model in
                "model '\(model.name)' is marked as the default and reads no photos, since its folder has no "
                    + "preprocessor_config.json"
            }
        }
        return notices
    }

    /// How long the network that has been silent longest has computed without a sign of progress; zero where none does.
    var stalled: Duration { models.map(\.network.session.stalled).max() ?? .zero }

    /// Has networks let go what they keep for later requests.
    func giveMemoryBack() async {
        for model in models { await model.network.session.giveMemoryBack() }
    }

    /// The model folders in `directories`, by name: those of the first folder that has the name, and the others.
    ///
    /// - Throws: `ModelStoreError` where one of the directories cannot be read.
    static func folders(in directories: [URL]) throws(ModelStoreError) -> (used: [URL], hidden: [URL]) {
        var used: [String: URL] = [:]
        var hidden: [URL] = []
        for directory in directories {
            for folder in try folders(in: directory) {
                if used[folder.lastPathComponent] == nil {
                    used[folder.lastPathComponent] = folder
                } else {
                    hidden.append(folder)
                }
            }
        }
        return (used.values.sorted { $0.lastPathComponent < $1.lastPathComponent }, hidden)
    }

    private static func folders(in directory: URL) throws(ModelStoreError) -> [URL] {
        if ModelFolder.isModel(directory) { return [directory] }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: directory.path) } catch {
            throw .unreadable(directory.path, error.localizedDescription)
        }
        return names.sorted().filter { !$0.hasPrefix(".") }.map { directory.appending(path: $0) }
            .filter(ModelFolder.isMeantAsModel)
    }

    /// Where models are looked for when nobody says: beside the checkout, and where `make install` puts them.
    ///
    /// - Parameter executable: path of the running program.
    public static func standardDirectories(executable: URL) -> [URL] {
        let folder = executable.resolvingSymlinksInPath().deletingLastPathComponent()
        var candidates = [URL(filePath: FileManager.default.currentDirectoryPath).appending(path: "Models")]
        candidates.append(folder.appending(path: "../share/interpretd/Models").standardized)
        // .build/<platform>/<configuration>/interpretd in a checkout.
        candidates.append(folder.appending(path: "../../../Models").standardized)
        return candidates
    }
}

/// Why the daemon has no network to work with.
public enum ModelStoreError: Error, CustomStringConvertible {
    case unreadable(String, String)
    case noPhotoModel([String])
    case cannotReadPhotos(String)

    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "the folder of models \(path) cannot be read (\(reason)); name one with --models"
        case .noPhotoModel(let notices): notices.joined(separator: "; ")
        case .cannotReadPhotos(let name):
            "model '\(name)' cannot be used for photos: its folder has no preprocessor_config.json"
        }
    }
}
