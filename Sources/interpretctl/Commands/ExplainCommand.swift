import ArgumentParser
import Foundation
import WireProtocol

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Classify a photo, or all of a folder, and show what speaks for a class.",
        usage: "interpretctl explain <photo> [<options>] [--method <method> [--<parameter> <value> ...]]",
        discussion: """
            Examples:
              interpretctl explain IMG_1.jpg
              interpretctl explain IMG_1.jpg --out results
              interpretctl explain photos --out results --recursive
              interpretctl explain IMG_1.jpg --picture sixel --colour-map viridis --opacity 0.5
              interpretctl explain IMG_1.jpg --animal 86,40,210,190
              interpretctl explain IMG_1.jpg --class dog --method occlusion --window 32
              interpretctl explain IMG_1.jpg --method occlusion --stride 4 --precision adaptive
              interpretctl explain IMG_1.jpg --method smoothgrad --raw-attribution a.npy
              interpretctl explain IMG_1.jpg --method gradient --class dog --against cat
              interpretctl explain input.npy --method cam --raw map.npy

            --out writes NAME.overlay.jpg, NAME.saliency.jpg and NAME.boxes.json, where NAME is the photo's.
            Without --method, the verdict says whether the network looks at the animal. Where that is says an animal
            network, or you by --animal: x,y,width,height in pixels of the upright photo, a grey JPEG that is bright where the
            animal is, or a .json file with COCO's run lengths, {"size":[h,w],"counts":[…]}.
            An .npy file is a float32 tensor [1,C,H,W] that is normalized already.
            Method parameters are flags, as --window in the examples; see 'interpretctl methods NAME'.
            On a terminal, the overlay is shown above the numbers: by kitty's graphics protocol or by sixels where the \
            terminal has them, else in coloured half blocks where COLORTERM says truecolor. The map of a long occlusion is \
            drawn while it grows.

            A folder needs --out, which gets the same folders as it. What was explained before, with the same options and \
            the same network, and has not changed since is passed over, so an interrupted run goes on where it was: \
            explained.jsonl in --out has a line for each photo that is done. Exit code 1 if a photo failed.
            """)

    @Argument(
        parsing: .allUnrecognized,
        help: ArgumentHelp("A JPEG, an .npy file or a folder; beside it the method's parameters.", valueName: "photo"))
    var words: [String]

    @Option(help: "How to explain; see 'interpretctl methods'. Its parameters are flags: --NAME VALUE.")
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

    @Option(
        name: .customLong("animal"),
        help: ArgumentHelp(
            "Where the animal is, for the verdict: x,y,width,height, or a mask as .jpg or .json; of several animals a mask.",
            valueName: "box|file"))
    var animals: [String] = []

    @Option(help: "The network to ask; see 'interpretctl models'.")
    var model: String?

    @Option(help: ArgumentHelp("Write the pictures and the boxes into this folder.", valueName: "folder"))
    var out: String?

    @Flag(help: "Explain the photos in the folders below the folder, too.")
    var recursive = false

    @Flag(help: "Write the saliency as a grey map alone, without the photo under it; with --out.")
    var plainSaliency = false

    @Option(help: ArgumentHelp("Write the method's own map to this .npy file.", valueName: "file"))
    var raw: String?

    @Option(help: ArgumentHelp("Write the attribution at the network's input to this .npy file.", valueName: "file"))
    var rawAttribution: String?

    @Option(help: ArgumentHelp("Memory for what is computed at once.", valueName: "MiB"))
    var memory: Int?

    @Option(
        help: ArgumentHelp(
            "A method parameter, for one whose name is an option here; may be repeated.", valueName: "name=value"))
    var parameter: [String] = []

    @OptionGroup(title: "Pictures") var pictures: PictureOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        let given = try methodParameters()
        if method == nil, let name = given.values.keys.min() {
            throw ValidationError("'--\(name)' is no option of 'explain'; a method's parameter needs its --method")
        }
        guard animals.count <= 1 else {
            throw ValidationError(
                "--animal is given once; several animals are marked by one mask, a JPEG or run lengths, with a part for each"
            )
        }
    }

    private func methodParameters() throws -> MethodParameters {
        var parameters = try MethodParameters(words)
        for text in parameter { try parameters.add(text) }
        return parameters
    }

    func run() async throws {
        let given = try methodParameters()
        let photo = given.photo
        if PhotoFolder.isFolder(photo) { return try await explainAll(in: photo, given.values) }
        guard !recursive else { throw CommandFailure("there is no folder at \(photo); --recursive goes with one") }
        if let out { try Files.makeFolder(out) }
        let source = PhotoSource.path(try Files.photoPath(photo))
        let shown = common.json || Files.isTensor(photo) ? .none : pictures.shown
        let window = TerminalWindow(of: STDOUT_FILENO)
        var parameters = try parameters(of: source, given.values)
        parameters.partialMaps = MapView.isUseful ? true : nil
        parameters.preview = shown.room(on: window)
        let result = try await request(parameters)
        // Read only where something of it is wanted: --json alone passes the bytes on.
        if out != nil || raw != nil || rawAttribution != nil || !common.json {
            let explanation = try RPCMethods.explain.output(of: result)
            let written = try ExplanationFiles(explanation, photo: photo, format: parameters.format ?? .usual).write(
                folder: out, raw: raw, rawAttribution: rawAttribution)
            if !common.json {
                if let preview = explanation.preview, preview.isComplete {
                    Terminal.write(shown.escapes(for: preview, on: window))
                }
                return Terminal.write(ExplanationReport(explanation, photo: photo).text(written: written))
            }
        }
        Terminal.write(result.utf8 + Data("\n".utf8))
    }

    private func explainAll(in folder: String, _ values: [String: ExplainParameters.Value]) async throws {
        guard let out else {
            throw CommandFailure("\(folder) is a folder; say by --out where its results go", status: .usage)
        }
        guard raw == nil, rawAttribution == nil, animals.isEmpty else {
            throw CommandFailure(
                "--raw, --raw-attribution and --animal are about one photo, not a folder", status: .usage)
        }
        var question = try parameters(of: .path(""), values)
        question.images = true
        try await ExplainBatch(
            folder: folder, out: out, isRecursive: recursive, question: question, common: common
        ).run()
    }

    private func parameters(
        of source: PhotoSource, _ values: [String: ExplainParameters.Value]
    ) throws -> ExplainParameters {
        var parameters = ExplainParameters(
            source: source, method: method,
            classLabel: classLabels.first,
            furtherClasses: classLabels.count > 1 ? Array(classLabels.dropFirst()) : nil, against: against,
            probability: probability ? true : nil, model: model,
            parameters: values.isEmpty ? nil : values, raw: raw.map { _ in true },
            rawAttribution: rawAttribution.map { _ in true }, images: out.map { _ in true },
            plainSaliency: plainSaliency ? true : nil, memory: memory,
            animal: try animals.first.map(AnimalMark.init(argument:)))
        pictures.apply(to: &parameters)
        return parameters
    }

    private func request(_ parameters: ExplainParameters) async throws -> JSONText {
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
        return try await common.withDaemon { try await $0.ask(RPCMethods.explain, parameters, onProgress: show) }
    }
}
