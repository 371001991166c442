import ArgumentParser
import Foundation
import WireProtocol

struct ConvertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Give a classifier a head that shows where: pooling and a retrained last layer.",
        discussion: """
            Examples:
              interpretctl convert petshop-flatten --photos labelled --output Models/localizer
              interpretctl convert petshop --photos animals --labels rabbit,hamster,other --output Models/rodents
              interpretctl convert petshop --photos animals --corrections --output Models/mine

            The photos lie in one folder a class, whose names are the labels. The trunk stays as it is; only the last layer \
            is trained, which takes a minute or so for a thousand photos. The daemon must be able to read the folder. The \
            new model is loaded at the daemon's next start.
            """)

    @Argument(help: "The network to start from; see 'interpretctl models'.")
    var model: String

    @Option(help: ArgumentHelp("Folder with one folder a class.", valueName: "folder"))
    var photos: String?

    @Flag(help: "The photos of the inbox that people have answered about, too; alone without --photos.")
    var corrections = false

    @Option(help: ArgumentHelp("Where to write the new model folder.", valueName: "folder"))
    var output: String

    @Option(help: ArgumentHelp("Which classes, in this order; all folders if left out.", valueName: "a,b,c"))
    var labels: String?

    @Option(help: "Of the split into training and held-out photos.")
    var seed: Int?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard photos != nil || corrections else {
            throw ValidationError(
                "give --photos, or --corrections for the photos that people have answered about")
        }
    }

    func run() async throws {
        let parameters = ConvertParameters(
            model: model, photos: photos.map(Files.absolutePath), corrections: corrections ? true : nil,
            labels: labels.map { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }, seed: seed)
        let files = try IncomingFiles(folder: output)
        defer { files.discard() }
        let signals = TerminationSignals { files.discard() }
        defer { signals.cancel() }
        let bar = ProgressBar()
        defer { bar.clear() }
        let result = try await common.withDaemon {
            try await $0.call(RPCMethods.convert, parameters, onProgress: bar.show, onFile: files.receive)
        }
        bar.clear()
        let converted = try RPCMethods.convert.output(of: result)
        try files.complete(converted.files)
        Terminal.write(common.json ? String(decoding: result.utf8, as: UTF8.self) + "\n" : report(converted))
    }

    private func report(_ result: ConvertResult) -> String {
        var text = "\(Format.count(result.photos, "photo")), \(result.heldOut) held out, "
        text += "\(Format.duration(seconds: result.seconds)), penalty \(result.penalty)\n"
        text += Remarks.skipped(result.skipped)
        var table = Table([.left, .right, .right])
        table.add("HELD OUT", "BEFORE", "AFTER", style: .faint)
        func row(_ name: String, _ before: Double?, _ after: Double) {
            table.add(name, before.map(Format.percent) ?? "-", Format.percent(after))
        }
        row("all", result.before?.accuracy, result.after.accuracy)
        for label in result.labels {
            row(label, result.before?.byClass[label], result.after.byClass[label] ?? 0)
        }
        text += "\n" + table.text + "\n" + confusion(result) + "\n"
        return text + "wrote \(output.printable); it is loaded at the daemon's next start\n"
    }

    /// Rows are the truth.
    private func confusion(_ result: ConvertResult) -> String {
        var table = Table([.left] + result.labels.map { _ in .right })
        table.add([.init("TRUE \\ FOUND", .faint)] + result.labels.map { .init($0, .faint) })
        for (label, row) in zip(result.labels, result.after.confusion) {
            table.add([.init(label)] + row.map { .init("\($0)") })
        }
        return table.text
    }
}
