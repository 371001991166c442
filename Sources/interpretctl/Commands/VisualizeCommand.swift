import ArgumentParser
import Foundation
import WireProtocol

struct VisualizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "visualize",
        abstract: "Make the image that a class or a unit responds to most, by gradient ascent.",
        discussion: """
            Examples:
              interpretctl visualize --class cat --out cat.jpg
              interpretctl visualize --class cat --regularized --out cat.jpg
              interpretctl visualize --all-classes --regularized --out classes.jpg
              interpretctl visualize --layer clip_88 --units 0..15 --regularized --out units.jpg
              interpretctl visualize --layer clip_88 --unit 3 --position 12,12 --starts 4 --diversity 5

            Plain, it is x ← x + η·∇L with L = s(x) − λ‖x‖² and nothing else (Simonyan et al. 2013): s is the class's score \
            before softmax, or the unit's mean over its map unless --position or --reading say otherwise. η is chosen by the \
            first step if --rate is left out, and stays the same. --regularized begins from other defaults: waves and \
            decorrelated colours instead of pixels, jitter, turns and scaling before each step, Adam (Olah et al. 2017). \
            Every flag below replaces one of them.

            The contrast of plain images is stretched to be seen; 'contrast' in --json says by how much.
            """)

    @Option(
        name: .customLong("class"),
        help: ArgumentHelp("The class, by label or index. May be repeated.", valueName: "label"))
    var classLabels: [String] = []

    @Flag(help: "A contact sheet of all classes.")
    var allClasses = false

    @Option(help: "The layer; see 'interpretctl models NAME --layers'.")
    var layer: String?

    @Option(help: "The unit (channel) of the layer, from 0.")
    var unit: Int?

    @Option(help: ArgumentHelp("Several units: 0..15, or 1,5,9.", valueName: "list"))
    var units: String?

    @Option(help: ArgumentHelp("The unit's value at this place of its map.", valueName: "y,x"))
    var position: String?

    @Option(
        help: ArgumentHelp("The unit's mean over its map, or its max; mean.", valueName: "mean|max"), transform: choice)
    var reading: VisualizeParameters.Reading?

    @Option(help: "The network to ask; see 'interpretctl models'.")
    var model: String?

    @Option(help: ArgumentHelp("Write the images with their objective's curves to this JPEG.", valueName: "file"))
    var out: String?

    @Option(
        help: ArgumentHelp(
            "Write the image [C,H,W] as a normalized tensor; of several to NAME.TARGET.START.npy.", valueName: "file"))
    var raw: String?

    @OptionGroup(title: "Ascent") var ascent: AscentOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        let asks = [!classLabels.isEmpty, allClasses, layer != nil].filter { $0 }.count
        guard asks == 1 else { throw ValidationError("give one of --class, --all-classes and --layer") }
        guard (layer == nil) == (unit == nil && units == nil) else {
            throw ValidationError("--layer goes with --unit or --units")
        }
        guard unit == nil || units == nil else { throw ValidationError("give --unit or --units, not both") }
        if let units, NumberList.numbers(units) == nil { throw ValidationError("--units takes 0..15 or 1,5,9") }
        if let position, NumberList.pair(position) == nil { throw ValidationError("--position takes Y,X such as 6,7") }
    }

    func run() async throws {
        var parameters = VisualizeParameters(model: model)
        parameters.classLabels = classLabels.isEmpty ? nil : classLabels
        parameters.allClasses = allClasses ? true : nil
        parameters.layer = layer
        parameters.units = unit.map { [$0] } ?? units.flatMap(NumberList.numbers)
        parameters.position = position.flatMap(NumberList.pair)
        parameters.reading = reading
        parameters.raw = raw.map { _ in true }
        parameters.images = out.map { _ in true }
        try ascent.apply(to: &parameters)

        let bar = ProgressBar()
        defer { bar.clear() }
        let result = try await common.withDaemon { [parameters] in
            try await $0.call(RPCMethods.visualize, parameters, onProgress: bar.show)
        }
        bar.clear()
        if out != nil || raw != nil || !common.json {
            let made = try RPCMethods.visualize.output(of: result)
            let written = try write(made)
            if !common.json { return Terminal.write(report(made, written)) }
        }
        Terminal.write(result.utf8 + Data("\n".utf8))
    }

    private func write(_ made: VisualizeResult) throws -> [String] {
        var written: [String] = []
        if let out, let sheet = made.sheet {
            try Files.write(sheet, to: out)
            written.append(out)
        }
        if let raw {
            let stem = raw.hasSuffix(".npy") ? String(raw.dropLast(4)) : raw
            let isOne = made.targets.count == 1 && made.targets[0].starts.count == 1
            for target in made.targets {
                for (index, start) in target.starts.enumerated() {
                    guard let tensor = start.raw else { continue }
                    let file = isOne ? raw : "\(stem).\(Files.name(of: target.name)).\(index).npy"
                    try Files.write(tensor.npy, to: file)
                    written.append(file)
                }
            }
        }
        return written
    }

    private func report(_ made: VisualizeResult, _ written: [String]) -> String {
        var table = Table([.left, .right, .right, .right, .right])
        table.add("TARGET", "ACTIVATION", "PROBABILITY", "L FROM", "L TO", "STEP SIZE", style: .faint)
        for target in made.targets {
            for start in target.starts {
                table.add(
                    target.name, Format.decimal(start.activation),
                    start.probability.map(Format.percent) ?? "-",
                    start.objective.first.map { Format.decimal($0) } ?? "-", Format.decimal(start.finalObjective),
                    Format.number(target.rate))
            }
        }
        let size = "\(made.settings.steps) steps, \(made.shape[1])×\(made.shape[2]) pixels"
        var text = table.text + "\(size), \(Format.decimal(made.seconds, 1)) s\n"
        for warning in made.warnings { text += Style.yellow("warning: \(warning)") + "\n" }
        return text + written.map { Style.green("wrote \($0.printable)") + "\n" }.joined()
    }
}

/// How the image is made.
struct AscentOptions: ParsableArguments {
    @Flag(help: "Begin from the defaults that make pictures people recognise.")
    var regularized = false

    @Flag(help: "Begin from the formula alone; so it is if nothing is said.")
    var plain = false

    @Option(help: "Number of steps.")
    var steps: Int?

    @Option(help: "Step size η.")
    var rate: Double?

    @Option(help: "Factor λ of ‖x‖².")
    var lambda: Double?

    @Option(help: "Where the random numbers begin.")
    var seed: Int?

    @Option(help: "Images from different noise.")
    var starts: Int?

    @Option(help: "How much images of several starts are kept from looking alike.")
    var diversity: Double?

    @Option(help: ArgumentHelp("Deviation of the noise an image begins as.", valueName: "deviation"))
    var noise: Double?

    @Option(help: ArgumentHelp("Begin with this normalized tensor [1,C,H,W].", valueName: "x.npy"))
    var start: String?

    @Option(help: ArgumentHelp("Side of the image, or HEIGHTxWIDTH.", valueName: "pixels"))
    var size: String?

    @Option(help: ArgumentHelp("Largest shift before each step.", valueName: "pixels"))
    var jitter: Int?

    @Option(help: ArgumentHelp("Largest turn before each step.", valueName: "degrees"))
    var rotate: Double?

    @Option(help: ArgumentHelp("Largest scaling before each step.", valueName: "share"))
    var scale: Double?

    @Option(help: ArgumentHelp("Blur in front of the network.", valueName: "pixels"))
    var blur: Double?

    @Option(help: ArgumentHelp("Factor of the total variation.", valueName: "factor"))
    var tv: Double?

    @Flag(inversion: .prefixedNo, help: "Move waves and decorrelated colours instead of pixels.")
    var fourier: Bool?

    @Option(help: ArgumentHelp("gradient or adam.", valueName: "name"), transform: choice)
    var optimizer: VisualizeParameters.Optimizer?

    func validate() throws {
        guard !(regularized && plain) else { throw ValidationError("give --plain or --regularized, not both") }
        if let size, NumberList.extents(size) == nil { throw ValidationError("--size takes 224 or 160x224") }
    }

    func apply(to parameters: inout VisualizeParameters) throws {
        parameters.regularized = regularized ? true : nil
        if let size = size.flatMap(NumberList.extents) { (parameters.height, parameters.width) = (size[0], size[1]) }
        if let start {
            let tensor = try Files.readForSending(Files.absolutePath(start))
            parameters.start = tensor
        }
        parameters.steps = steps
        parameters.rate = rate
        parameters.lambda = lambda
        parameters.seed = seed
        parameters.starts = starts
        parameters.diversity = diversity
        parameters.noise = noise
        parameters.jitter = jitter
        parameters.rotate = rotate
        parameters.scale = scale
        parameters.blur = blur
        parameters.totalVariation = tv
        parameters.fourier = fourier
        parameters.optimizer = optimizer
    }
}

/// Numbers as people write them on a command line; nil where they are none.
enum NumberList {
    /// `0..15`, `7` or `1,5,9`.
    static func numbers(_ text: String) -> [Int]? {
        let ends = text.components(separatedBy: "..").map { Int($0) }
        if ends.count == 2, let first = ends[0], let last = ends[1] {
            guard first >= 0, first <= last, last - first < 10_000 else { return nil }
            return Array(first...last)
        }
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        return numbers.contains { ($0 ?? -1) < 0 } ? nil : numbers.compactMap { $0 }
    }

    /// `6,7`.
    static func pair(_ text: String) -> [Int]? {
        guard let numbers = numbers(text), numbers.count == 2, !text.contains("..") else { return nil }
        return numbers
    }

    /// `224` or `160x224`.
    static func extents(_ text: String) -> [Int]? {
        let numbers = text.split(separator: "x", omittingEmptySubsequences: false).compactMap { Int($0) }
        guard (1...2).contains(numbers.count), numbers.count == text.split(separator: "x").count else { return nil }
        return [numbers[0], numbers[numbers.count - 1]]
    }
}

extension VisualizeResult.Target {
    /// The class, or the unit.
    fileprivate var name: String { classLabel ?? unit.map { "unit \($0)" } ?? "-" }
}
