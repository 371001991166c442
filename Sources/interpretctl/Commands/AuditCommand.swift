import ArgumentParser
import Foundation
import WireProtocol

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "In which ways a network decides, over all photos, and which of them look like shortcuts.",
        discussion: """
            Examples:
              interpretctl audit
              interpretctl audit --label dog --output sheet.jpg
              interpretctl audit --since 2025-06-01
              interpretctl audit --json --members

            Photos of a class whose evidence lies alike are one way of deciding (spectral relevance analysis, Lapuschkin et \
            al. 2019). What speaks against a way stands first: evidence off the animal, in the same corner of many photos, \
            on one small spot, or photos of one camera or folder only. The maps are kept as the daemon judges photos of the \
            inbox; those that it judged before are taken in by 'interpretctl redo --all'.
            """)

    @Option(help: ArgumentHelp("Only photos decided for this class.", valueName: "label"))
    var label: String?

    @Option(
        help: ArgumentHelp(
            "Only photos decided since then: \(PointInTime.examples).", valueName: "time"),
        transform: TimeRange.time)
    var since: Date?

    @Option(help: ArgumentHelp("Draw each way with typical photos into this JPEG file.", valueName: "file"))
    var output: String?

    @Option(help: "The network; see 'interpretctl models'.")
    var model: String?

    @Flag(help: "With --json: name every photo of each way, with its place in the plane of eigenvectors.")
    var members = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try Files.expectJPEG(output)
        if members, !common.json { throw ValidationError("--members belongs to --json") }
    }

    func run() async throws {
        let bar = ProgressBar()
        defer { bar.clear() }
        let parameters = AuditParameters(
            label: label, since: since, model: model, images: output.map { _ in true }, members: members ? true : nil)
        let result = try await common.withDaemon {
            try await $0.call(RPCMethods.audit, parameters, onProgress: bar.show)
        }
        bar.clear()
        let audit = try RPCMethods.audit.output(of: result)
        if let output {
            guard let sheet = audit.sheet else { throw CommandFailure(AuditCommand.advice(audit)) }
            try Files.write(sheet, to: output)
        }
        try common.report(result, of: RPCMethods.audit, show: report)
    }

    private func report(_ result: AuditResult) -> String {
        guard !result.ways.isEmpty else { return AuditCommand.advice(result) + "\n" }
        var table = Table([.right, .left, .right, .right, .left])
        table.add("WAY", "LABEL", "PHOTOS", "SHARE", "WHAT SPEAKS AGAINST IT", style: .faint)
        for (number, way) in result.ways.enumerated() {
            table.add([
                .init("\(number + 1)"), .init(way.label), .init("\(way.share.photos)"),
                .init(Format.percent(Double(way.share.photos) / Double(max(way.share.of, 1)))),
                .init(way.reasons.first ?? "nothing that was looked for", way.reasons.isEmpty ? .faint : .bold),
            ])
            for reason in way.reasons.dropFirst() { table.add("", "", "", "", reason) }
            if let typical = way.typical.first { table.add("", "", "", "", "as in \(typical)", style: .faint) }
        }
        let seconds = (result.milliseconds["cluster"] ?? 0) / 1000
        var text = table.text
        text += "\(Format.count(result.photos, "photo")) of \(result.model.name), all pairs compared in "
        text += "\(Format.decimal(seconds, 1)) s\n"
        if result.withoutDecision > 0 {
            text +=
                "\(Format.count(result.withoutDecision, "photo")) of the index were not judged since maps are kept: "
            text += "'interpretctl redo --all' judges those of the inbox again\n"
        }
        if result.withoutMap > 0 {
            text +=
                "\(Format.count(result.withoutMap, "photo")) have no map, since nothing speaks for the class there\n"
        }
        if let output { text += Remarks.wrote(output) }
        return text
    }

    private static func advice(_ result: AuditResult) -> String {
        let action =
            result.withoutDecision > 0
            ? "let the inbox's photos be judged again by 'interpretctl redo --all'" : "put photos into the inbox"
        return "no photo that was asked about has been decided by \(result.model.name) with a map; where it is the "
            + "network of the inbox, \(action)"
    }
}
