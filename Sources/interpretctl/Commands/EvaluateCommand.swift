import ArgumentParser
import Foundation
import GroundTruth
import WireProtocol

struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "How often labels are right, and how good the maps are, on your own photos.",
        discussion: """
            Examples:
              interpretctl evaluate --photos pets --truth pets/truth.json
              interpretctl evaluate --photos val2017 --truth instances_val2017.json --method cam --method grad-cam --out report
              interpretctl evaluate --photos pets --masks trimaps --mask-value 1 --mask-value 3
              interpretctl evaluate --photos pets --method grad-cam --method rise:samples=500 --faithfulness
              interpretctl evaluate --corrections                    on the photos that people have answered about

            The truth is COCO's JSON, a folder of VOC's XML or YOLO's text files, a CSV file with the columns file, label and \
            x, y, width, height, a folder with one folder of photos a label, or a JSON array of {"file": "IMG_1.jpg", \
            "label": "cat", "bbox": [x, y, width, height]}, in pixels of the upright photo. What is explained is the true \
            class where there is one, else the most probable one.

            Figures are those of Choe et al. 2020 (MaxBoxAcc, MaxBoxAccV2 at 0.3, 0.5 and 0.7, PxAP where there are masks; \
            the threshold is chosen in the other half of the photos), Zhang et al. 2018 (pointing game), Wang et al. 2020 \
            (energy), beside a centred box and a Gaussian that know nothing of the photo. --faithfulness needs no truth: \
            insertion, deletion, average drop and increase, ROAD, infidelity, max-sensitivity, sparseness. Intervals are of \
            95 %, by bootstrap over the photos. The daemon must be able to read the photos.
            """)

    @OptionGroup var labelled: LabelledPhotoOptions

    @Option(help: ArgumentHelp("Masks as PNG files under the photos' names.", valueName: "folder"))
    var masks: String?

    @Option(
        name: .customLong("mask-value"),
        help: ArgumentHelp(
            "A value of the masks that is the object, as often as you like; all but 0 if left out.", valueName: "number"
        ))
    var maskValues: [UInt8] = []

    @Option(help: "The network to ask; see 'interpretctl models'.")
    var model: String?

    @Option(
        name: .customLong("method"),
        help: ArgumentHelp(
            "A method whose maps are measured, as often as you like; those of one pass if left out.",
            valueName: "name[:parameter=value,…]"))
    var methods: [String] = []

    @Flag(help: "Also measure what needs no truth.")
    var faithfulness = false

    @Option(
        name: .customLong("measure"),
        help: ArgumentHelp("Only this measure of --faithfulness, as often as you like.", valueName: "name"))
    var measures: [String] = []

    @Option(help: "Steps of insertion and deletion.")
    var steps: Int?

    @Option(help: "Perturbations of infidelity and sensitivity.")
    var samples: Int?

    @Option(help: "Draws of the bootstrap.")
    var resamples: Int?

    @Option(help: "Of all that is drawn.")
    var seed: Int?

    @Option(help: ArgumentHelp("Write charts (SVG and PNG) and the figures as JSON there.", valueName: "folder"))
    var out: String?

    @Flag(help: "Each photo's figures, too, in the JSON.")
    var perPhoto = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        for name in measures where FaithfulnessMeasure(rawValue: name) == nil {
            throw ValidationError(
                "there is no measure '\(name)'; there are "
                    + FaithfulnessMeasure.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard masks != nil || maskValues.isEmpty else { throw ValidationError("--mask-value is of --masks") }
        _ = try methods.map(MethodArgument.init)
    }

    func run() async throws {
        let read = try await labelled.read(common, for: "evaluate") { GroundTruthForm.photos(in: $0) }
        var known = read.known
        if let masks {
            do {
                known = try MaskPictures.add(to: known, from: Files.absolutePath(masks), values: Set(maskValues))
            } catch {
                throw CommandFailure("\(error); see 'interpretctl evaluate --help'")
            }
        }
        let wanted = measures.isEmpty && faithfulness ? FaithfulnessMeasure.allCases.map(\.rawValue) : measures
        guard !wanted.isEmpty || known.contains(where: \.saysSomething) else {
            throw CommandFailure(
                "of these photos nothing is known: name --truth or --masks, or --faithfulness, which needs neither")
        }
        if let out { try Files.makeFolder(out) }
        let parameters = EvaluateParameters(
            model: model, folder: read.folder, photos: known,
            methods: methods.isEmpty ? nil : try methods.map { try MethodArgument($0).method },
            measures: wanted.isEmpty ? nil : wanted, steps: steps, samples: samples, resamples: resamples, seed: seed,
            charts: out == nil ? nil : true, perPhoto: perPhoto ? true : nil)
        let bar = ProgressBar()
        defer { bar.clear() }
        let answer = try await common.withDaemon {
            try await $0.call(RPCMethods.evaluate, parameters, onProgress: bar.show)
        }
        bar.clear()
        let result = try RPCMethods.evaluate.output(of: answer)
        var written: [String] = []
        if let out {
            for (name, chart) in (result.charts ?? [:]).sorted(by: { $0.key < $1.key }) {
                written.append("\(out)/\(Files.name(of: name))")
                try Files.write(chart, to: written[written.count - 1])
            }
            var figures = result
            figures.charts = nil
            written.append("\(out)/evaluation.json")
            try Files.write(
                try JSONText(encoding: figures).utf8 + Data("\n".utf8), to: written[written.count - 1])
        }
        try common.report(answer, of: RPCMethods.evaluate) { EvaluationReport($0).text(written: written) }
        guard result.skipped.isEmpty else {
            throw CommandFailure(
                result.photos == 0
                    ? "no photo could be measured; see --json for the reasons"
                    : "\(Format.count(known.count - result.photos, "photo")) of \(known.count) could not be measured")
        }
    }
}

extension TruePhoto {
    fileprivate var saysSomething: Bool { !labels.isEmpty || !boxes.isEmpty || mask != nil }
}

/// "rise:samples=500,seed=1"
struct MethodArgument {
    let method: EvaluateParameters.Method

    /// - Throws: `ValidationError` where a parameter has no value.
    init(_ text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard let name = parts.first else { throw ValidationError("a method has a name") }
        var values: [String: ExplainParameters.Value] = [:]
        for pair in parts.dropFirst().flatMap({ $0.split(separator: ",") }) {
            let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard sides.count == 2 else {
                throw ValidationError("'\(pair)' of --method \(text) should read parameter=value")
            }
            values[sides[0]] = MethodParameters.value(of: sides[1])
        }
        method = EvaluateParameters.Method(name: name, parameters: values.isEmpty ? nil : values)
    }
}
