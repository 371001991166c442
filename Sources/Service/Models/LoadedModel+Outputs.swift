import Interpretation
import Networks
import Tensors
import WireProtocol

/// What the network's outputs are, and what they say of a class.
extension LoadedModel {
    /// What the scores mean; raw numbers where there are none.
    var kind: OutputKind { network.kind }

    /// A class's name; its number where it has none.
    func label(of classIndex: Int) -> String {
        labels.indices.contains(classIndex) ? labels[classIndex] : "class \(classIndex)"
    }

    /// The probability of a class, 0…1; nil where the scores are raw numbers.
    func probability(of classIndex: Int, _ scores: [Float]) -> Double? {
        kind.probability(of: classIndex, scores).map(Double.init)
    }

    /// The probability from which on a label holds, 0…1; nil where it holds without, or never says that.
    func threshold(of classIndex: Int) -> Double? {
        thresholds.indices.contains(classIndex) ? Double(thresholds[classIndex]) : nil
    }

    /// Whether an independent label's probability reaches its threshold.
    func holds(_ classIndex: Int, _ scores: [Float]) -> Bool {
        guard let threshold = threshold(of: classIndex), let probability = kind.probability(of: classIndex, scores)
        else {
            return false
        }
        return Double(probability) >= threshold
    }

    /// Whether a photo is said to show a class that speaks loudest for it: an independent label that holds, or the most
    /// probable of exclusive classes, where no threshold is set for it or it reaches it.
    func isClaimed(_ classIndex: Int, _ scores: [Float]) -> Bool {
        kind != .independent && threshold(of: classIndex) == nil || holds(classIndex, scores)
    }

    /// The labels that hold and are not background, most probable first; of independent labels.
    func holding(_ scores: [Float]) -> [Int] {
        scores.indices.filter { holds($0, scores) && !isBackground($0) }.sorted { scores[$0] > scores[$1] }
    }

    /// "cat 92 %"; of raw numbers "age 31.25".
    func caption(_ classIndex: Int, _ scores: [Float]) -> String {
        guard let probability = probability(of: classIndex, scores) else {
            return "\(label(of: classIndex)) \((Double(scores[classIndex])).rounded(toPlaces: 2))"
        }
        return ClassLook.caption(label(of: classIndex), probability)
    }

    /// What people should know of the network, in the log and in `models`.
    package var remarks: [String] {
        inputRemarks + (network.classifier?.remarks ?? [])
            + [labelRemark, scoreRemark, calibrationRemark, memoryRemark].compactMap { $0 }
    }

    /// What people should know of the labels' number; nil where it is right, or where none is named.
    var labelRemark: String? {
        guard task == .classification, (1..<labels.count).contains(namedLabelCount) else { return nil }
        return "config.json names \(namedLabelCount) of \(labels.count) labels; a score without a name is called "
            + "'\(labels[namedLabelCount])' and so on"
    }

    /// What people should know of a calibration; nil where there is none.
    var calibrationRemark: String? {
        guard let calibration else { return nil }
        guard calibration.sha256 == sha256 else {
            return "the calibration in interpret.json was measured with another model.onnx and is not used; run "
                + "'interpretctl calibrate \(name)' again"
        }
        return calibration.remark
    }

    /// What people should know of what the scores mean; nil where that is known and as usual.
    var scoreRemark: String? {
        guard let classifier = network.classifier, task == .classification else { return nil }
        if classifier.isAssumed { return classifier.reason + "; interpret.json can say it with \"outputs\"" }
        return nil
    }

    // MARK: What it is

    /// What a network is for: as the folder says, or as its outputs look.
    static func task(
        _ declared: ModelTask?, _ reading: OutputReading, labelCount: Int
    ) throws(ModelError) -> ModelTask {
        if declared == .classification, reading.classifier == nil {
            throw ModelError(
                file: "interpret.json",
                reason: "task classification needs an output that is a row of class scores [1,classes]; this network "
                    + "gives \(describe(reading.outputs))")
        }
        if let declared { return declared }
        if reading.classifier != nil { return .classification }
        if labelCount > 1, let shape = reading.outputs.first?.shape, shape.rank == 4, shape[1] == labelCount,
            shape[2] * shape[3] > 1
        {
            return .segmentation
        }
        return .features
    }

    /// Why the network's classes cannot be explained, and what it is good for instead; nil for a classifier.
    var whyNotExplained: String? {
        switch task {
        case .classification: return nil
        case .segmentation:
            return "model '\(name)' gives each pixel a class and has no class score to explain; "
                + "use 'interpretctl segment PHOTO --model \(name)', or name a classifier"
        case .features:
            return
                "model '\(name)' is no classifier: it gives \(LoadedModel.describe(network.outputs)). Use 'run', 'units', "
                + "'project' or 'visualize --layer' with it, name a classifier, or, where one of its outputs is a row "
                + "of class scores, name that by \"output\" in its interpret.json"
        }
    }

    /// "output0 [1,84,8400], 84 × 8400 numbers, as of a detector".
    static func describe(_ outputs: [(name: String, shape: Shape?)]) -> String {
        outputs.prefix(6).map { name, shape in
            guard let shape else { return "'\(name)'" }
            return "'\(name)' \(shape), \(likeness(of: shape, among: outputs))"
        }.joined(separator: "; ") + (outputs.count > 6 ? "; and \(outputs.count - 6) more" : "")
    }

    private static func likeness(of shape: Shape, among outputs: [(name: String, shape: Shape?)]) -> String {
        let extents = shape.dimensions.filter { $0 > 1 }
        let hasBoxes = outputs.contains { output in
            output.name.lowercased().contains("box")
                || output.shape.map { $0.rank >= 2 && $0.dimensions.last == 4 } == true
        }
        switch extents.count {
        case 0, 1: return "a row of numbers"
        case 2 where hasBoxes || extents.max() ?? 0 >= 300 && extents.min() ?? 0 <= 300:
            return "numbers for each of many candidates, as a detector gives them"
        case 2:
            return
                "a row of numbers for each of many places or steps, as a text reader, a detector or a transformer gives them"
        default:
            return
                "maps, as a segmentation network, a generator or a filter gives them (of a segmentation network, say "
                + "\"task\": \"segmentation\" in interpret.json)"
        }
    }
}
