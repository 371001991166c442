import Execution
import Interpretation
import Networks
import Photos
import Socket
import Tensors
import WireProtocol

/// Answers `explain`.
struct ExplainRequest: Sendable {
    let models: ModelStore
    let permitted: PermittedFolders
    let composer: Composer
    let checks: MethodChecks

    func explain(_ parameters: ExplainParameters, _ context: RequestContext) async throws -> ExplainResult {
        let model = try models.requested(parameters.model)
        if let reason = model.whyNotExplained { throw RPCError(.methodNotApplicable, reason) }
        let classIndex = try parameters.classLabel.map { try model.classIndex(requested: $0) }
        guard parameters.animal == nil || parameters.method == nil else {
            throw RPCError(
                .badParameter, "the animal is marked for the verdict, which no single method gives; leave out --method")
        }
        switch try await RequestedInput(reading: parameters.source, in: permitted, passed: context.passed) {
        case .tensor(let tensor): return try await explain(model.planes(tensor), model, classIndex, parameters, context)
        case .photo(let photo):
            if let name = parameters.method {
                let method = try Methods.named(name)
                let prepared = try PreparedPhoto(photo, for: model)
                return try await explain(prepared, by: method, model, classIndex, parameters, context)
            }
            guard parameters.rawAttribution != true, parameters.against == nil, parameters.probability != true,
                parameters.furtherClasses == nil
            else {
                throw RPCError(
                    .badParameter,
                    "name the method with --method to ask for an attribution, contrast, probability or several classes")
            }
            if let name = parameters.parameters?.keys.min() {
                throw RPCError(.badParameter, "name the method that '\(name)' is a parameter of with --method")
            }
            let prepared = try PreparedPhoto(photo, for: model, and: models.verdictNetworks.all)
            return try await judge(prepared, model, classIndex, parameters)
        }
    }

    /// As the inbox's photos are judged.
    private func judge(
        _ prepared: PreparedPhoto, _ model: LoadedModel, _ classIndex: Int?, _ parameters: ExplainParameters
    ) async throws -> ExplainResult {
        let marked = try parameters.animal.map { (mark) throws(RPCError) in try AnimalSighting(mark, on: prepared) }
        let look = try await Judge(model: model, beside: models.verdictNetworks).look(
            at: prepared, classIndex: classIndex, animal: marked)
        let composer = try composer(for: parameters)
        let composition = try composer.compose(look, parameters.pictures)
        return ExplainResult(
            sidecar: composition.document, method: look.method, classLabel: look.label,
            map: parameters.raw == true ? look.map.map(TensorPayload.init) : nil,
            images: parameters.images == true ? ExplainResult.Images(composition) : nil,
            preview: try parameters.preview.map { try composer.preview(of: look, in: $0) }, scores: look.scores,
            warnings: prepared.photo.warning.map { [$0] } ?? [])
    }

    /// One method, and its map over the photo.
    private func explain(
        _ prepared: PreparedPhoto, by method: any InterpretationMethod, _ model: LoadedModel, _ classIndex: Int?,
        _ parameters: ExplainParameters, _ context: RequestContext
    ) async throws -> ExplainResult {
        var watch = Stopwatch()
        let explanations = try await explanations(
            prepared.input.tensor, by: method, model, classIndex, parameters, context)
        let look = try ClassLook(
            explanations[0], by: method, of: prepared, model, wasAsked: classIndex != nil, milliseconds: watch.lap())
        let composer = try composer(for: parameters)
        let composition = try composer.compose(look, parameters.pictures)
        var result = result(explanations, by: method, composition.document, model, parameters)
        if let warning = prepared.photo.warning { result.warnings.append(warning) }
        result.preview = try parameters.preview.map { try composer.preview(of: look, in: $0) }
        guard parameters.images == true else { return result }
        result.images = ExplainResult.Images(composition)
        for (index, further) in explanations.dropFirst().enumerated() {
            let label = model.label(of: further.classIndex)
            var scene = prepared.scene(details: nil)
            scene.heat = OverlayHeat(
                try PlacedHeatMap(further.picture, region: prepared.region, without: prepared.photo.missing),
                evidenceFor: label)
            scene.verdict = OverlayVerdict(words: OverlayWords("\(label), \(method.card.name)", label))
            result.furtherClasses?[index].overlay = try composer.picture(scene)
        }
        return result
    }

    /// - Throws: `RPCError` for a look of the pictures that does not exist.
    private func composer(for parameters: ExplainParameters) throws(RPCError) -> Composer {
        var composer = composer
        composer.plainSaliency = parameters.plainSaliency ?? false
        if let format = parameters.format { composer.format = format }
        if let name = parameters.colourMap {
            guard let colorMap = ColorMap(rawValue: name) else {
                let names = ColorMap.allCases.map(\.rawValue).joined(separator: ", ")
                throw RPCError(.badParameter, "there is no colour map '\(name)'; there is \(names)")
            }
            composer.overlay.style.colorMap = colorMap
        }
        if let opacity = parameters.opacity {
            guard (0...1).contains(opacity) else {
                throw RPCError(.badParameter, "opacity takes 0 to 1, got \(opacity)")
            }
            composer.overlay.style.heatMapOpacity = opacity
        }
        if let room = parameters.preview {
            let sides = 1...PictureRoom.largestSide
            guard sides.contains(room.width), sides.contains(room.height) else {
                throw RPCError(
                    .badParameter,
                    "preview takes sides of 1 to \(PictureRoom.largestSide) pixels, got \(room.width)×\(room.height)")
            }
        }
        return composer
    }

    private func explain(
        _ input: Tensor, _ model: LoadedModel, _ classIndex: Int?, _ parameters: ExplainParameters,
        _ context: RequestContext
    ) async throws -> ExplainResult {
        guard input.shape.rank == 4, input.shape[0] == 1 else {
            throw RPCError(.badParameter, "the tensor must have shape [1,C,H,W], this one has \(input.shape)")
        }
        guard parameters.animal == nil else {
            throw RPCError(.badParameter, "an animal is marked in a photo; a tensor has no verdict")
        }
        guard parameters.images != true, parameters.preview == nil else {
            throw RPCError(.badParameter, "pictures are drawn for photos; for a tensor ask for --raw")
        }
        let method = try parameters.method.map(Methods.named) ?? Methods.applicable(to: model.network)[0]
        let watch = Stopwatch()
        let explanations = try await explanations(input, by: method, model, classIndex, parameters, context)
        let document = Sidecar(
            photo: nil, model: Sidecar.Model(model), predictions: model.predictions(explanations[0].scores), boxes: [],
            milliseconds: ["explain": watch.total, "total": watch.total])
        return result(explanations, by: method, document, model, parameters)
    }

    // MARK: What photos and tensors share

    private func explanations(
        _ input: Tensor, by method: any InterpretationMethod, _ model: LoadedModel, _ classIndex: Int?,
        _ parameters: ExplainParameters, _ context: RequestContext
    ) async throws -> [Explanation] {
        let memory = parameters.memory ?? 256
        guard ExplainRequest.memoryRange.contains(memory) else {
            let range = ExplainRequest.memoryRange
            throw RPCError(
                .badParameter, "memory should be from \(range.lowerBound) to \(range.upperBound) MiB, got \(memory)")
        }
        let growing = GrowingMap()
        let showMap: @Sendable (PartialMap) -> Void = { map in growing.show(map) }
        let report: @Sendable (Double) -> Void = { fraction in
            context.progress(fraction: fraction, message: method.card.name, map: growing.payload)
        }
        let further = try (parameters.furtherClasses ?? []).map { try model.classIndex(requested: $0) }
        let question = Question(
            network: model.network, input: input, classIndex: classIndex,
            against: try parameters.against.map { try model.classIndex(requested: $0) },
            isProbability: parameters.probability ?? false,
            parameters: (parameters.parameters ?? [:]).mapValues(ParameterValue.init),
            normalization: model.preprocessor?.normalization,
            memoryBudget: memory << 20,
            progress: report, partialMap: parameters.partialMaps == true ? showMap : nil)
        return try await model.network.session.perform(as: method.card.cost.urgency) {
            (evaluator) throws(InterpretationError) in
            try await method.explain(question, classes: [classIndex] + further.map { $0 }, on: evaluator)
        }
    }

    private static let memoryRange = 1...16_384

    private func result(
        _ explanations: [Explanation], by method: any InterpretationMethod, _ document: Sidecar,
        _ model: LoadedModel, _ parameters: ExplainParameters
    ) -> ExplainResult {
        let wantsMap = parameters.raw == true
        let wantsAttribution = parameters.rawAttribution == true
        let further = explanations.dropFirst().map { explanation in
            ExplainResult.FurtherClass(
                classLabel: model.label(of: explanation.classIndex),
                map: wantsMap ? TensorPayload(explanation.map) : nil,
                attribution: wantsAttribution
                    ? explanation.attribution.map { TensorPayload(model.inputLayout.own($0)) } : nil,
                warnings: explanation.warnings)
        }
        let first = explanations[0]
        return ExplainResult(
            sidecar: document, method: method.card.name, classLabel: model.label(of: first.classIndex),
            map: wantsMap ? TensorPayload(first.map) : nil,
            furtherMaps: wantsMap && !first.furtherMaps.isEmpty ? first.furtherMaps.mapValues(TensorPayload.init) : nil,
            attribution: wantsAttribution ? first.attribution.map { TensorPayload(model.inputLayout.own($0)) } : nil,
            furtherClasses: further.isEmpty ? nil : further,
            approximation: first.approximation.map(ExplainResult.Approximation.init), scores: first.scores,
            warnings: first.warnings + checks.warnings(of: method.card, on: model))
    }
}

extension ExplainParameters {
    fileprivate var pictures: [SidecarKind] { images == true ? [.overlay, .saliency] : [] }
}

extension ExplainResult.Images {
    fileprivate init(_ composition: Composition) {
        self.init(overlay: composition.picture(.overlay), saliency: composition.picture(.saliency))
    }
}

extension ExplainResult.Approximation {
    init(_ approximation: Approximation) {
        self.init(
            places: approximation.places, computed: approximation.computed, sampled: approximation.sampled,
            rootMeanSquareError: approximation.rootMeanSquareError, largestError: approximation.largestError,
            range: approximation.range, correlation: approximation.correlation)
    }
}

extension ParameterValue {
    init(_ value: ExplainParameters.Value) {
        switch value {
        case .number(let number): self = .number(number)
        case .string(let text): self = .text(text)
        }
    }
}

extension MethodCard.Cost {
    /// How soon somebody who asks by a method of this cost wants a turn.
    fileprivate var urgency: Urgency {
        switch self {
        case .onePass, .oneGradient: .question
        case .manyPasses: .longQuestion
        }
    }
}
