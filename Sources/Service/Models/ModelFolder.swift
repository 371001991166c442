import Foundation
import Photos

/// A model folder as the Hugging Face hub lays it out: `model.onnx`, `config.json`, `preprocessor_config.json`, and
/// `interpret.json` for what those cannot say. All but the first may be missing.
struct ModelFolder {
    let url: URL
    /// Class names by index; empty where `config.json` names none.
    let labels: [String]
    let preprocessor: PreprocessorConfiguration?
    let settings: Settings
    /// What `config.json` says that it was trained as.
    let training: TrainingProblem?

    /// `interpret.json`.
    struct Settings: Decodable {
        /// What the network's output says; nil where its outputs are to tell.
        var task: ModelTask?
        var outputs = OutputSettings()
        /// Whether requests that name no model mean this one.
        var isDefault = false
        /// Labels that mean "nothing to find".
        var backgroundLabels: [String] = []
        /// Fraction of the class activation map's maximum from which on a pixel belongs to the object, 0…1.
        var camThreshold: Float = 0.1

        private enum CodingKeys: String, CodingKey {
            case task
            case isDefault = "default"
            case backgroundLabels = "background_labels"
            case camThreshold = "cam_threshold"
        }

        init() {}

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            if let name = try container.decodeIfPresent(String.self, forKey: .task) {
                guard let known = ModelTask(rawValue: name) else {
                    let tasks = ModelTask.allCases.map(\.rawValue).joined(separator: ", ")
                    throw DecodingError.dataCorruptedError(
                        forKey: .task, in: container, debugDescription: "there is no task '\(name)'; there are \(tasks)"
                    )
                }
                task = known
            }
            outputs = try OutputSettings(from: decoder)
            isDefault = try container.decodeIfPresent(Bool.self, forKey: .isDefault) ?? isDefault
            backgroundLabels = try container.decodeIfPresent([String].self, forKey: .backgroundLabels) ?? []
            camThreshold = try container.decodeIfPresent(Float.self, forKey: .camThreshold) ?? camThreshold
            guard (0..<1).contains(camThreshold), camThreshold > 0 else {
                throw DecodingError.dataCorruptedError(
                    forKey: .camThreshold, in: container, debugDescription: "cam_threshold should lie between 0 and 1")
            }
        }
    }

    private struct Configuration: Decodable {
        var id2label: [String: String]?
    }

    init(_ url: URL) throws(ModelError) {
        self.url = url
        labels = try ModelFolder.labels(try ModelFolder.read(Configuration.self, url, "config.json")?.id2label ?? [:])
        training = try ModelFolder.read(TrainingProblem.self, url, "config.json")
        settings = try ModelFolder.read(Settings.self, url, "interpret.json") ?? Settings()
        if let json = ModelFolder.contents(url, "preprocessor_config.json") {
            do {
                preprocessor = try PreprocessorConfiguration(json: json)
            } catch {
                throw ModelError(file: "preprocessor_config.json", reason: "\(error)")
            }
        } else {
            preprocessor = nil
        }
    }

    var modelFile: URL { url.appending(path: "model.onnx") }

    /// Whether `url` is a model folder.
    static func isModel(_ url: URL) -> Bool {
        FileManager.default.fileExists(atPath: url.appending(path: "model.onnx").path)
    }

    private static func labels(_ id2label: [String: String]) throws(ModelError) -> [String] {
        var labels = [String](repeating: "", count: id2label.count)
        for (key, label) in id2label {
            guard let index = Int(key), labels.indices.contains(index) else {
                throw ModelError(
                    file: "config.json", reason: "id2label has \(id2label.count) labels, but an id '\(key)'")
            }
            labels[index] = label
        }
        return labels
    }

    private static func read<T: Decodable>(_: T.Type, _ url: URL, _ name: String) throws(ModelError) -> T? {
        guard let json = contents(url, name) else { return nil }
        do {
            return try JSONDecoder().decode(T.self, from: json)
        } catch let DecodingError.dataCorrupted(context) {
            throw ModelError(file: name, reason: context.debugDescription)
        } catch {
            throw ModelError(file: name, reason: "\(error)")
        }
    }

    private static func contents(_ url: URL, _ name: String) -> Data? {
        FileManager.default.contents(atPath: url.appending(path: name).path)
    }
}

/// What a network's output says of a photo.
public enum ModelTask: String, Sendable, CaseIterable {
    /// One score a class: [N,classes].
    case classification
    /// One score map a class: [N,classes,h,w]; or one map [N,1,h,w] of the object alone.
    case segmentation
    /// Anything else, such as a detector, a text reader, an embedding or a generator: it runs and has layers.
    case features
}

/// Why a model folder cannot be used.
public struct ModelError: Error, CustomStringConvertible, Sendable {
    /// The file at fault, as it is called in the folder.
    public let file: String
    public let reason: String

    public var description: String { "\(file): \(reason)" }
}
