import ArgumentParser
import Foundation
import GroundTruth
import WireProtocol

struct CalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate", abstract: "Make a network's probabilities mean what they say.",
        discussion: """
            Examples:
              interpretctl calibrate petshop --photos labelled
              interpretctl calibrate petshop --photos pets --truth truth.csv --out report
              interpretctl calibrate petshop --photos labelled --dry-run
              interpretctl calibrate petshop --corrections           on the photos that people have answered about

            Of photos that are called a cat with 80 %, four fifths should be cats. The scores are divided by a temperature \
            (Guo et al. 2017), or scaled class by class where there are enough photos and that does better; independent \
            labels have a scale and a shift each (Platt 1999). Take 30 photos or more that the network has not learned from. The \
            error before and after is measured on the half of the photos that the scaling was not fitted to, with an \
            interval of 95 %. It is written into the model folder's interpret.json as "calibration", all else stays as it \
            is, and the daemon reads it at once. Without --truth the photos lie in one folder a label.
            """)

    @Argument(help: "The network; see 'interpretctl models'.")
    var model: String

    @OptionGroup var labelled: LabelledPhotoOptions

    @Flag(help: "Only say what would be written.")
    var dryRun = false

    @Option(help: ArgumentHelp("Write the reliability diagram (SVG and PNG) there.", valueName: "folder"))
    var out: String?

    @Option(help: "Draws of the bootstrap.")
    var resamples: Int?

    @Option(help: "Of what is drawn.")
    var seed: Int?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let (folder, known) = try await labelled.read(common, for: "calibrate") { folder throws(TruthError) in
            try GroundTruthForm.found(at: folder).read(folder, photos: folder)
        }
        if let out { try Files.makeFolder(out) }
        let parameters = CalibrateParameters(
            model: model, folder: folder, photos: known, resamples: resamples, seed: seed,
            charts: out == nil ? nil : true)
        let bar = ProgressBar()
        defer { bar.clear() }
        let answer = try await common.withDaemon {
            try await $0.call(RPCMethods.calibrate, parameters, onProgress: bar.show)
        }
        bar.clear()
        let result = try RPCMethods.calibrate.output(of: answer)
        var written: [String] = []
        for (name, chart) in (result.charts ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let out else { break }
            written.append("\(out)/\(Files.name(of: name))")
            try Files.write(chart, to: written[written.count - 1])
        }
        try common.report(answer, of: RPCMethods.calibrate) { report($0, written) }
        guard !dryRun else { return }
        let file = "\(result.path)/interpret.json"
        try write(result.record, to: file)
        let reload = try await common.withDaemon { try await $0.call(RPCMethods.reload, NoParameters()) }
        let notices = try RPCMethods.reload.output(of: reload).notices
        guard !common.json else { return }
        Terminal.write(Remarks.wrote(file) + notices.map { "notice: \($0)\n" }.joined())
    }

    /// Puts it into the file and leaves the rest of it as it is.
    private func write(_ record: CalibrationRecord, to file: String) throws {
        let value = try JSONText(encoding: record).description
        let old = FileManager.default.contents(atPath: file)
        guard old != nil || Files.isMissing(file) else { throw CommandFailure("cannot read \(file)") }
        let edited: Data
        do {
            edited = try JSONObjectEditing.setting("calibration", to: value, in: old ?? Data())
        } catch {
            throw CommandFailure("\(file): \(error); nothing is written")
        }
        do {
            try Files.write(edited, to: file)
        } catch {
            throw CommandFailure("\(error); as somebody who may write there, add \"calibration\": \(value)")
        }
    }

    private func report(_ result: CalibrateResult, _ written: [String]) -> String {
        func percent(_ estimate: Estimate) -> String {
            "\(Format.percent(estimate.value)) (\(Format.decimal(estimate.low * 100, 1))–"
                + "\(Format.decimal(estimate.high * 100, 1)))"
        }
        var text =
            "\(Format.count(result.photos, "photo")) by \(result.model.name), \(Format.duration(seconds: result.seconds))\n"
        text += Remarks.skipped(result.skipped)
        var table = Table([.left, .right, .right])
        table.add("", "BEFORE", "AFTER", style: .faint)
        table.add("calibration error", percent(result.errorBefore), percent(result.errorAfter))
        table.add(
            "mean −log p of the truth", Format.decimal(result.lossBefore, 4), Format.decimal(result.lossAfter, 4))
        text += "\n" + table.text + "\n"
        if let temperature = result.record.temperature {
            text += "temperature \(Format.decimal(temperature, 3))\n"
        } else {
            text += "scale \((result.record.scale ?? []).map { Format.decimal($0, 3) }.joined(separator: ", "))\n"
            text += "shift \((result.record.shift ?? []).map { Format.decimal($0, 3) }.joined(separator: ", "))\n"
        }
        return text + result.notes.map { "note: \($0)\n" }.joined() + written.map(Remarks.wrote).joined()
    }
}
