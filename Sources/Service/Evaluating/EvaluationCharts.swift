import Evaluation
import Foundation
import Photos
import WireProtocol

/// Draws the figures of an evaluation.
struct EvaluationCharts {
    let font: Font

    /// By file name; no localization chart where nothing was to be found, and so on.
    func charts(of result: EvaluateResult) throws(PhotoError) -> [String: Data] {
        var charts: [String: Data] = [:]
        if !result.localization.isEmpty {
            try add(
                BarChart(
                    title: "Where the maps of \(result.model.name) point, with 95 % intervals",
                    series: ["MaxBoxAccV2 at 0.5", "pointing game", "energy on the object"],
                    rows: result.localization.map { row in
                        let half = row.maxBoxAccuracyV2.count > 1 ? row.maxBoxAccuracyV2[1] : nil
                        return BarChart.Row(row.method, isBaseline: row.isBaseline, [half, row.pointing, row.energy])
                    }), "localization", to: &charts)
        }
        let measures: [FaithfulnessMeasure] = [.insertion, .deletion, .drop, .increase]
        let series = measures.map(\.rawValue).filter { name in
            result.faithfulness.contains { $0.measures[name] != nil }
        }
        if !series.isEmpty {
            try add(
                BarChart(
                    title: "How faithful the maps of \(result.model.name) are, with 95 % intervals", series: series,
                    rows: result.faithfulness.map { row in BarChart.Row(row.method, series.map { row.measures[$0] }) }),
                "faithfulness", to: &charts)
        }
        return charts
    }

    private func add(_ chart: BarChart, _ name: String, to charts: inout [String: Data]) throws(PhotoError) {
        let drawing = chart.drawing
        charts["\(name).svg"] = drawing.svg
        charts["\(name).png"] = try PNGEncoder.encode(try drawing.bitmap(font))
    }
}
