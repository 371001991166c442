import ArgumentParser
import Foundation
import Glibc
import WireProtocol

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "What was found, for people: one file that opens without a network.",
        discussion: """
            Examples:
              interpretctl report --since yesterday --output report.html
              interpretctl report --since yesterday --until today --megabytes 20
              interpretctl report --label cat --verdict looks-elsewhere --output cats.pdf
              interpretctl report --since 7d --output - | gzip > week.html.gz
              interpretctl report --since 7d --json             the numbers, no file

            The report says how many photos were decided on the animal, shows those first that a person should look at, \
            then the others, and what the network is. Photos that would make it too large are counted and not shown; it \
            says how many. PDF is printed by Chromium or Chrome, where one of them is installed.
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument { case html, pdf }

    @OptionGroup var filter: PhotoFilterOptions

    @Option(help: ArgumentHelp("Only photos in this folder and below it.", valueName: "folder"))
    var folder: String?

    @Option(
        help: ArgumentHelp(
            "Where to write it; - for standard output. [default: report.html or report.pdf]", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("html or pdf; what the output's name ends with, else html.", valueName: "format"))
    var format: Format?

    @Option(help: ArgumentHelp("At most so large, 1 to 60.", valueName: "MB"))
    var megabytes: Int = ReportParameters.largestFile / 1_000_000

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...60).contains(megabytes) else { throw ValidationError("--megabytes takes a number from 1 to 60") }
        if output == "-", isatty(STDOUT_FILENO) == 1 {
            throw ValidationError("a report is not for a terminal; give --output a file, or pipe it")
        }
        if output?.isEmpty == true || output?.hasSuffix("/") == true {
            throw ValidationError("--output takes the name of a file")
        }
        if output == "-", common.json {
            throw ValidationError("--json and --output - would both write to standard output")
        }
    }

    /// What was asked for, or what the file's name says.
    private var wantedFormat: Format {
        format ?? ((output?.lowercased().hasSuffix(".pdf") ?? false) ? .pdf : .html)
    }

    func run() async throws {
        guard output != nil || !common.json else {
            try await withProgress { bar in
                try common.report(try await ask(html: false, bar) { _ in }, of: RPCMethods.report) { _ in "" }
            }
            return
        }
        switch wantedFormat {
        case .html: try await withProgress { try await writeHTML(to: output ?? "report.html", $0) }
        case .pdf:
            // Better now than after the work.
            let browser = try Browser.installed()
            try await withProgress { try await print(by: browser, to: output ?? "report.pdf", $0) }
        }
    }

    private func withProgress(_ body: (ProgressBar) async throws -> Void) async throws {
        let bar = ProgressBar()
        defer { bar.clear() }
        try await body(bar)
    }

    private func ask(
        html: Bool, _ bar: ProgressBar, onFile: (FilePart) throws -> Void
    ) async throws -> JSONText {
        let parameters = ReportParameters(
            filter: PhotosParameters(
                label: filter.label, verdict: filter.verdict?.rawValue, since: filter.range.since,
                until: filter.range.until,
                folder: folder.map(Files.absolutePath)),
            timeZone: TimeZone.current.identifier, html: html ? nil : false, bytes: megabytes * 1_000_000)
        return try await common.withDaemon {
            try await $0.call(RPCMethods.report, parameters, onProgress: bar.show, onFile: onFile)
        }
    }

    // MARK: HTML

    private func writeHTML(to target: String, _ bar: ProgressBar) async throws {
        guard target != "-" else {
            let stream = StreamedFile()
            let answer = try await ask(html: true, bar) { part in
                bar.clear()
                try stream.receive(part)
            }
            return try stream.complete(try RPCMethods.report.output(of: answer).files)
        }
        let place = OutputPlace(target)
        let files = try IncomingFiles(folder: place.folder)
        defer { files.discard() }
        let signals = TerminationSignals { files.discard() }
        defer { signals.cancel() }
        let answer = try await ask(html: true, bar, onFile: files.receive)
        let report = try RPCMethods.report.output(of: answer)
        try files.complete(report.files, named: place.name)
        bar.clear()
        try common.report(answer, of: RPCMethods.report) { ReportSummary.text($0, target) }
    }

    // MARK: PDF

    private func print(by browser: Browser, to target: String, _ bar: ProgressBar) async throws {
        let isFile = target != "-"
        // Beside the output: browsers that come as a snap see no other folder than the person's own.
        let scratch = try ScratchFolder(
            in: isFile ? OutputPlace(target).folder : NSTemporaryDirectory(), named: "report")
        defer { scratch.remove() }
        let signals = TerminationSignals {
            browser.stop()
            scratch.remove()
        }
        defer { signals.cancel() }
        let files = try IncomingFiles(folder: scratch.path)
        let answer = try await ask(html: true, bar, onFile: files.receive)
        let report = try RPCMethods.report.output(of: answer)
        try files.complete(report.files, named: "report.html")
        bar.show(ProgressNotification(id: .null, fraction: 0.97, message: "printing"))
        let pdf = scratch.path + "/report.pdf"
        try await browser.print(scratch.path + "/report.html", to: pdf, profile: scratch.path + "/profile")
        bar.clear()
        guard isFile else { return try Files.copyToStandardOutput(pdf) }
        guard rename(pdf, target) == 0 else { throw CommandFailure("cannot write \(target): \(Files.reason(errno))") }
        try common.report(answer, of: RPCMethods.report) { ReportSummary.text($0, target) }
    }
}

/// Where a file is to be written.
private struct OutputPlace {
    let folder: String
    let name: String

    init(_ path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        name = String(parts.last ?? "")
        folder =
            parts.count < 2 ? "." : parts.count == 2 && parts[0].isEmpty ? "/" : parts.dropLast().joined(separator: "/")
    }
}

/// What is said once a report is written.
private enum ReportSummary {
    static func text(_ report: ReportResult, _ target: String) -> String {
        let all = report.overview.all
        let judged = all.verdicts.values.reduce(0, +)
        guard all.photos > 0 else { return "no photo is like that; wrote \(target.printable) all the same\n" }
        var text = Format.count(all.photos, "photo")
        if judged > 0 {
            let share = Double(all.verdicts["looks-at-animal"] ?? 0) / Double(judged)
            text += ", \(Format.percent(share)) decided on the animal, \(all.doubtful) in doubt"
        }
        if all.failed > 0 { text += ", \(all.failed) cannot be read" }
        text += "\n"
        if let contents = report.contents, contents.leftOut > 0 {
            text +=
                "\(Format.count(contents.leftOut, "photo")) counted and not shown, as the file would become too large; "
                + "a report of fewer days (--since, --until), one label or one verdict shows them\n"
        }
        let size = report.files.first.map { ", \(Format.bytes($0.size))" } ?? ""
        return text + "wrote \(target.printable)\(target.lowercased().hasSuffix(".pdf") ? "" : size)\n"
    }
}
