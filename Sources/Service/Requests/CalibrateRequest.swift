import Evaluation
import Execution
import Files
import Foundation
import Interpretation
import Networks
import Photos
import Socket
import WireProtocol

/// Answers `calibrate`: how a network's scores should be scaled so that its probabilities mean what they say.
struct CalibrateRequest: Sendable {
    let models: ModelStore
    let permitted: PermittedFolders
    let font: Font

    private static let namedFailures = 1000
    /// With fewer photos an error of a few hundredths cannot be seen.
    private static let fewestPhotos = 30

    func calibrate(_ parameters: CalibrateParameters, _ context: RequestContext) async throws -> CalibrateResult {
        let watch = Stopwatch()
        let model = try models.requested(parameters.model)
        if let reason = model.whyNotExplained { throw RPCError(.methodNotApplicable, reason) }
        guard model.kind.hasProbabilities else {
            throw RPCError(
                .methodNotApplicable,
                "model '\(model.name)' gives raw numbers, which have no probabilities to calibrate")
        }
        guard parameters.folder.hasPrefix("/") else {
            throw RPCError(
                .invalidParameters, "calibrate: 'folder' should be an absolute path, got '\(parameters.folder)'")
        }
        let resamples = parameters.resamples ?? 1000
        guard (100...100_000).contains(resamples), (parameters.seed ?? 0) >= 0 else {
            throw RPCError(.badParameter, "resamples should be from 100 to 100000, and the seed not below 0")
        }
        var skipped: [String: String] = [:]
        func skip(_ file: String, _ reason: String) {
            if skipped.count < Self.namedFailures { skipped[file] = reason }
        }
        var scores: [[Float]] = []
        var truths: [Set<Int>] = []
        for (number, photo) in parameters.photos.enumerated() {
            try Task.checkCancellation()
            context.progress(
                fraction: Double(number) / Double(parameters.photos.count), message: photo.file)
            let known = photo.labels.compactMap { model.classIndex(named: $0) }
            guard known.count == photo.labels.count else {
                skip(photo.file, "model '\(model.name)' does not know its label")
                continue
            }
            guard model.kind == .independent || known.count == 1 else {
                skip(photo.file, "it has \(known.count) labels, and the network tells one class from the others")
                continue
            }
            let path = photo.file.hasPrefix("/") ? photo.file : "\(parameters.folder)/\(photo.file)"
            do {
                scores.append(try await self.scores(of: path, model))
                truths.append(Set(known))
            } catch let error as UnreadablePhoto {
                skip(photo.file, "\(error)")
            } catch let error as FileError {
                skip(photo.file, "\(error)")
            }
        }
        guard scores.count >= Self.fewestPhotos else {
            let reason = skipped.min { $0.key < $1.key }.map { "; \($0.key) for one: \($0.value)" } ?? ""
            throw RPCError(
                .badParameter,
                "calibration needs at least \(Self.fewestPhotos) photos whose label the network knows, and there are "
                    + "\(scores.count)\(reason)")
        }
        guard let trial = trial(scores, truths, model) else {
            throw RPCError(
                .badParameter,
                "these \(scores.count) photos do not tell how sure the network should be: in a half of them it is never "
                    + "wrong, or it is no better than guessing; take more, and harder ones")
        }
        var result = try self.result(
            trial, model, Bootstrap(resamples: resamples, seed: UInt64(parameters.seed ?? 0)), photos: scores.count)
        result.skipped = skipped
        if parameters.charts == true { result.charts = try charts(trial, result) }
        result.seconds = (watch.total / 1000).rounded(toPlaces: 1)
        return result
    }

    /// As the network gives them, whatever calibration it has.
    private func scores(of path: String, _ model: LoadedModel) async throws -> [Float] {
        let photo = try await NamedPhoto(reading: .path(path), in: permitted)
        let input = try PreparedPhoto(photo, for: model).input.tensor
        let scores = try await model.network.session.perform(as: .archivePhoto) {
            (evaluator) throws(InterpretationError) in
            try ClassificationPass(model.network, input, on: evaluator).scores
        }
        return model.network.classifier?.scaling?.undone(scores) ?? scores
    }

    private func trial(_ scores: [[Float]], _ truths: [Set<Int>], _ model: LoadedModel) -> CalibrationTrial? {
        model.kind == .independent
            ? CalibrationTrial.ofLabels(scores, truth: truths, isBinary: model.network.classifier?.isBinary ?? false)
            : CalibrationTrial.ofClasses(scores, truth: truths.compactMap(\.first))
    }

    private func result(
        _ trial: CalibrationTrial, _ model: LoadedModel, _ bootstrap: Bootstrap, photos: Int
    ) throws -> CalibrateResult {
        func error(_ judged: [[CalibrationTrial.Judged]]) throws -> Estimate {
            let found = bootstrap.estimate(count: judged.count) { drawn in
                let all = drawn.flatMap { judged[$0] }
                return CalibrationError.expected(all.map(\.probability), all.map(\.isRight))
            }
            guard let found else { throw RPCError(.internal, "there are no photos to judge") }
            return found
        }
        let (before, after) = (try error(trial.before), try error(trial.after))
        let scaling = trial.scaling
        var notes: [String] = []
        for label in trial.untouched {
            notes.append(
                "'\(model.label(of: label))' stays as it is: its photos do not tell how sure the network should be")
        }
        if trial.lossAfter >= trial.lossBefore {
            notes.append(
                "on photos that it was not fitted to, the scaling does not make the truth likelier; there may be too few"
            )
        }
        return CalibrateResult(
            model: Sidecar.Model(model), path: model.folder.path, photos: photos, skipped: [:],
            record: CalibrationRecord(
                temperature: scaling.temperature?.rounded(toPlaces: 6),
                scale: scaling.temperature == nil ? scaling.scale.map { $0.rounded(toPlaces: 6) } : nil,
                shift: scaling.shift.isEmpty ? nil : scaling.shift.map { $0.rounded(toPlaces: 6) },
                sha256: model.sha256, photos: photos, errorBefore: before.value.rounded(toPlaces: 4),
                errorAfter: after.value.rounded(toPlaces: 4)),
            errorBefore: before, errorAfter: after, lossBefore: trial.lossBefore.rounded(toPlaces: 6),
            lossAfter: trial.lossAfter.rounded(toPlaces: 6), notes: notes, seconds: 0)
    }

    private func charts(_ trial: CalibrationTrial, _ result: CalibrateResult) throws(PhotoError) -> [String: Data] {
        func panel(_ name: String, _ judged: [[CalibrationTrial.Judged]], _ error: Estimate) -> ReliabilityDiagram.Panel
        {
            let all = judged.flatMap { $0 }
            let tenths = Int((error.value * 1000).rounded())
            return ReliabilityDiagram.Panel(
                "\(name): error \(tenths / 10).\(tenths % 10) %",
                CalibrationError.reliability(all.map(\.probability), all.map(\.isRight)))
        }
        let diagram = ReliabilityDiagram(
            title: "Probabilities of \(result.model.name) on \(result.photos) photos",
            panels: [
                panel("as it is", trial.before, result.errorBefore),
                panel("calibrated", trial.after, result.errorAfter),
            ])
        let drawing = diagram.drawing
        return [
            "reliability.svg": drawing.svg, "reliability.png": try PNGEncoder.encode(try drawing.bitmap(font)),
        ]
    }
}
