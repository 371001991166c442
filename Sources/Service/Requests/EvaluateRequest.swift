import Evaluation
import Execution
import Files
import Foundation
import Interpretation
import Localization
import Photos
import Socket
import Tensors
import WireProtocol

/// Answers `evaluate`: photos whose truth is known, or not, through a network and its methods, and figures of all of them.
struct EvaluateRequest: Sendable {
    let models: ModelStore
    let permitted: PermittedFolders
    let font: Font
    let checks: MethodChecks

    /// How many photos that cannot be read the answer names.
    private static let namedFailures = 1000

    func evaluate(_ parameters: EvaluateParameters, _ context: RequestContext) async throws -> EvaluateResult {
        let watch = Stopwatch()
        let model = try models.requested(parameters.model)
        let plan = try Plan(parameters, model)
        var tally = EvaluationTally(model, plan, checks)
        var result = EvaluateResult(model: Sidecar.Model(model), photos: 0, skipped: [:])
        let count = Double(parameters.photos.count)
        for (number, truth) in parameters.photos.enumerated() {
            try Task.checkCancellation()
            let report: @Sendable (Double) -> Void = { share in
                context.progress(fraction: (Double(number) + share) / count, message: truth.file)
            }
            report(0)
            let path = truth.file.hasPrefix("/") ? truth.file : "\(plan.folder)/\(truth.file)"
            do {
                let place = try permitted.place(ofPhoto: path)
                let photo = try await NamedPhoto(reading: place.path, beneath: place.folder)
                let prepared = try PreparedPhoto(photo, for: model)
                let measured = try await plan.measure(prepared, truth, number: number, model, report)
                tally.add(measured, truth)
                result.photos += 1
            } catch let error as UnreadablePhoto {
                result.skip(truth.file, "\(error)", limit: Self.namedFailures)
            } catch let error as FileError {
                result.skip(truth.file, "\(error)", limit: Self.namedFailures)
            } catch let error as LocalizationError {
                guard case .sizeMismatch = error else { throw error }
                result.skip(truth.file, "\(error)", limit: Self.namedFailures)
            }
        }
        tally.complete(&result, plan.bootstrap)
        if parameters.charts == true { result.charts = try EvaluationCharts(font: font).charts(of: result) }
        result.seconds = (watch.total / 1000).rounded(toPlaces: 1)
        return result
    }

    /// What is to be measured of each photo.
    struct Plan: Sendable {
        let folder: String
        let methods: [(method: any InterpretationMethod, parameters: [String: ParameterValue])]
        let meter: FaithfulnessMeter
        let bootstrap: Bootstrap
        let keepsPhotos: Bool
        /// Whether somebody named methods.
        let isAskedForMethods: Bool

        /// - Throws: `RPCError` where something is not as it should be.
        init(_ parameters: EvaluateParameters, _ model: LoadedModel) throws {
            if let reason = model.whyNotExplained { throw RPCError(.methodNotApplicable, reason) }
            guard parameters.folder.hasPrefix("/") else {
                throw RPCError(
                    .invalidParameters, "evaluate: 'folder' should be an absolute path, got '\(parameters.folder)'")
            }
            guard !parameters.photos.isEmpty else {
                throw RPCError(.badParameter, "there are no photos to evaluate in \(parameters.folder)")
            }
            func number(_ value: Int?, _ name: String, _ range: ClosedRange<Int>, or standard: Int) throws -> Int {
                let value = value ?? standard
                guard range.contains(value) else {
                    throw RPCError(
                        .badParameter,
                        "\(name) should be from \(range.lowerBound) to \(range.upperBound), got \(value)")
                }
                return value
            }
            folder = parameters.folder
            methods = try Plan.methods(parameters.methods, model)
            let measures = try (parameters.measures ?? []).map { name in
                guard let measure = FaithfulnessMeasure(rawValue: name) else {
                    let known = FaithfulnessMeasure.allCases.map(\.rawValue).joined(separator: ", ")
                    throw RPCError(.badParameter, "there is no measure '\(name)'; there are \(known)")
                }
                return measure
            }
            let seed = UInt64(try number(parameters.seed, "seed", 0...Int.max, or: 0))
            meter = FaithfulnessMeter(
                measures: measures, steps: try number(parameters.steps, "steps", 2...1000, or: 50),
                samples: try number(parameters.samples, "samples", 1...1000, or: MaxSensitivity.samples), seed: seed)
            bootstrap = Bootstrap(
                resamples: try number(parameters.resamples, "resamples", 100...100_000, or: 1000), seed: seed)
            keepsPhotos = parameters.perPhoto ?? false
            isAskedForMethods = parameters.methods != nil
        }

        private static func methods(
            _ named: [EvaluateParameters.Method]?, _ model: LoadedModel
        ) throws -> [(any InterpretationMethod, [String: ParameterValue])] {
            guard let named else {
                return Methods.applicable(to: model.network).filter { $0.card.cost != .manyPasses }.map { ($0, [:]) }
            }
            return try named.map { named in
                let method = try Methods.named(named.name)
                if let reason = method.obstacle(for: model.network) {
                    throw InterpretationError.notApplicable(
                        method: named.name, reason: reason,
                        alternatives: Methods.applicable(to: model.network).map(\.card.name))
                }
                return (method, (named.parameters ?? [:]).mapValues(ParameterValue.init))
            }
        }

        /// - Parameter number: of the photo; every other one is in the same half.
        func measure(
            _ prepared: PreparedPhoto, _ truth: TruePhoto, number: Int, _ model: LoadedModel,
            _ report: @escaping @Sendable (Double) -> Void
        ) async throws -> MeasuredPhoto {
            let input = prepared.input.tensor
            let scores = try await model.network.session.perform(as: .archivePhoto) {
                (evaluator) throws(InterpretationError) in
                try ClassificationPass(model.network, input, on: evaluator).scores
            }
            let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
            let known = truth.labels.first { model.classIndex(named: $0) != nil }
            let explained = known.flatMap { model.classIndex(named: $0) } ?? best
            var photo = MeasuredPhoto(
                half: number % 2, scores: scores, predicted: best, explained: explained,
                truth: try MeasuredTruth(truth, label: known, prepared))
            for (index, (method, values)) in methods.enumerated() {
                let share = 1 / Double(methods.count)
                let question = Question(
                    network: model.network, input: input, classIndex: explained, parameters: values,
                    normalization: model.preprocessor?.normalization,
                    progress: { report((Double(index) + $0) * share) })
                let (picture, measures) = try await model.network.session.perform(as: .archivePhoto) {
                    (evaluator) throws(InterpretationError) in
                    let explanation = try await method.explain(question, on: evaluator)
                    let subject = FaithfulnessMeter.Subject(
                        method: method, question: question, explanation: explanation)
                    return (explanation.picture, try await meter.measure(subject, on: evaluator))
                }
                photo.measures.append(measures)
                if let truth = photo.truth {
                    photo.figures.append(try LocalizationFigures(picture, truth, model.boxFinder))
                }
            }
            return photo
        }
    }
}

extension EvaluateResult {
    fileprivate mutating func skip(_ file: String, _ reason: String, limit: Int) {
        if skipped.count < limit { skipped[file] = reason }
    }
}
