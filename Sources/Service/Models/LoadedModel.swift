public import DatasetSearch
import Digests
import Execution
public import Foundation
public import Interpretation
public import Localization
import Networks
import ONNXImport
public import Photos
import Tensors
import WireProtocol

/// A network in memory with everything the folder says of it. Never changes.
public struct LoadedModel: Sendable {
    public let name: String
    public let folder: URL
    /// Of `model.onnx`, lower-case hexadecimal.
    public let sha256: String
    public let network: Network
    public let task: ModelTask
    /// The layers that dataset search knows; empty where the network reads no photos.
    public let indexedLayers: [IndexedLayer]
    /// Class names by index.
    public let labels: [String]
    /// Of all that the folder says of the network, hexadecimal.
    let settingsSHA256: String
    /// How many of them the folder names; the others have numbers for names.
    let namedLabelCount: Int
    /// Those that mean "nothing to find".
    public let backgroundLabels: Set<String>
    /// Of a segmentation network, the classes that together are "the animal"; empty where it is no animal network.
    let animalClasses: Set<Int>
    /// The probability that some pixel of a part must reach for it to be an animal, 0…1.
    let animalPeak: Float
    /// How much of a part a closer look must find again for it to be an animal, 0…1; 0 for no closer look.
    let animalConfirmation: Float
    /// Of a classifier that gives a second opinion on the name of an animal: the probability below which it doubts the name,
    /// 0…1; nil where it gives none.
    let doubtBelow: Double?
    /// The lowest energy of photos like those that the network learned from; nil where the folder does not say.
    let familiarEnergy: Double?
    /// The probability from which on a label is claimed where the animal network looked and found nothing, 0…1.
    let unseenThreshold: Double
    /// How photos become input; nil where the folder does not say, and then only tensors can be explained.
    public let preprocessor: Preprocessor?
    /// How the network itself wants its image; inside it is planes.
    let inputLayout: ImageLayout
    /// The file that says how photos become input.
    let preprocessingSource: String?
    /// What was said of the outputs when they were read.
    let outputStatement: OutputStatement
    /// What `interpret.json` says of its probabilities, whether it is of this very network or not.
    let calibration: CalibrationRecord?
    /// What should be known of how photos become input.
    let inputRemarks: [String]
    /// Why the weights are in memory twice; nil where they are not.
    let memoryRemark: String?
    public let boxFinder: BoxFinder
    /// From which probability on an independent label holds, by class index.
    let thresholds: [Float]
    let isMarkedDefault: Bool
    /// Whether a segmentation network has one score map only.
    let hasSingleMap: Bool
    /// The shape used where a figure has to be given for some input.
    let exampleInput: Shape

    /// - Parameter weights: the folder on whose disk the weights lie as they are in the file (see ``TensorFile``); in memory
    ///   where nil or where that has no room.
    /// - Throws: `ModelError` naming the file, and for an operator that is not supported the node and opset.
    init(
        folder url: URL, links: ModelLinks, threads: Int?, algorithms: AlgorithmChoice, weights: URL? = nil
    ) throws(ModelError) {
        let folder = try ModelFolder(url)
        guard ModelFolder.isModel(url) else {
            throw ModelError(
                file: "model.onnx", reason: "there is no such file; a network is read from one of that name")
        }
        name = url.lastPathComponent
        self.folder = url
        let preprocessing: PreprocessorConfiguration?
        do {
            // The caches of model hubs consist of links. What is opened here is what is digested and loaded, whatever is
            // put in its place meanwhile.
            let opened = try SourceFile(try links.file("model.onnx", in: url))
            var digest = SHA256()
            try opened.readAll { digest.update($0) }
            sha256 = digest.hexDigest()
            var file = try ONNXModel.load(opened, beside: folder.modelFile)
            try file.checkWeights()
            memoryRemark = file.movingConstants(to: weights)
            let inputs = try file.readingInputs(folder.settings.inputStatement)
            inputLayout = inputs.layout
            preprocessing = try LoadedModel.preprocessing(folder, inputs)
            exampleInput = try LoadedModel.exampleInput(inputs.graph, preprocessing)
            outputStatement = try folder.outputStatement(exampleInput, modelSHA256: sha256)
            let reading = try inputs.graph.readingOutputs(outputStatement)
            task = try LoadedModel.task(folder.settings.task, reading, labelCount: folder.labels.count)
            network = try Network(reading, threads: threads, algorithms: algorithms)
        } catch let error as ModelError {
            throw error
        } catch let error as InputError {
            throw ModelError(file: "interpret.json", reason: "\(error)")
        } catch let error as OutputError {
            throw ModelError(file: "interpret.json", reason: "\(error)")
        } catch {
            throw ModelError(file: "model.onnx", reason: "\(error)")
        }
        settingsSHA256 = folder.settingsSHA256
        namedLabelCount = folder.labels.count
        backgroundLabels = Set(folder.settings.backgroundLabels)
        preprocessor = preprocessing.map(Preprocessor.init)
        inputRemarks = LoadedModel.remarks(on: preprocessing, network.graph)
        calibration = folder.settings.calibration
        preprocessingSource = preprocessing == nil ? nil : try? folder.preprocessing(networkSize: nil)?.file
        boxFinder = BoxFinder(threshold: folder.settings.camThreshold)
        isMarkedDefault = folder.settings.isDefault
        hasSingleMap =
            task == .segmentation ? try LoadedModel.maps(of: network, exampleInput) == 1 : false
        switch task {
        case .classification: labels = try LoadedModel.labels(folder.labels, network)
        case .segmentation: labels = try LoadedModel.segmentationLabels(folder.labels, network, exampleInput)
        case .features: labels = folder.labels
        }
        animalClasses = try LoadedModel.animalClasses(folder.settings.animalLabels, task, labels)
        animalPeak = folder.settings.animalPeak
        animalConfirmation = folder.settings.animalConfirmation
        doubtBelow = try LoadedModel.doubtBelow(folder.settings.doubtBelow, task, network, namedLabels: namedLabelCount)
        familiarEnergy = folder.settings.familiarEnergy
        unseenThreshold = Double(folder.settings.unseenThreshold)
        thresholds =
            task == .classification
            ? try folder.settings.outputs.thresholds(
                of: labels, network.kind, isBinary: network.classifier?.isBinary ?? false) : []
        indexedLayers =
            preprocessing == nil || network.graph.inputs.count != 1
            ? [] : try LoadedModel.indexedLayers(network, exampleInput)
    }

    private static func animalClasses(
        _ named: [String], _ task: ModelTask, _ labels: [String]
    ) throws(ModelError) -> Set<Int> {
        func refusal(_ reason: String) -> ModelError {
            ModelError(file: "interpret.json", reason: "\"animal_labels\" \(reason)")
        }
        guard !named.isEmpty else { return [] }
        guard task == .segmentation else {
            throw refusal(
                "is for networks that give each pixel a class; this one's task is \(task.rawValue)")
        }
        if let stranger = named.first(where: { !labels.contains($0) }) {
            throw refusal(
                "names '\(stranger)', which is no label of this network; it has "
                    + labels.prefix(20).joined(separator: ", "))
        }
        let classes = Set(labels.indices.filter { named.contains(labels[$0]) })
        guard classes.count < labels.count else {
            throw refusal("names all labels; at least one should be what is no animal")
        }
        return classes
    }

    private static func doubtBelow(
        _ threshold: Float?, _ task: ModelTask, _ network: Network, namedLabels: Int
    ) throws(ModelError) -> Double? {
        guard let threshold else { return nil }
        guard task == .classification, network.classifier?.kind == .exclusive, namedLabels > 0 else {
            throw ModelError(
                file: "interpret.json",
                reason:
                    "\"doubt_below\" is for classifiers whose labels exclude one another (\"outputs\": \"exclusive\") "
                    + "and are named in config.json")
        }
        return Double(threshold)
    }

    private static func indexedLayers(_ network: Network, _ input: Shape) throws(ModelError) -> [IndexedLayer] {
        do {
            return try network.graph.indexedLayers(for: [network.image: input], scores: network.classifier?.scores)
        } catch {
            throw ModelError(file: "model.onnx", reason: "\(error)")
        }
    }

    public func isBackground(_ classIndex: Int) -> Bool { backgroundLabels.contains(label(of: classIndex)) }

    /// The class a person means: a label, or an index where no label reads so.
    public func classIndex(named text: String) -> Int? {
        labels.firstIndex(of: text)
            ?? labels.firstIndex { $0.caseInsensitiveCompare(text) == .orderedSame }
            ?? Int(text).flatMap { labels.indices.contains($0) ? $0 : nil }
    }

    /// The class that the folder gives this label; nil where it gives it none.
    func namedClass(_ label: String) -> Int? {
        labels.prefix(namedLabelCount).firstIndex { $0.caseInsensitiveCompare(label) == .orderedSame }
    }

    /// Labels for all score maps. A network with one map tells an object, class 1, from background, class 0.
    private static func segmentationLabels(
        _ named: [String], _ network: Network, _ input: Shape
    ) throws(ModelError) -> [String] {
        let maps = try maps(of: network, input)
        guard maps > 1 else {
            guard named.count <= 2 else {
                throw ModelError(
                    file: "config.json", reason: "it names \(named.count) labels, the network has one score map")
            }
            return named.count == 2 ? named : ["background", named.first ?? "object"]
        }
        guard named.count <= maps else {
            throw ModelError(
                file: "config.json", reason: "it names \(named.count) labels, the network has \(maps) score maps")
        }
        return named + (named.count..<maps).map { "class \($0)" }
    }

    /// The number of score maps of a segmentation network.
    private static func maps(of network: Network, _ input: Shape) throws(ModelError) -> Int {
        guard network.graph.inputs.count == 1, let output = network.graph.outputs.first else {
            throw ModelError(file: "interpret.json", reason: "task segmentation needs one input and an output")
        }
        do {
            let shapes = try network.graph.shapes(for: [network.image: input])
            guard let shape = shapes[output], shape.rank == 4, shape[1] > 0 else {
                let found = shapes[output].map { "\($0)" } ?? "nothing"
                throw ModelError(
                    file: "interpret.json",
                    reason: "task segmentation needs a first output [1,C,h,w], this network gives \(found)")
            }
            return shape[1]
        } catch let error as ModelError {
            throw error
        } catch {
            throw ModelError(file: "model.onnx", reason: "\(error)")
        }
    }

    private static func exampleInput(
        _ graph: Graph, _ preprocessing: PreprocessorConfiguration?
    ) throws(ModelError) -> Shape {
        let side = preprocessing?.fixedSize ?? (width: 224, height: 224)
        let usual = [1, preprocessing?.channels.count ?? 3, side.height, side.width]
        let extents = graph.inputs[0].extents.enumerated().map { axis, extent in
            extent ?? (axis < usual.count ? usual[axis] : 1)
        }
        do { return try Shape(extents) } catch { throw ModelError(file: "model.onnx", reason: "\(error)") }
    }

    /// Labels for all scores; a class without one is called by its number.
    private static func labels(_ named: [String], _ network: Network) throws(ModelError) -> [String] {
        guard let classes = network.classifier?.classes else { return named }
        guard named.count <= classes else {
            throw ModelError(
                file: "config.json", reason: "it names \(named.count) labels, the network has \(classes) scores")
        }
        return named + (named.count..<classes).map { "class \($0)" }
    }
}

extension Graph {
    /// - Throws: `ModelError` for a weight that is no number: the first ReLU would make 0 of whatever it touches, and the
    ///   scores would look like scores.
    fileprivate func checkWeights() throws(ModelError) {
        let read = Set(nodes.flatMap(\.inputs).compactMap { $0 })
        for value in read.sorted() {
            // A single one may be meant, as what stands where nothing is known.
            guard let tensor = constants[value]?.tensor, tensor.count > 1, tensor.hasNaN else { continue }
            throw ModelError(
                file: "model.onnx",
                reason: "'\(name(of: value))' holds values that are no numbers (NaN); export the network again")
        }
    }

    /// Moves the weights out of memory.
    ///
    /// - Returns: why that did not succeed; nil where it did, or was not wanted.
    fileprivate mutating func movingConstants(to folder: URL?) -> String? {
        guard let folder else { return nil }
        do {
            try moveConstants(to: folder.path)
            return nil
        } catch {
            return "its weights stay in memory as the file has them, beside what is computed with: \(error)"
        }
    }
}

extension ModelFolder {
    /// What the folder says of the network's outputs.
    ///
    /// - Parameter modelSHA256: a calibration of another `model.onnx` does not count.
    fileprivate func outputStatement(
        _ inputShape: Shape, modelSHA256: String
    ) throws(ModelError) -> OutputStatement {
        var scaling: ScoreScaling?
        if let calibration = settings.calibration, calibration.sha256 == modelSHA256 {
            scaling = try calibration.scaling()
        }
        return OutputStatement(
            declared: settings.outputs.kind, output: settings.outputs.output, training: training?.statement,
            labelCount: labels.count, scaling: scaling, inputShape: inputShape)
    }
}
