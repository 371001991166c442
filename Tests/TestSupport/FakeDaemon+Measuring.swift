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
        router.on(RPCMethods.calibrate) { parameters, _ async throws(RPCError) in
            guard parameters.folder.hasPrefix("/") else {
                throw RPCError(
                    .invalidParameters, "calibrate: 'folder' should be an absolute path, got '\(parameters.folder)'")
            }
            return FakeDaemon.calibration(parameters)
        }
        router.on(RPCMethods.check) { parameters, _ in FakeDaemon.check(parameters) }
    }

    /// The model's folder is that of the photos.
    private static func calibration(_ parameters: CalibrateParameters) -> CalibrateResult {
        let error = Estimate(value: 0.1, low: 0.05, high: 0.15, count: parameters.photos.count)
        return CalibrateResult(
            model: .init(name: "petshop", sha256: modelSHA256), path: parameters.folder,
            photos: parameters.photos.count, skipped: [:],
            record: CalibrationRecord(
                temperature: 1.5, scale: nil, shift: nil, sha256: modelSHA256, photos: parameters.photos.count,
                errorBefore: 0.1, errorAfter: 0.05),
            errorBefore: error, errorAfter: error, lossBefore: 0.5, lossAfter: 0.4, notes: [], seconds: 0.1)
    }

    private static func check(_ parameters: CheckParameters) -> CheckResult {
        let photos = parameters.photos?.count ?? 0
        return CheckResult(
            model: .init(name: "petshop", sha256: modelSHA256), facts: ["photos become 160×160 pixels"], photos: photos,
            layers: photos > 0 ? ["logits", "features"] : [], randomized: photos > 0 ? [1, 2] : [],
            methods: [
                .init(
                    name: "lrp", milliseconds: photos > 0 ? 12 : nil, correlations: photos > 0 ? [0.9, 0.7] : nil,
                    verdict: photos > 0 ? "FAILS" : nil),
                .init(name: "attention-rollout", obstacle: "it has no attention"),
            ], seconds: 0.1)
    }

    /// All photos are right; what was asked comes back in the notes.
    private static func evaluation(_ parameters: EvaluateParameters) -> EvaluateResult {
        let count = parameters.photos.count
        let one = Estimate(value: 1, low: 1, high: 1, count: count)
        let names = (parameters.methods ?? [.init(name: "cam")]).map(\.name)
        var result = EvaluateResult(
            model: .init(name: "petshop", sha256: modelSHA256),
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
