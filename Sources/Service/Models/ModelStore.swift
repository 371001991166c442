public import Execution
public import Foundation
import Interpretation
public import Logging
import Networks

/// The networks the daemon keeps in memory. Loaded once, at start.
public struct ModelStore: Sendable {
    /// By name.
    public let models: [LoadedModel]
    /// Folders that hold a model that cannot be used, and why.
    public let refused: [(folder: URL, error: ModelError)]

    /// Loads every model folder in `directory`, or `directory` itself where it is one. A model that cannot be loaded is
    /// logged and listed, and does not keep the others from being used.
    ///
    /// - Parameters:
    ///   - threads: of each network's kernels; the processor's cores where nil.
    ///   - algorithms: how convolutions are computed, of all of them.
    /// - Throws: `ModelStoreError` where there is no model to work with.
    public init(
        directory: URL, threads: Int? = nil, algorithms: AlgorithmChoice = .standard, logger: Logger
    ) throws(ModelStoreError) {
        let folders = ModelStore.folders(in: directory)
        guard !folders.isEmpty else { throw .noModels(directory.path) }
        var models: [LoadedModel] = []
        var refused: [(folder: URL, error: ModelError)] = []
        for folder in folders {
            do {
                let model = try LoadedModel(folder: folder, threads: threads, algorithms: algorithms)
                models.append(model)
                logger.info(
                    "model loaded",
                    metadata: ["model": "\(model.name)", "parameters": "\(model.network.graph.parameterCount)"])
            } catch {
                refused.append((folder, error))
                logger.error("model refused", metadata: ["model": "\(folder.lastPathComponent)", "error": "\(error)"])
            }
        }
        if models.isEmpty, let (folder, error) = refused.first { throw .allRefused(folder.path, error) }
        self.models = models
        self.refused = refused
    }

    /// The model for requests that name none, and for the inbox: of the classifiers the one marked, or the only one;
    /// where there is no classifier, the same among the segmentation models.
    public var standard: LoadedModel? {
        let classifiers = models.filter { $0.task == .classification }
        return classifiers.isEmpty ? segmenter : ModelStore.standard(among: classifiers)
    }

    /// The segmentation model for the inbox: the one marked, or the only one. Works beside ``standard`` where that is a
    /// classifier.
    public var segmenter: LoadedModel? {
        ModelStore.standard(among: models.filter { $0.task == .segmentation && $0.preprocessor != nil })
    }

    private static func standard(among models: [LoadedModel]) -> LoadedModel? {
        if let marked = models.first(where: \.isMarkedDefault) { return marked }
        // Networks that read no photos, such as generators, are no candidates where others are.
        let readers = models.filter { $0.preprocessor != nil }
        return readers.count == 1 ? readers[0] : models.count == 1 ? models[0] : nil
    }

    public func model(named name: String) -> LoadedModel? { models.first { $0.name == name } }

    /// How long the network that has been silent longest has computed without a sign of progress; zero where none does.
    var stalled: Duration { models.map(\.network.session.stalled).max() ?? .zero }

    private static func folders(in directory: URL) -> [URL] {
        if ModelFolder.isModel(directory) { return [directory] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return names.sorted().filter { !$0.hasPrefix(".") }.map { directory.appending(path: $0) }
            .filter(ModelFolder.isModel)
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
    case noModels(String)
    case allRefused(String, ModelError)
    case noDefault([String])
    case cannotReadPhotos(String)

    public var description: String {
        switch self {
        case .noModels(let path):
            "no model folder in \(path); a model folder holds model.onnx, config.json and preprocessor_config.json"
        case .allRefused(let path, let error): "the model in \(path) cannot be used: \(error)"
        case .noDefault(let names):
            "several models are loaded (\(names.joined(separator: ", "))) and none is the default; "
                + "put {\"default\": true} into one's interpret.json"
        case .cannotReadPhotos(let name):
            "model '\(name)' cannot be used for photos: its folder has no preprocessor_config.json"
        }
    }
}
