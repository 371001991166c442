import Evaluation
import Execution
import Files
import Foundation
import Interpretation
import Networks
import Photos
import Socket
import Tensors
import WireProtocol

/// Answers `check`: what should be known of a network and of each method on it before explanations are believed.
struct CheckRequest: Sendable {
    let models: ModelStore
    let permitted: PermittedFolders
    let checks: MethodChecks

    private static let mostPhotos = 50

    func check(_ parameters: CheckParameters, _ context: RequestContext) async throws -> CheckResult {
        let watch = Stopwatch()
        let model = try models.requested(parameters.model)
        if let reason = model.whyNotExplained { throw RPCError(.methodNotApplicable, reason) }
        let methods = try (parameters.methods.map { try $0.map { try Methods.named($0) } } ?? Methods.all)
        let paths = parameters.photos ?? []
        guard paths.count <= Self.mostPhotos, paths.allSatisfy({ $0.hasPrefix("/") }), (parameters.seed ?? 0) >= 0
        else {
            throw RPCError(
                .badParameter, "photos should be at most \(Self.mostPhotos) absolute paths, and the seed not below 0")
        }
        var inputs: [Tensor] = []
        for path in paths {
            inputs.append(
                try PreparedPhoto(try await NamedPhoto(reading: .path(path), in: permitted), for: model).input.tensor)
        }
        var result = CheckResult(
            model: Sidecar.Model(model), facts: model.facts, photos: inputs.count, layers: [], randomized: [],
            methods: methods.map { method in
                CheckResult.Method(name: method.card.name, obstacle: method.obstacle(for: model.network))
            }, seconds: 0)
        if !inputs.isEmpty {
            let usable = methods.filter { $0.obstacle(for: model.network) == nil }
            try await randomize(model, inputs, usable, UInt64(parameters.seed ?? 0), &result, context)
        }
        result.seconds = (watch.total / 1000).rounded(toPlaces: 1)
        return result
    }

    /// A method's maps of all photos by one network.
    private struct Maps {
        var maps: [Tensor] = []
        var milliseconds = Double.infinity
    }

    private func randomize(
        _ model: LoadedModel, _ inputs: [Tensor], _ methods: [any InterpretationMethod], _ seed: UInt64,
        _ result: inout CheckResult, _ context: RequestContext
    ) async throws {
        let randomization = WeightRandomization(model.network.graph)
        let counts = randomization.counts
        result.layers = randomization.layers.map(\.name)
        result.randomized = counts
        let classes = try await classes(model, inputs)
        let total = Double((counts.count + 1) * methods.count)
        var done = 0
        func maps(_ network: Network, _ method: any InterpretationMethod, number: Int) async throws -> Maps {
            context.progress(fraction: Double(done) / total, message: method.card.name)
            done += 1
            return try await self.maps(network, model, method, inputs, classes, seed: seed &+ UInt64(number))
        }
        var trained: [Maps] = []
        for method in methods { trained.append(try await maps(model.network, method, number: 0)) }
        var likeness = methods.map { _ in [[MapLikeness]]() }
        for (number, count) in counts.enumerated() {
            try Task.checkCancellation()
            let network = try Network(
                try randomization.graph(randomizing: count, seed: seed).readingOutputs(model.outputStatement))
            for (index, method) in methods.enumerated() {
                let random = try await maps(network, method, number: number + 1)
                likeness[index].append(zip(trained[index].maps, random.maps).map { MapLikeness($0, $1) })
            }
        }
        let half = counts.firstIndex { 2 * $0 >= randomization.layers.count } ?? 0
        var verdicts: [String: RandomizationCheck.Verdict] = [:]
        for (index, method) in methods.enumerated() {
            guard let place = result.methods.firstIndex(where: { $0.name == method.card.name }) else { continue }
            result.methods[place].milliseconds = trained[index].milliseconds.rounded(toPlaces: 1)
            result.methods[place].passBytes = try await passBytes(model, method, inputs[0])
            guard !counts.isEmpty else { continue }
            let correlations = likeness[index].map { Self.mean($0.map(\.correlation)) }
            result.methods[place].correlations = correlations.map { $0.rounded(toPlaces: 3) }
            let similarities = likeness[index].map { $0.compactMap(\.similarity) }
            if similarities.allSatisfy({ !$0.isEmpty }) {
                result.methods[place].similarities = similarities.map { Self.mean($0).rounded(toPlaces: 3) }
            }
            let verdict = MapLikeness.verdict(correlations[half])
            verdicts[method.card.name] = verdict
            result.methods[place].verdict = verdict.rawValue
        }
        try checks.note(verdicts, on: model)
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(values.count, 1)) }

    /// What the trained network takes each photo for: the class that all maps are of.
    private func classes(_ model: LoadedModel, _ inputs: [Tensor]) async throws -> [Int] {
        try await model.network.session.perform(as: .archivePhoto) { (evaluator) throws(InterpretationError) in
            var classes: [Int] = []
            for input in inputs {
                classes.append(try ClassificationPass(model.network, input, on: evaluator).resolve(nil))
            }
            return classes
        }
    }

    private func maps(
        _ network: Network, _ model: LoadedModel, _ method: any InterpretationMethod, _ inputs: [Tensor],
        _ classes: [Int], seed: UInt64
    ) async throws -> Maps {
        var found = Maps()
        for (input, classIndex) in zip(inputs, classes) {
            let question = Question(
                network: network, input: input, classIndex: classIndex,
                parameters: Self.parameters(of: method, input, seed: seed),
                normalization: model.preprocessor?.normalization)
            var watch = Stopwatch()
            found.maps.append(
                try await network.session.perform(as: .archivePhoto) { (evaluator) throws(InterpretationError) in
                    try await method.explain(question, on: evaluator).map
                })
            found.milliseconds = min(found.milliseconds, watch.lap())
        }
        return found
    }

    /// Fewer samples than a person would want: a cascade asks many times. A method that draws random numbers draws others for
    /// every network, so that its noise is not taken for likeness.
    private static func parameters(
        of method: any InterpretationMethod, _ input: Tensor, seed: UInt64
    ) -> [String: ParameterValue] {
        let side = Double(min(input.shape[2], input.shape[3]))
        let wanted: [String: [String: Double]] = [
            "rise": ["samples": 400], "smoothgrad": ["samples": 25], "integrated-gradients": ["steps": 20],
            "occlusion": ["window": max((side / 5).rounded(), 1), "stride": max((side / 12).rounded(), 1)],
        ]
        var values = (wanted[method.card.name] ?? [:]).mapValues(ParameterValue.number)
        // An occlusion that is exact draws none.
        if method.card.name != "occlusion", method.card.parameters.contains(where: { $0.name == "seed" }) {
            values["seed"] = .number(Double(seed % 1000))
        }
        return values
    }

    private func passBytes(
        _ model: LoadedModel, _ method: any InterpretationMethod, _ input: Tensor
    ) async throws -> Int? {
        guard let scores = model.network.classifier?.scores else { return nil }
        let isForward = method.card.cost == .onePass
        let derivatives = isForward ? [] : [Derivative(of: scores, withRespectTo: [model.network.image])]
        return try await model.network.session.perform(as: .archivePhoto) { (evaluator) throws(ExecutionError) in
            try? evaluator.planBytes(inputShapes: [input.shape], derivatives: derivatives)
        }
    }
}
