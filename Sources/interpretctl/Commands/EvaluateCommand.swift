import ArgumentParser
import Foundation
import WireProtocol

struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "How often labels and boxes are right on photos whose truth is known.",
        discussion: """
            Examples:
              interpretctl evaluate --photos pets --truth pets/truth.json
              interpretctl evaluate --photos pets --truth pets/truth.json --json

            The truth is a JSON array of {"file": "IMG_1.jpg", "label": "cat", "bbox": [x, y, width, height]}, in pixels \
            of the upright photo; bbox is left out where there is nothing to find. A box is right where the intersection \
            with the true one over their union is at least 0.5 (MaxBoxAcc at 0.5, Choe et al. 2020); where a photo gets \
            several boxes, its first counts.
            """)

    @Option(help: ArgumentHelp("Folder of the photos.", valueName: "folder"))
    var photos: String

    @Option(help: ArgumentHelp("What is true of them.", valueName: "file"))
    var truth: String

    @Option(help: "The network to ask; see 'interpretctl models'.")
    var model: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let cases = try readTruth()
        let bar = ProgressBar()
        defer { bar.clear() }
        let report = try await common.withDaemon { connection in
            var report = BoxReport()
            let start = ContinuousClock.now
            for (index, truth) in cases.enumerated() {
                let path = Files.absolutePath(photos + "/" + truth.file)
                let parameters = ExplainParameters(source: .bytes(try Files.readForSending(path)), model: model)
                let result = try await connection.call(RPCMethods.explain, parameters)
                report.add(try RPCMethods.explain.output(of: result).sidecar, truth)
                let fraction = Double(index + 1) / Double(cases.count)
                let elapsed = (ContinuousClock.now - start) / .seconds(1)
                bar.show(
                    ProgressNotification(
                        id: .null, fraction: fraction, message: truth.file,
                        secondsLeft: elapsed * (1 - fraction) / fraction))
            }
            return report
        }
        bar.clear()
        if common.json {
            Terminal.write(try JSONText(encoding: report.summary).utf8 + Data("\n".utf8))
        } else {
            Terminal.write(report.summary.text)
        }
    }

    private func readTruth() throws -> [TrueBox] {
        do {
            return try JSONDecoder().decode([TrueBox].self, from: Data(contentsOf: URL(filePath: truth)))
        } catch {
            throw CommandFailure(
                "\(truth) is not a list of files with label and bbox; see 'interpretctl evaluate --help'")
        }
    }
}

/// What is true of one photo.
struct TrueBox: Decodable, Sendable {
    let file: String
    let label: String
    let bbox: BoundingBox?
}

/// Counts what was right.
struct BoxReport: Sendable {
    private var photos = 0
    private var labels = 0
    private var withBox = 0
    private var overlaps: [Double] = []

    mutating func add(_ document: Sidecar, _ truth: TrueBox) {
        photos += 1
        if document.predictions.first?.label == truth.label { labels += 1 }
        if !document.boxes.isEmpty { withBox += 1 }
        if let expected = truth.bbox {
            overlaps.append(document.boxes.first.map { $0.bbox.intersectionOverUnion(expected) } ?? 0)
        }
    }

    var summary: Summary {
        func rate(_ count: Int, of total: Int) -> Double { total == 0 ? 0 : Double(count) / Double(total) }
        return Summary(
            photos: photos, labelAccuracy: rate(labels, of: photos), withBox: rate(withBox, of: photos),
            boxesIoU50: overlaps.isEmpty ? nil : rate(overlaps.count { $0 >= 0.5 }, of: overlaps.count),
            meanIoU: overlaps.isEmpty ? nil : overlaps.reduce(0, +) / Double(overlaps.count))
    }

    struct Summary: Encodable, Sendable {
        let photos: Int
        /// Share of photos whose most probable class is the true one.
        let labelAccuracy: Double
        /// Share of photos that got a box.
        let withBox: Double
        /// Share of true boxes met with an intersection over union of at least 0.5.
        let boxesIoU50: Double?
        let meanIoU: Double?

        var text: String {
            var table = Table([.left, .right])
            table.add("photos", "\(photos)")
            table.add("label right", Format.percent(labelAccuracy))
            table.add("with a box", Format.percent(withBox))
            if let boxesIoU50 { table.add("box right (IoU ≥ 0.5)", Format.percent(boxesIoU50)) }
            if let meanIoU { table.add("mean IoU", Format.decimal(meanIoU, 3)) }
            return table.text
        }
    }
}
