import ArgumentParser
import Foundation
import WireProtocol

struct UnitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "units",
        abstract: "Which photos excite a unit most, and which units a photo excites most unusually.",
        discussion: """
            Examples:
              interpretctl units --layer /features/features.18/Relu --unit 12
              interpretctl units --layer /features/features.18/Relu --unit 12 -k 20 --out sheet.jpg
              interpretctl units --photo IMG_1.jpg
              interpretctl units --photo IMG_1.jpg --layer /features/features.18/Relu -k 10

            A unit is a channel of a layer. Answers come from the unit index, which knows the photos of the inbox and those \
            of 'interpretctl index'. 'interpretctl models --layers' lists the layers; the index has the activations and the \
            scores. --out draws the photos with the part that the unit saw.
            """)

    @Option(help: ArgumentHelp("The layer; with --photo, only its units.", valueName: "name"))
    var layer: String?

    @Option(help: ArgumentHelp("The layer's channel, from 0.", valueName: "number"))
    var unit: Int?

    @Option(
        help: ArgumentHelp("Instead of a unit, a photo: which units does it excite most unusually?", valueName: "file"))
    var photo: String?

    @Option(name: .customShort("k"), help: ArgumentHelp("How many, up to 100.", valueName: "count"))
    var count = 5

    @Option(help: ArgumentHelp("Draw the photos and patches into this JPEG file.", valueName: "file"))
    var out: String?

    @Option(help: "The network; see 'interpretctl models'.")
    var model: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try Files.expectJPEG(out)
        guard (1...100).contains(count) else { throw ValidationError("-k takes 1 to 100") }
        switch (unit, photo) {
        case (nil, nil): throw ValidationError("give --layer and --unit, or --photo")
        case (.some, .some): throw ValidationError("--unit and --photo are two questions; give one")
        case (.some, nil) where layer == nil: throw ValidationError("--unit needs the --layer that it belongs to")
        case (nil, .some) where out != nil: throw ValidationError("--out draws the photos of a unit; give --unit")
        default: break
        }
    }

    func run() async throws {
        let bar = ProgressBar()
        defer { bar.clear() }
        let parameters = UnitsParameters(
            source: photo.map { .path(Files.absolutePath($0)) }, layer: layer, unit: unit, count: count, model: model,
            images: out.map { _ in true })
        let result = try await common.withDaemon {
            try await $0.ask(RPCMethods.units, parameters, onProgress: bar.show)
        }
        bar.clear()
        let units = try RPCMethods.units.output(of: result)
        if let out {
            guard let sheet = units.sheet else {
                throw CommandFailure(
                    "there is nothing to draw: the index has no photo that can be read; see 'interpretctl index --help'"
                )
            }
            try Files.write(sheet, to: out)
        }
        for departure in units.left {
            Terminal.writeError("\(departure.photo) is \(departure.reason) and has left the index")
        }
        try common.report(result, of: RPCMethods.units, show: report)
    }

    private func report(_ result: UnitsResult) -> String {
        if let matches = result.strongest { return report(matches, result) }
        return report(result.unusual ?? [], result)
    }

    private func report(_ matches: [UnitsResult.Match], _ result: UnitsResult) -> String {
        var text = "unit \(result.unit ?? 0) of \(result.layer ?? ""), \(Format.count(result.photos, "photo"))\n"
        if matches.isEmpty { return text + "the index is empty; fill it with 'interpretctl index FOLDER'\n" }
        var table = Table([.right, .right, .left])
        table.add("VALUE", "AT Y,X", "SEES X,Y WIDTH×HEIGHT", "PHOTO", style: .faint)
        for match in matches {
            var note = match.copies.isEmpty ? "" : "  and \(Format.count(match.copies.count, "copy", plural: "copies"))"
            if match.status != "unchanged" { note += "  \(match.status)" }
            table.add([
                .init(Format.number(match.value), .bold), .init(match.position.map(String.init).joined(separator: ",")),
                .init(match.bbox.map(UnitsCommand.text) ?? "padding only"), .init(match.photo + note),
            ])
        }
        text += table.text
        if let out { text += Remarks.wrote(out) }
        return text
    }

    private func report(_ standings: [UnitsResult.Standing], _ result: UnitsResult) -> String {
        if standings.isEmpty {
            return "among \(Format.count(result.photos, "photo")), this one excites no unit unusually\n"
        }
        var table = Table([.right, .right, .right, .right, .left])
        table.add("PERCENTILE", "RANK", "VALUE", "UNIT", "LAYER", "SEES X,Y WIDTH×HEIGHT", style: .faint)
        for standing in standings {
            table.add([
                .init(Format.decimal(standing.percentile, 2), .bold), .init("\(standing.rank)"),
                .init(Format.number(standing.value)), .init("\(standing.unit)"), .init(standing.layer),
                .init(standing.bbox.map(UnitsCommand.text) ?? "padding only"),
            ])
        }
        return "among \(Format.count(result.photos, "photo"))\n" + table.text
    }

    private static func text(_ box: BoundingBox) -> String {
        "\(Int(box.x)),\(Int(box.y)) \(Int(box.width))×\(Int(box.height))"
    }
}
