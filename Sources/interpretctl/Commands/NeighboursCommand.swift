import ArgumentParser
import Foundation
import WireProtocol

struct NeighboursCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "neighbours",
        abstract: "Which photos a network sees most alike, and which labelled photos pull it to its answer.",
        discussion: """
            Examples:
              interpretctl neighbours IMG_1.jpg
              interpretctl neighbours IMG_1.jpg -k 20 --output sheet.jpg
              interpretctl neighbours IMG_1.jpg --labelled /srv/training

            Photos are compared by what the network's last linear layer reads; those of the inbox are known. --labelled names \
            a folder with one folder of photos for each label: the last layer is fitted to them, and each photo's share in \
            the score is exact (representer points, Yeh et al. 2018). Those whose label the fit believes least may be \
            mislabelled.
            """)

    @Argument(help: "The photo.")
    var photo: String

    @Option(name: .customShort("k"), help: ArgumentHelp("How many, up to 100.", valueName: "count"))
    var count = 10

    @Option(help: ArgumentHelp("Photos in folders named by label, that the daemon may read.", valueName: "folder"))
    var labelled: String?

    @Option(
        help: ArgumentHelp("Of the weights of the layer that is fitted; 0.003 where left out.", valueName: "number"))
    var penalty: Double?

    @Option(help: ArgumentHelp("Draw the photos into this JPEG file.", valueName: "file"))
    var output: String?

    @Option(help: "The network; see 'interpretctl models'.")
    var model: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try Files.expectJPEG(output)
        guard (1...100).contains(count) else { throw ValidationError("-k takes 1 to 100") }
        if let penalty {
            guard labelled != nil else { throw ValidationError("--penalty is of the fit to --labelled photos") }
            guard penalty > 0, penalty.isFinite else { throw ValidationError("--penalty takes a number above 0") }
        }
    }

    func run() async throws {
        let bar = ProgressBar()
        defer { bar.clear() }
        let parameters = NeighboursParameters(
            source: .path(Files.absolutePath(photo)), count: count, labelled: labelled.map(Files.absolutePath),
            penalty: penalty, model: model, images: output.map { _ in true })
        let result = try await common.withDaemon {
            try await $0.ask(RPCMethods.neighbours, parameters, onProgress: bar.show)
        }
        bar.clear()
        let found = try RPCMethods.neighbours.output(of: result)
        if let output, let sheet = found.sheet { try Files.write(sheet, to: output) }
        try common.report(result, of: RPCMethods.neighbours, show: report)
    }

    private func report(_ result: NeighboursResult) -> String {
        var text = "\(result.model.name) calls it \(result.label)"
        text += result.probability.map { ", \(Format.percent($0))" } ?? ""
        text += "; \(Format.count(result.photos, "photo")) of the index compared\n"
        if result.withoutFeatures > 0 {
            text += "\(Format.count(result.withoutFeatures, "photo")) were judged before features were kept; "
            text += "where \(result.model.name) is the network of the inbox, "
            text += "'interpretctl redo --all' judges the photos there again\n"
        }
        if !result.neighbours.isEmpty {
            var table = Table([.right, .left, .right, .left])
            table.add("DISTANCE", "CALLED", "PROBABILITY", "PHOTO", style: .faint)
            for neighbour in result.neighbours {
                table.add([
                    .init(Format.number(neighbour.distance), .bold), .init(neighbour.label),
                    .init(neighbour.probability.map(Format.percent) ?? "–"), .init(neighbour.photo),
                ])
            }
            text += table.text
        }
        if let representers = result.representers { text += report(representers) }
        if let output { text += Remarks.wrote(output) }
        return text
    }

    private func report(_ found: NeighboursResult.Representers) -> String {
        var text = "\nthe last layer, fitted to \(Format.count(found.photos, "labelled photo")) with penalty "
        text += "\(Format.number(found.penalty)): \(found.label) scores \(Format.number(found.score)), of which "
        text += "\(Format.number(found.bias)) is no photo's share\n"
        if !found.isConverged { text += "the fit did not run to its optimum; try a larger --penalty\n" }
        text +=
            "it calls \(found.shipped.agree) of \(found.photos) as the network's own layer does; their probabilities "
        let difference = found.shipped.difference
        text += "differ by \(difference < 0.0005 ? "less than 0.1 %" : Format.percent(difference)) in the mean\n"
        if let residual = found.shipped.residual {
            text +=
                "the network's own layer is no minimum of this loss (\(Format.decimal(residual, 2)) of it is left over, "
            text += "0 would be one): shares are the fitted layer's\n"
        }
        var table = Table([.left, .right, .left, .right, .left])
        table.add("PULLS", "SHARE", "LABELLED", "BELIEVED", "PHOTO", style: .faint)
        func add(_ points: [NeighboursResult.Point], _ words: String) {
            for (number, point) in points.enumerated() {
                table.add(
                    number == 0 ? words : "", point.share.map { String(format: "%+.4f", $0) } ?? "", point.label,
                    Format.percent(point.probability), point.photo)
            }
        }
        add(found.towards, "towards \(found.label)")
        add(found.away, "away from it")
        add(found.leastBelieved, "least believed")
        text += table.text
        return text + Remarks.skipped(found.skipped)
    }
}
