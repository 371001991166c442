import Digests
import Foundation
import Networks
import Photos
import WireProtocol

/// A model folder as the Hugging Face hub lays it out: `model.onnx`, `config.json`, `preprocessor_config.json`, and
/// `interpret.json` for what those cannot say. All but the first may be missing.
struct ModelFolder {
    let url: URL
    /// Class names by index; empty where `config.json` names none.
    let labels: [String]
    let settings: Settings
    /// What `config.json` says that it was trained as.
    let training: TrainingProblem?
    /// The files that say something of the network, as they were read, by name.
    private let files: [String: Data]

    /// `interpret.json`.
    struct Settings: Decodable {
        /// What the network's output says; nil where its outputs are to tell.
        var task: ModelTask?
        var outputs = OutputSettings()
        /// Whether requests that name no model mean this one.
        var isDefault = false
        /// Labels that mean "nothing to find".
        var backgroundLabels: [String] = []
        /// Labels of a segmentation network that together are "the animal"; empty where it is no animal network.
        var animalLabels: [String] = []
        /// The probability that some pixel of a part must reach for it to be an animal, 0…1.
        var animalPeak: Float = 0
        /// The share of a part that a closer look must find again for it to be an animal, 0…1; 0 for no closer look.
        var animalConfirmation: Float = 0
        /// Of a classifier that gives a second opinion on the name of an animal: the probability below which it doubts the
        /// name, 0…1; nil where it gives none.
        var doubtBelow: Float?
        /// The lowest energy (see `Certainty`) of photos like those that the network learned from; nil where nobody measured
        /// it.
        var familiarEnergy: Double?
        /// The probability from which on the most probable label is claimed where the animal network looked and found
        /// nothing, 0…1.
        var unseenThreshold: Float = 0
        /// How scores become probabilities that mean what they say; nil where nobody has measured that.
        var calibration: CalibrationRecord?
        /// Fraction of the class activation map's maximum from which on a pixel belongs to the object, 0…1.
        var camThreshold: Float = 0.1

        /// How the image lies in memory, and values of the inputs beside it.
        var inputStatement = InputStatement()

        /// All of the top level, whoever reads them.
        private static let keys = KnownKeys(names: [
            "animal_confirmation", "animal_labels", "animal_peak", "background_labels", "calibration", "cam_threshold",
            "default", "doubt_below", "familiar_energy", "inputs", "layout", "output", "outputs", "preprocessing",
            "task", "threshold",
            "unseen_threshold",
        ])

        private enum CodingKeys: String, CodingKey {
            case task, layout, inputs, calibration
            case isDefault = "default"
            case backgroundLabels = "background_labels"
            case animalLabels = "animal_labels"
            case animalPeak = "animal_peak"
            case animalConfirmation = "animal_confirmation"
            case doubtBelow = "doubt_below"
            case familiarEnergy = "familiar_energy"
            case unseenThreshold = "unseen_threshold"
            case camThreshold = "cam_threshold"
        }

        init() {}

        init(from decoder: any Decoder) throws {
            try Settings.keys.check(decoder)
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
            if let name = try container.decodeIfPresent(String.self, forKey: .layout) {
                guard let layout = ImageLayout(rawValue: name.lowercased()) else {
                    throw DecodingError.dataCorruptedError(
                        forKey: .layout, in: container,
                        debugDescription: "there is no layout '\(name)'; there are nchw, nhwc")
                }
                inputStatement.layout = layout
            }
            inputStatement.values =
                try container.decodeIfPresent([String: NestedNumbers].self, forKey: .inputs)?.mapValues(\.values) ?? [:]
            isDefault = try container.decodeIfPresent(Bool.self, forKey: .isDefault) ?? isDefault
            backgroundLabels = try container.decodeIfPresent([String].self, forKey: .backgroundLabels) ?? []
            if container.contains(.animalLabels) {
                animalLabels = try container.decode([String].self, forKey: .animalLabels)
                guard !animalLabels.isEmpty else {
                    throw DecodingError.dataCorruptedError(
                        forKey: .animalLabels, in: container,
                        debugDescription: "animal_labels should name the labels that are the animal, and names none")
                }
            }
            animalPeak = try Self.share(.animalPeak, in: container) ?? animalPeak
            animalConfirmation = try Self.share(.animalConfirmation, in: container) ?? animalConfirmation
            doubtBelow = try Self.share(.doubtBelow, in: container)
            familiarEnergy = try container.decodeIfPresent(Double.self, forKey: .familiarEnergy)
            unseenThreshold = try Self.share(.unseenThreshold, in: container) ?? unseenThreshold
            calibration = try container.decodeIfPresent(CalibrationRecord.self, forKey: .calibration)
            camThreshold = try container.decodeIfPresent(Float.self, forKey: .camThreshold) ?? camThreshold
            guard (0..<1).contains(camThreshold), camThreshold > 0 else {
                throw DecodingError.dataCorruptedError(
                    forKey: .camThreshold, in: container, debugDescription: "cam_threshold should lie between 0 and 1")
            }
        }

        /// A number from 0 to below 1; nil where the key is missing.
        private static func share(
            _ key: CodingKeys, in container: KeyedDecodingContainer<CodingKeys>
        ) throws -> Float? {
            guard let share = try container.decodeIfPresent(Float.self, forKey: key) else { return nil }
            guard (0..<1).contains(share) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container, debugDescription: "\(key.rawValue) should be 0 or more, and less than 1"
                )
            }
            return share
        }
    }

    /// `config.json`, read once for all that it says.
    private struct Configuration: Decodable {
        let labels: Labels
        let training: TrainingProblem

        init(from decoder: any Decoder) throws {
            labels = try Labels(from: decoder)
            training = try TrainingProblem(from: decoder)
        }
    }

    private struct Labels: Decodable {
        var id2label: [String: String]?
        /// timm's, in the order of the outputs.
        var labelNames: [String]?
        /// What people call timm's names.
        var labelDescriptions: [String: String]?

        private enum CodingKeys: String, CodingKey {
            case id2label
            case labelNames = "label_names"
            case labelDescriptions = "label_descriptions"
        }

        /// timm's labels; nil where the file has none.
        var timmLabels: [String]? {
            labelNames.map { names in names.map { labelDescriptions?[$0] ?? $0 } }
        }
    }

    init(_ url: URL) throws(ModelError) {
        self.url = url
        files = ModelFolder.describing.reduce(into: [:]) { files, name in
            files[name] = FileManager.default.contents(atPath: url.appending(path: name).path)
        }
        let configuration = try ModelFolder.read(Configuration.self, files, "config.json")
        let named = try ModelFolder.labels(configuration?.labels.id2label ?? [:])
        labels = named.isEmpty ? configuration?.labels.timmLabels ?? [] : named
        training = configuration?.training
        settings = try ModelFolder.read(Settings.self, files, "interpret.json") ?? Settings()
    }

    private static let describing = ["config.json", "interpret.json", "preprocessor_config.json"]

    /// Of all that the folder says of the network, hexadecimal.
    var settingsSHA256: String {
        var digest = SHA256()
        for name in ModelFolder.describing {
            guard let contents = files[name] else { continue }
            digest.update(Data("\(name) \(contents.count) ".utf8))
            digest.update(contents)
        }
        return digest.hexDigest()
    }

    /// How photos become input, by the first file that says so: `interpret.json` ("preprocessing"),
    /// `preprocessor_config.json`, or timm's part of `config.json`; nil where none does.
    ///
    /// - Parameter networkSize: the picture that the network is fixed to, if it is.
    /// - Throws: `ModelError` naming the file and the key at fault.
    func preprocessing(
        networkSize: (width: Int, height: Int)?
    ) throws(ModelError) -> (file: String, configuration: PreprocessorConfiguration)? {
        let readers: [(String, (Data) throws(PhotoError) -> PreprocessorConfiguration?)] = [
            (
                "interpret.json",
                { (json) throws(PhotoError) in
                    try PreprocessorConfiguration.interpret(json: json, networkSize: networkSize)
                }
            ),
            (
                "preprocessor_config.json",
                { (json) throws(PhotoError) in try PreprocessorConfiguration(huggingFace: json) }
            ),
            (
                "config.json",
                { (json) throws(PhotoError) in
                    try PreprocessorConfiguration.timm(json: json, networkSize: networkSize)
                }
            ),
        ]
        for (name, read) in readers {
            guard let json = files[name] else { continue }
            do {
                if let configuration = try read(json) { return (name, configuration) }
            } catch {
                throw ModelError(file: name, reason: "\(error)")
            }
        }
        return nil
    }

    /// What a folder without one of them lacks, and what to write.
    static let missingPreprocessing = """
        the folder does not say how photos become input, so only tensors can be given; write preprocessor_config.json, for \
        example {"size": {"height": 224, "width": 224}, "resample": 2, "image_mean": [0.485, 0.456, 0.406], "image_std": \
        [0.229, 0.224, 0.225]}
        """

    var modelFile: URL { url.appending(path: "model.onnx") }

    /// Whether `url` is a model folder.
    static func isModel(_ url: URL) -> Bool {
        FileManager.default.fileExists(atPath: url.appending(path: "model.onnx").path)
    }

    /// Whether it is one, or should be: something of a network lies in it.
    static func isMeantAsModel(_ url: URL) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
        return names.contains { $0.hasSuffix(".onnx") || ["config.json", "preprocessor_config.json"].contains($0) }
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

    private static func read<T: Decodable>(
        _: T.Type, _ files: [String: Data], _ name: String
    ) throws(ModelError) -> T? {
        guard let json = files[name] else { return nil }
        do {
            return try JSONDecoder().decode(T.self, from: json)
        } catch let DecodingError.dataCorrupted(context) {
            throw ModelError(file: name, reason: JSONFault(in: json)?.description ?? context.debugDescription)
        } catch let error as DecodingError {
            throw ModelError(file: name, reason: error.problem(in: "the file"))
        } catch {
            throw ModelError(file: name, reason: "\(error)")
        }
    }
}

/// A number, or numbers in arrays of any depth, in their order.
private struct NestedNumbers: Decodable {
    let values: [Double]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Double.self) {
            values = [value]
        } else {
            values = try container.decode([NestedNumbers].self).flatMap(\.values)
        }
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
