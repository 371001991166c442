import ArgumentParser
import Foundation
import WireProtocol

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Classify one photo and show what speaks for a class.",
        discussion: """
            Examples:
              interpretctl explain IMG_1.jpg
              interpretctl explain IMG_1.jpg --out results
              interpretctl explain IMG_1.jpg --class dog --method occlusion --window 32
              interpretctl explain IMG_1.jpg --method occlusion --stride 4 --precision adaptive
              interpretctl explain IMG_1.jpg --method smoothgrad --raw-attribution a.npy
              interpretctl explain IMG_1.jpg --method gradient --class dog --against cat
              interpretctl explain input.npy --method cam --raw map.npy

            --out writes NAME.overlay.jpg, NAME.saliency.jpg and NAME.boxes.json, where NAME is the photo's.
            An .npy file is a float32 tensor [1,C,H,W] that is normalized already.
            On a terminal, the map of a long occlusion is drawn while it grows.
            """)

    @Argument(help: ArgumentHelp("A JPEG, or an .npy file.", valueName: "photo"))
    var photo: String

    @Option(help: "How to explain; see 'interpretctl methods'.")
    var method: String?

    @Option(
        name: .customLong("class"),
        help: ArgumentHelp(
            "The class to explain, by label or index; the most probable one if left out. May be repeated, with --method.",
            valueName: "label"))
    var classLabels: [String] = []

    @Option(help: ArgumentHelp("Explain what sets the class apart from this one.", valueName: "label"))
    var against: String?

    @Flag(help: "Explain the probability after softmax instead of the score before it.")
    var probability = false

    @Option(help: "The network to ask; see 'interpretctl models'.")
    var model: String?

    @Option(help: ArgumentHelp("Write the pictures and the boxes into this folder.", valueName: "folder"))
    var out: String?

    @Option(help: ArgumentHelp("Write the method's own map to this .npy file.", valueName: "file"))
    var raw: String?

    @Option(help: ArgumentHelp("Write the attribution at the network's input to this .npy file.", valueName: "file"))
    var rawAttribution: String?

    @Option(help: ArgumentHelp("Memory for what is computed at once.", valueName: "MiB"))
    var memory: Int?

    @OptionGroup(title: "Method parameters") var methodParameters: MethodParameters
    @OptionGroup var common: CommonOptions

    func run() async throws {
        if let out { try Files.makeFolder(out) }
        let result = try await request()
        // Read only where something of it is wanted: --json alone passes the bytes on.
        if out != nil || raw != nil || rawAttribution != nil || !common.json {
            let explanation = try RPCMethods.explain.output(of: result)
            let written = try ExplanationFiles(explanation, photo: photo).write(
                folder: out, raw: raw, rawAttribution: rawAttribution)
            if !common.json {
                return Terminal.write(ExplanationReport(explanation, photo: photo).text(written: written))
            }
        }
        Terminal.write(result.utf8 + Data("\n".utf8))
    }

    private func request() async throws -> JSONText {
        let path = Files.absolutePath(photo)
        let isTensor = photo.lowercased().hasSuffix(".npy")
        guard isTensor || !Files.isMissing(path) else { throw CommandFailure("there is no photo at \(photo)") }
        var parameters = ExplainParameters(
            source: isTensor ? .tensor(try Files.readForSending(path)) : .path(path), method: method,
            classLabel: classLabels.first,
            furtherClasses: classLabels.count > 1 ? Array(classLabels.dropFirst()) : nil, against: against,
            probability: probability ? true : nil, model: model,
            parameters: methodParameters.values, raw: raw.map { _ in true },
            rawAttribution: rawAttribution.map { _ in true }, images: out.map { _ in true }, memory: memory,
            partialMaps: MapView.isUseful ? true : nil)

        let bar = ProgressBar()
        let view = MapView()
        defer {
            view.clear()
            bar.clear()
        }
        func show(_ progress: ProgressNotification) {
            if let map = progress.map { view.show(map) }
            bar.show(progress)
        }
        return try await common.withDaemon { connection in
            do {
                return try await connection.call(RPCMethods.explain, parameters, onProgress: show)
            } catch let error as RPCError
                where !isTensor && (error.reason == RPCError.permissionDenied || error.code == .noSuchPhoto)
            {
                // The daemon's user may see less than we do: a home folder, a private /tmp.
                parameters.source = .bytes(try Files.readForSending(path))
                return try await connection.call(RPCMethods.explain, parameters, onProgress: show)
            }
        }
    }
}

/// What a method can be told; which of these one knows, `interpretctl methods` says.
struct MethodParameters: ParsableArguments {
    @Option(help: "Steps of a path or samples of noise.")
    var steps: Int?

    @Option(help: "Where the random numbers begin.")
    var seed: Int?

    @Option(help: ArgumentHelp("Side of the hidden window.", valueName: "pixels"))
    var window: Int?

    @Option(help: ArgumentHelp("Distance from one window to the next.", valueName: "pixels"))
    var stride: Int?

    @Option(help: ArgumentHelp("What hides: mean, zero or blur.", valueName: "filling"))
    var fill: String?

    @Option(help: ArgumentHelp("How occlusion is computed: exact or adaptive.", valueName: "how"))
    var precision: String?

    @Option(
        help: ArgumentHelp(
            "Of adaptive occlusion: the error allowed, as a share of the map's standard deviation; 0.2.",
            valueName: "share"))
    var tolerance: Double?

    @Option(
        help: ArgumentHelp(
            "Of adaptive occlusion: largest share of a layer's side that a change is roughly followed over; 0.5.",
            valueName: "share"))
    var fieldCap: Double?

    @Option(help: ArgumentHelp("Any other parameter; may be repeated.", valueName: "name=value"))
    var parameter: [String] = []

    func validate() throws {
        for text in parameter where !text.dropFirst().contains("=") {
            throw ValidationError("--parameter takes NAME=VALUE, got '\(text)'")
        }
    }

    /// Nil where none is given, so that the request says nothing about them.
    var values: [String: ExplainParameters.Value]? {
        var values: [String: ExplainParameters.Value] = [:]
        for (name, number) in [("steps", steps), ("seed", seed), ("window", window), ("stride", stride)] {
            values[name] = number.map { .number(Double($0)) }
        }
        values["fill"] = fill.map { Self.value(of: $0) }
        values["precision"] = precision.map { .string($0) }
        values["tolerance"] = tolerance.map { .number($0) }
        values["field-cap"] = fieldCap.map { .number($0) }
        for text in parameter {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            values[parts[0]] = Self.value(of: parts[1])
        }
        return values.isEmpty ? nil : values
    }

    private static func value(of text: String) -> ExplainParameters.Value {
        if let number = Double(text), number.isFinite { return .number(number) }
        return .string(text)
    }
}
