package import Foundation
import Socket
import WireProtocol

extension FakeDaemon {
    package static let chart = Data("<svg/>".utf8)

    func measuring(in router: inout RequestRouter) {
        router.on(RPCMethods.evaluate) { parameters, _ async throws(RPCError) in
            guard parameters.folder.hasPrefix("/") else {
                throw RPCError(
                    .invalidParameters, "evaluate: 'folder' should be an absolute path, got '\(parameters.folder)'")
            }
            return FakeDaemon.evaluation(parameters)
        }
    }

    /// All photos are right; what was asked comes back in the notes.
    private static func evaluation(_ parameters: EvaluateParameters) -> EvaluateResult {
        let count = parameters.photos.count
        let one = Estimate(value: 1, low: 1, high: 1, count: count)
        let names = (parameters.methods ?? [.init(name: "cam")]).map(\.name)
        var result = EvaluateResult(
            model: .init(name: "petshop", sha256: "729c8003f6b927a33500e1b769b7276eeb674b99d2209a7e523bcba4b6c6c0bc"),
            photos: count, skipped: [:])
        if parameters.photos.contains(where: { !$0.labels.isEmpty }) {
            result.accuracy = EvaluateResult.Accuracy(
                share: one, balanced: one, calibrationError: nil,
                classes: [.init(label: "cat", count: count, recall: one, precision: one)], confusion: [[count]])
        }
        if parameters.photos.contains(where: { !$0.boxes.isEmpty }) {
            let rows = names.map { ($0, false) } + [("center-box", true), ("center-gaussian", true)]
            result.localization = rows.map { name, isBaseline in
                EvaluateResult.Localization(
                    method: name, isBaseline: isBaseline, maxBoxAccuracy: one, maxBoxAccuracyV2: [one, one, one],
                    maxBoxAccuracyV2Mean: one, thresholds: [0.2, 0.2], ownThreshold: isBaseline ? nil : one,
                    pointing: one, energy: one)
            }
        }
        let measures = parameters.measures ?? []
        if !measures.isEmpty {
            result.faithfulness = names.map { name in
                .init(method: name, measures: Dictionary(uniqueKeysWithValues: measures.map { ($0, one) }))
            }
        }
        if parameters.charts == true { result.charts = ["localization.svg": chart] }
        return result
    }
}
