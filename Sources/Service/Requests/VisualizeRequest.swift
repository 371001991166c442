import Execution
import Foundation
import Interpretation
import Networks
import Photos
import Socket
import Tensors
import WireProtocol

/// Answers `visualize`: images made for classes or units by gradient ascent.
struct VisualizeRequest: Sendable {
    let models: ModelStore
    let font: Font

    /// What one answer may hold: everything is sent in one line.
    private static let largestTargets = 64
    private static let largestImages = 256
    private static let largestRawBytes = 24 << 20
    /// Of the activations of one step.
    private static let memoryBudget = 2 << 30

    /// One activation and what it is called.
    private struct Goal: Sendable {
        let name: String
        let target: AscentTarget
        let classIndex: Int?
        let unit: Int?
    }

    func visualize(_ parameters: VisualizeParameters, _ context: RequestContext) async throws -> VisualizeResult {
        let watch = Stopwatch()
        let model = try models.requested(parameters.model)
        let settings = try parameters.settings()
        let input = try inputShape(parameters, model)
        let layer = try parameters.layer.map { (name) throws(InterpretationError) in
            try NamedLayer(name, of: model.network, input: input)
        }
        let goals = try goals(parameters, model, layer, input)
        let extents = try ImageExtents(channels: input[1], height: input[2], width: input[3])
        try check(goals, settings, extents, returnsTensors: parameters.raw == true)
        try await check(memoryOf: goals, settings, extents, model)

        var result = VisualizeResult(
            model: Sidecar.Model(model),
            shape: [extents.channels, extents.height, extents.width], settings: VisualizeResult.Settings(settings),
            targets: [], seconds: 0)
        var entries: [ContactSheet.Entry] = []
        for (index, goal) in goals.enumerated() {
            let ascent = try GradientAscent(
                network: model.network, target: goal.target, settings: settings, extents: extents,
                normalization: model.preprocessor?.normalization,
                diversityLayer: layer ?? GradientAscent.standardDiversityLayer(of: model.network, input: input),
                start: try parameters.start.map { try Tensor(numbers: $0) })
            let finished = try await run(ascent, on: model) { share in
                context.progress(fraction: (Double(index) + share) / Double(goals.count), message: goal.name)
            }
            let evaluations = try await model.network.session.perform { (evaluator) throws(InterpretationError) in
                try finished.evaluation(on: evaluator)
            }
            var starts: [VisualizeResult.Start] = []
            for (start, image) in try finished.images.enumerated() {
                let evaluation = evaluations[start]
                var made = VisualizeResult.Start(
                    objective: finished.objectives[start], activation: evaluation.activation,
                    finalObjective: evaluation.objective,
                    probability: goal.classIndex.flatMap { index in
                        evaluation.scores.flatMap { model.probability(of: index, $0) }
                    })
                if parameters.raw == true { made.raw = TensorPayload(image) }
                if parameters.images == true {
                    let (picture, contrast) = try picture(of: image, model, isBounded: finished.isBounded)
                    made.contrast = contrast
                    made.image = try JPEGEncoder.encode(picture)
                    entries.append(
                        ContactSheet.Entry(
                            pictures: [picture], caption: caption(goal, made, start, settings),
                            curve: finished.objectives[start]))
                }
                starts.append(made)
            }
            result.targets.append(
                VisualizeResult.Target(
                    classLabel: goal.classIndex.map { model.label(of: $0) },
                    layer: goal.unit.flatMap { _ in layer?.name },
                    unit: goal.unit, rate: finished.rate ?? 0, starts: starts))
        }
        if parameters.images == true {
            var sheet = ContactSheet(font: font)
            if entries.count == 1 { sheet.side *= 2 }
            result.sheet = try JPEGEncoder.encode(
                try sheet.render(entries, footnote: footnote(settings, layer, model)))
        }
        result.seconds = (watch.total / 1000).rounded(toPlaces: 2)
        return result
    }

    /// Step by step, so that the session answers others in between and a cancelled request stops.
    private func run(
        _ ascent: GradientAscent, on model: LoadedModel, progress: (Double) -> Void
    ) async throws -> GradientAscent {
        var ascent = ascent
        while !ascent.isDone {
            try Task.checkCancellation()
            progress(Double(ascent.objectives[0].count) / Double(ascent.settings.steps))
            let before = ascent
            ascent = try await model.network.session.perform(as: .longQuestion) {
                (evaluator) throws(InterpretationError) in
                var next = before
                try next.step(on: evaluator)
                return next
            }
        }
        return ascent
    }

    // MARK: What is asked for

    /// [1,C,H,W].
    private func inputShape(_ parameters: VisualizeParameters, _ model: LoadedModel) throws -> Shape {
        let usual = model.exampleInput.dimensions
        guard usual.count == 4, model.network.graph.inputs.count == 1 else {
            throw RPCError(.methodNotApplicable, "images are made for networks with one image input [N,C,H,W]")
        }
        // An image to begin with brings its size along.
        let start = try parameters.start.map { try Tensor(npy: $0).shape.dimensions }.flatMap {
            $0.count == 4 ? $0 : nil
        }
        let height = parameters.height ?? parameters.width ?? start?[2] ?? usual[2]
        let width = parameters.width ?? parameters.height ?? start?[3] ?? usual[3]
        guard (8...1024).contains(height), (8...1024).contains(width) else {
            throw RPCError(.badParameter, "height and width should lie between 8 and 1024, got \(height) and \(width)")
        }
        return try Shape([1, usual[1], height, width])
    }

    private func goals(
        _ parameters: VisualizeParameters, _ model: LoadedModel, _ layer: NamedLayer?, _ input: Shape
    ) throws -> [Goal] {
        let wantsClasses = parameters.classLabels != nil || parameters.allClasses == true
        guard wantsClasses != (layer != nil), layer == nil || parameters.units != nil else {
            throw RPCError(.invalidParameters, "visualize: give 'classes', 'allClasses', or 'layer' with 'units'")
        }
        guard let layer else {
            guard parameters.position == nil, parameters.reading == nil, parameters.units == nil else {
                throw RPCError(.badParameter, "a class has one score; position, reading and units go with a layer")
            }
            let indices =
                parameters.allClasses == true
                ? Array(model.labels.indices)
                : try (parameters.classLabels ?? []).map { try model.classIndex(requested: $0) }
            return try indices.prefix(Self.largestTargets + 1).map { index in
                Goal(
                    name: model.label(of: index),
                    target: try AscentTarget(classIndex: index, of: model.network, input: input), classIndex: index,
                    unit: nil)
            }
        }
        let reading: AscentTarget.Reading
        switch (parameters.position, parameters.reading) {
        case (let position?, nil): reading = .place(try layer.place(at: position))
        case (nil, .max): reading = .maximum
        case (nil, .mean), (nil, nil): reading = .mean
        case (_?, _?): throw RPCError(.badParameter, "give a position or a reading, not both")
        }
        return try (parameters.units ?? []).prefix(Self.largestTargets + 1).map { unit in
            Goal(
                name: "unit \(unit)", target: try AscentTarget(unit: unit, of: layer, reading: reading),
                classIndex: nil, unit: unit)
        }
    }

    private func check(
        _ goals: [Goal], _ settings: AscentSettings, _ extents: ImageExtents, returnsTensors: Bool
    ) throws {
        try settings.check()
        guard (1...Self.largestTargets).contains(goals.count) else {
            throw RPCError(.badParameter, "one request makes images for 1 to \(Self.largestTargets) classes or units")
        }
        let images = goals.count * settings.starts
        guard images <= Self.largestImages else {
            throw RPCError(
                .badParameter, "\(images) images are too many for one request; \(Self.largestImages) are not")
        }
        guard !returnsTensors || images * extents.count * 4 <= Self.largestRawBytes else {
            throw RPCError(.badParameter, "these tensors do not fit into one answer; ask for fewer or smaller images")
        }
    }

    private func check(
        memoryOf goals: [Goal], _ settings: AscentSettings, _ extents: ImageExtents, _ model: LoadedModel
    ) async throws {
        let shape = try Shape([settings.starts, extents.channels, extents.height, extents.width])
        let walk = Derivative(of: goals[0].target.source, withRespectTo: [model.network.image])
        let bytes = try await model.network.session.perform { (evaluator) throws(ExecutionError) in
            try evaluator.planBytes(inputShapes: [shape], derivatives: [walk])
        }
        guard bytes <= Self.memoryBudget else {
            throw RPCError(
                .badParameter, "a step would take \(bytes >> 20) MiB; make the images smaller or their starts fewer")
        }
    }

    // MARK: Pictures

    private func picture(
        of image: Tensor, _ model: LoadedModel, isBounded: Bool
    ) throws -> (Bitmap, contrast: Double?) {
        guard let preprocessing = model.preprocessor?.configuration, image.shape[0] == 3 else {
            return (try TensorPicture.signed(image), nil)
        }
        return try TensorPicture.colours(image, preprocessing: preprocessing, stretches: !isBounded)
    }

    private func caption(
        _ goal: Goal, _ made: VisualizeResult.Start, _ start: Int, _ settings: AscentSettings
    ) -> String {
        let which = settings.starts > 1 ? " (\(start + 1))" : ""
        let probability = made.probability.map { "   \(Int(($0 * 100).rounded())) %" } ?? ""
        return "\(goal.name)\(which)   \(made.activation.rounded(toPlaces: 2))\(probability)"
    }

    private func footnote(_ settings: AscentSettings, _ layer: NamedLayer?, _ model: LoadedModel) -> String {
        let made = settings == AscentSettings() ? "plain" : settings.isDecorrelated ? "regularized" : "own settings"
        return "\(model.name)\(layer.map { ", \($0.name)" } ?? ""): gradient ascent, \(made), \(settings.steps) steps, "
            + "seed \(settings.seed). Not photos: what the network would like to see."
    }
}

extension VisualizeParameters {
    /// The preset with everything that is given in its place.
    fileprivate func settings() throws(RPCError) -> AscentSettings {
        var settings = regularized == true ? AscentSettings.regularized : AscentSettings()
        if let seed {
            guard seed >= 0 else {
                throw RPCError(.badParameter, "seed should be a whole number from 0 on, got \(seed)")
            }
            settings.seed = UInt64(seed)
        }
        settings.steps = steps ?? settings.steps
        settings.penalty = lambda ?? settings.penalty
        settings.starts = starts ?? settings.starts
        settings.noise = noise ?? settings.noise
        settings.diversity = diversity ?? settings.diversity
        settings.jitter = jitter ?? settings.jitter
        settings.rotation = rotate ?? settings.rotation
        settings.scaling = scale ?? settings.scaling
        settings.blur = blur ?? settings.blur
        settings.totalVariation = totalVariation ?? settings.totalVariation
        settings.isDecorrelated = fourier ?? settings.isDecorrelated
        if let optimizer {
            let chosen: AscentSettings.Update = optimizer == .adam ? .adam : .gradient
            // A rate is good for one optimizer only.
            if chosen != settings.update { settings.rate = chosen == .adam ? 0.05 : nil }
            settings.update = chosen
        }
        settings.rate = rate ?? settings.rate
        return settings
    }
}

extension VisualizeResult.Settings {
    fileprivate init(_ settings: AscentSettings) {
        self.init(
            steps: settings.steps, lambda: settings.penalty, seed: Int(clamping: settings.seed),
            starts: settings.starts, noise: settings.noise, diversity: settings.diversity, jitter: settings.jitter,
            rotate: settings.rotation, scale: settings.scaling, blur: settings.blur,
            totalVariation: settings.totalVariation, fourier: settings.isDecorrelated,
            optimizer: settings.update == .adam ? .adam : .gradient)
    }
}
