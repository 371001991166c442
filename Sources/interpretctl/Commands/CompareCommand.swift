import ArgumentParser
import Foundation
import WireProtocol

struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Maps of several methods or networks over one photo, side by side and in numbers.",
        discussion: """
            Examples:
              interpretctl compare IMG_1.jpg --method cam --method gradient --output sheet.jpg
              interpretctl compare IMG_1.jpg --model petshop --model mine
              interpretctl compare IMG_1.jpg --model petshop --model mine --method grad-cam --method rise --class dog

            Every method is asked of every network, with its usual parameters. Rank correlation is Spearman's over 32×32 cells \
            of the photo, as far as both networks see them; overlap is of the first boxes (intersection over union).
            """)

    @Argument(help: "The photo.")
    var photo: String

    @Option(name: .customLong("method"), help: ArgumentHelp("A method; may be given several times.", valueName: "name"))
    var methods: [String] = []

    @Option(name: .customLong("model"), help: ArgumentHelp("A network; may be given several times.", valueName: "name"))
    var models: [String] = []

    @Option(
        name: .customLong("class"),
        help: ArgumentHelp("What is explained; what each network calls the photo where left out.", valueName: "label"))
    var classLabel: String?

    @Option(help: ArgumentHelp("Draw the maps side by side into this JPEG file.", valueName: "file"))
    var output: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try Files.expectJPEG(output)
        guard max(methods.count, 1) * max(models.count, 1) > 1 else {
            throw ValidationError("give --method or --model at least twice")
        }
    }

    func run() async throws {
        let bar = ProgressBar()
        defer { bar.clear() }
        let parameters = CompareParameters(
            source: .path(Files.absolutePath(photo)), methods: methods.isEmpty ? nil : methods,
            models: models.isEmpty ? nil : models, classLabel: classLabel, images: output.map { _ in true })
        let result = try await common.withDaemon {
            try await $0.ask(RPCMethods.compare, parameters, onProgress: bar.show)
        }
        bar.clear()
        if let output, let sheet = try RPCMethods.compare.output(of: result).sheet {
            try Files.write(sheet, to: output)
        }
        try common.report(result, of: RPCMethods.compare, show: report)
    }

    private func report(_ result: CompareResult) -> String {
        var maps = Table([.right, .left, .left, .left, .right, .right, .right])
        maps.add("MAP", "NETWORK", "METHOD", "CLASS", "PROBABILITY", "BOXES", "TIME", style: .faint)
        for (number, map) in result.maps.enumerated() {
            maps.add([
                .init("\(number + 1)"), .init(map.model), .init(map.method, .bold), .init(map.label),
                .init(map.probability.map(Format.percent) ?? "–"), .init("\(map.boxes.count)"),
                .init("\(Format.decimal(map.milliseconds, 0)) ms"),
            ])
        }
        var pairs = Table([.right, .right, .right])
        pairs.add("MAPS", "RANK CORRELATION", "BOX OVERLAP", style: .faint)
        for pair in result.pairs {
            pairs.add(
                "\(pair.first + 1), \(pair.second + 1)", pair.rankCorrelation.map { Format.decimal($0) } ?? "–",
                pair.boxOverlap.map { Format.decimal($0) } ?? "–")
        }
        var text = maps.text + "\n" + pairs.text
        let classes = Set(result.maps.map(\.label))
        if classes.count > 1 {
            text += "the maps explain different classes; name one with --class to compare like with like\n"
        }
        for warning in Set(result.maps.flatMap(\.warnings)).sorted() { text += "\(warning)\n" }
        if let damage = result.photo.damage { text += Style.yellow("warning: \(damage.sentence)") + "\n" }
        if let output { text += Remarks.wrote(output) }
        return text
    }
}
