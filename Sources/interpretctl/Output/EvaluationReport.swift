import WireProtocol

/// An evaluation for reading.
struct EvaluationReport {
    private let result: EvaluateResult

    init(_ result: EvaluateResult) { self.result = result }

    func text(written: [String]) -> String {
        var parts = [
            "\(Format.count(result.photos, "photo")) by \(result.model.name), \(Format.duration(seconds: result.seconds))\n"
        ]
        parts[0] += Remarks.skipped(result.skipped)
        if let accuracy = result.accuracy { parts.append(self.accuracy(accuracy)) }
        if !result.localization.isEmpty { parts.append(localization) }
        if !result.faithfulness.isEmpty { parts.append(faithfulness) }
        let remarks = result.notes.map { "note: \($0)\n" } + written.map(Remarks.wrote)
        if !remarks.isEmpty { parts.append(remarks.joined()) }
        return parts.joined(separator: "\n")
    }

    /// "92.1 % (88.0–95.3)"
    private func percent(_ estimate: Estimate?) -> String {
        guard let estimate else { return "-" }
        return "\(Format.percent(estimate.value)) (\(Format.decimal(estimate.low * 100, 1))–"
            + "\(Format.decimal(estimate.high * 100, 1)))"
    }

    private func decimal(_ estimate: Estimate?) -> String {
        guard let estimate else { return "-" }
        return
            "\(Format.decimal(estimate.value, 3)) (\(Format.decimal(estimate.low, 3))–\(Format.decimal(estimate.high, 3)))"
    }

    private func accuracy(_ accuracy: EvaluateResult.Accuracy) -> String {
        var table = Table([.left, .right])
        // Of independent labels there is no one that could be taken for another.
        let isIndependent = accuracy.confusion == nil
        table.add(
            isIndependent ? "just the true labels" : "label right",
            "\(percent(accuracy.share)) of \(accuracy.share.count)")
        if let balanced = accuracy.balanced { table.add("mean of the labels", percent(balanced)) }
        if let error = accuracy.calibrationError { table.add("calibration error", percent(error)) }
        var classes = Table([.left, .right, .right, .right])
        classes.add("LABEL", "PHOTOS", "FOUND", "RIGHT WHERE FOUND", style: .faint)
        for row in accuracy.classes {
            classes.add(row.label, "\(row.count)", percent(row.recall), percent(row.precision))
        }
        var text = table.text + "\n" + classes.text
        if let confusion = accuracy.confusion, accuracy.classes.count <= 12 {
            var matrix = Table([.left] + accuracy.classes.map { _ in .right })
            matrix.add([.init("TRUE \\ FOUND", .faint)] + accuracy.classes.map { .init($0.label, .faint) })
            for (row, counts) in zip(accuracy.classes, confusion) {
                matrix.add([.init(row.label)] + counts.map { .init("\($0)") })
            }
            text += "\n" + matrix.text
        }
        return text
    }

    private var localization: String {
        var table = Table([.left, .right])
        let hasMasks = result.localization.contains { $0.pixelAveragePrecision != nil }
        table.add(
            [.init("METHOD", .faint), .init("PHOTOS", .faint)]
                + ["MAXBOXACC", "V2 0.3", "V2 0.5", "V2 0.7", "AS DRAWN"].map { .init($0, .faint) }
                + (hasMasks ? [.init("PXAP", .faint)] : []) + [.init("POINTING", .faint), .init("ENERGY", .faint)])
        for row in result.localization {
            let v2 = (0..<3).map { $0 < row.maxBoxAccuracyV2.count ? percent(row.maxBoxAccuracyV2[$0]) : "-" }
            let cells =
                ["\(row.pointing?.count ?? 0)", percent(row.maxBoxAccuracy)] + v2 + [percent(row.ownThreshold)]
                + (hasMasks ? [percent(row.pixelAveragePrecision)] : []) + [percent(row.pointing), percent(row.energy)]
            let style: Style? = row.isBaseline ? .faint : nil
            table.add([.init(row.method, style)] + cells.map { .init($0, style) })
        }
        return table.text
    }

    private var faithfulness: String {
        let names = FaithfulnessMeasure.allCases.filter { measure in
            result.faithfulness.contains { $0.measures[measure.rawValue] != nil }
        }
        var table = Table([.left])
        table.add([.init("METHOD", .faint)] + names.map { .init($0.rawValue.uppercased(), .faint) })
        for row in result.faithfulness {
            table.add([.init(row.method)] + names.map { .init(decimal(row.measures[$0.rawValue])) })
        }
        return table.text + names.map { "  \($0.rawValue): \($0.summary)\n" }.joined()
    }
}
