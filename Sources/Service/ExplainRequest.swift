import Digests
import Execution
import Foundation
import Interpretation
import Photos
import Synchronization
import Tensors
import WireProtocol

/// Answers `explain`.
struct ExplainRequest: Sendable {
    let models: ModelStore
    let interpreter: PhotoInterpreter

    func explain(_ parameters: ExplainParameters, _ context: RequestContext) async throws -> ExplainResult {
        let model = try models.requested(parameters.model)
        guard model.task == .classification else {
            throw RPCError(
                .methodNotApplicable,
                "model '\(model.name)' gives each pixel a class and has no class score to explain; "
                    + "use 'interpretctl segment PHOTO --model \(model.name)', or name a classifier")
        }
        let classIndex = try parameters.classLabel.map { try model.classIndex(requested: $0) }
        switch try parameters.source() {
        case .npy(let bytes):
            return try await explain(try Tensor(npy: bytes), model, classIndex, parameters, context)
        case .jpeg(let bytes):
            return try await explain(bytes, name: nil, model, classIndex, parameters, context)
        case .photo(let path):
            let bytes = try PhotoFile.readForRequest(path)
            let name = URL(filePath: path).lastPathComponent
            return try await explain(bytes, name: name, model, classIndex, parameters, context)
        }
    }

    // MARK: Photos

    private func explain(
        _ bytes: Data, name: String?, _ model: LoadedModel, _ classIndex: Int?, _ parameters: ExplainParameters,
        _ context: RequestContext
    ) async throws -> ExplainResult {
        do {
            if let method = parameters.method {
                return try await explain(
                    bytes, name: name, by: try Methods.named(method), model, classIndex, parameters, context)
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
            let result = try await interpreter.interpret(bytes, fileName: name, model: model, classIndex: classIndex)
            return ExplainResult(
                sidecar: result.document, method: result.method, classLabel: model.labels[result.classIndex],
                map: parameters.raw == true ? result.map.map(TensorPayload.init) : nil,
                images: parameters.images == true
                    ? ExplainResult.Images(overlay: result.overlay, saliency: result.saliency) : nil,
                scores: result.scores, warnings: result.warning.map { [$0] } ?? [])
        } catch let error as PhotoError {
            throw RPCError.unreadable(photo: name ?? "the photo", reason: error.code, message: "\(error)")
        }
    }

    /// One method, and its map over the photo.
    private func explain(
        _ bytes: Data, name: String?, by method: any InterpretationMethod, _ model: LoadedModel, _ classIndex: Int?,
        _ parameters: ExplainParameters, _ context: RequestContext
    ) async throws -> ExplainResult {
        let watch = Stopwatch()
        let prepared = try PreparedPhoto(bytes, for: model)
        let (photo, region) = (prepared.photo, prepared.region)
        let decode = watch.lap()
        let explanations = try await explanations(
            prepared.input.tensor, by: method, model, classIndex, parameters, context)
        let explanation = explanations[0]
        let explain = watch.lap()

        let placed = try EvidencePlacement(explanation.map, region: region, on: photo.bitmap)
        let label = model.labels[explanation.classIndex]
        let probability = Double(softmax(explanation.scores)[explanation.classIndex])
        let boxes =
            method.localizes && !model.isBackground(explanation.classIndex) ? placed.boxes(model.boxFinder) : []
        var images: ExplainResult.Images?
        if parameters.images == true {
            let drawn = try EvidencePlacement(explanation.picture, region: region, on: photo.bitmap)
            let caption = "\(label) \(Int((probability * 100).rounded())) %, \(method.card.name)"
            let overlay = try interpreter.overlay.render(
                photo: photo.bitmap, heatMap: scaledToOne(drawn.map), heatMapRegion: region,
                boxes: boxes.map { OverlayBox(rectangle: $0.rectangle, caption: caption) }, headline: caption)
            let grey = try SaliencyImage.grey(
                from: explanation.picture, width: photo.bitmap.width, height: photo.bitmap.height, region: region)
            images = ExplainResult.Images(
                overlay: try JPEGEncoder.encode(overlay), saliency: try JPEGEncoder.encode(grey))
        }
        let render = watch.lap()
        var document = document(explanation, model)
        document.photo = Sidecar.Photo(
            file: name, width: photo.width, height: photo.height, sha256: SHA256.hexDigest(of: bytes))
        document.boxes = boxes.map { box in
            Sidecar.Box(
                label: label, score: (probability * Double(box.strength)).rounded(toPlaces: 4),
                bbox: prepared.boundingBox(box.rectangle), method: method.card.name)
        }
        document.milliseconds = ["decode": decode, "explain": explain, "render": render, "total": watch.total]
        var result = result(explanations, by: method, document, model, parameters)
        result.images = images
        if let warning = photo.warning { result.warnings.append(warning) }
        if parameters.images == true {
            for (index, further) in explanations.dropFirst().enumerated() {
                result.furtherClasses?[index].overlay = try JPEGEncoder.encode(
                    interpreter.overlay.render(
                        photo: photo.bitmap,
                        heatMap: scaledToOne(
                            try EvidencePlacement(further.picture, region: region, on: photo.bitmap).map),
                        heatMapRegion: region, headline: "\(model.labels[further.classIndex]), \(method.card.name)"))
            }
        }
        return result
    }

    // MARK: Tensors

    private func explain(
        _ input: Tensor, _ model: LoadedModel, _ classIndex: Int?, _ parameters: ExplainParameters,
        _ context: RequestContext
    ) async throws -> ExplainResult {
        guard input.shape.rank == 4, input.shape[0] == 1 else {
            throw RPCError(.badParameter, "the tensor must have shape [1,C,H,W], this one has \(input.shape)")
        }
        guard parameters.images != true else {
            throw RPCError(.badParameter, "pictures are drawn for photos; for a tensor ask for --raw")
        }
        let method = try parameters.method.map(Methods.named) ?? Methods.applicable(to: model.network)[0]
        let watch = Stopwatch()
        let explanations = try await explanations(input, by: method, model, classIndex, parameters, context)
        var document = document(explanations[0], model)
        document.milliseconds = ["explain": watch.lap(), "total": watch.total]
        return result(explanations, by: method, document, model, parameters)
    }

    // MARK: What both share

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
        return try await model.network.session.perform { (evaluator) throws(InterpretationError) in
            try method.explain(question, classes: [classIndex] + further.map { $0 }, on: evaluator)
        }
    }

    private static let memoryRange = 1...16_384

    private func document(_ explanation: Explanation, _ model: LoadedModel) -> Sidecar {
        Sidecar(
            photo: nil, model: Sidecar.Model(name: model.name, sha256: model.sha256),
            predictions: interpreter.predictions(explanation.scores, model), boxes: [], milliseconds: [:])
    }

    private func result(
        _ explanations: [Explanation], by method: any InterpretationMethod, _ document: Sidecar,
        _ model: LoadedModel, _ parameters: ExplainParameters
    ) -> ExplainResult {
        let wantsMap = parameters.raw == true
        let wantsAttribution = parameters.rawAttribution == true
        let further = explanations.dropFirst().map { explanation in
            ExplainResult.FurtherClass(
                classLabel: model.labels[explanation.classIndex],
                map: wantsMap ? TensorPayload(explanation.map) : nil,
                attribution: wantsAttribution ? explanation.attribution.map(TensorPayload.init) : nil,
                warnings: explanation.warnings)
        }
        let first = explanations[0]
        return ExplainResult(
            sidecar: document, method: method.card.name, classLabel: model.labels[first.classIndex],
            map: wantsMap ? TensorPayload(first.map) : nil,
            furtherMaps: wantsMap && !first.furtherMaps.isEmpty ? first.furtherMaps.mapValues(TensorPayload.init) : nil,
            attribution: wantsAttribution ? first.attribution.map(TensorPayload.init) : nil,
            furtherClasses: further.isEmpty ? nil : further,
            approximation: first.approximation.map(ExplainResult.Approximation.init), scores: first.scores,
            warnings: first.warnings + failedCheck(of: method.card))
    }
}

/// Said with every picture of a method whose pictures hardly depend on what the network has learned.
private func failedCheck(of card: MethodCard) -> [String] {
    guard card.randomization.verdict == .fails else { return [] }
    return [
        "\(card.name) FAILS the randomization check of Adebayo et al. 2018: its picture changes little when the upper layers "
            + "are made random, so do not read it as a reason"
    ]
}

extension LoadedModel {
    /// The class a request means.
    func classIndex(requested label: String) throws(RPCError) -> Int {
        guard let index = classIndex(named: label) else {
            let known = labels.prefix(20).joined(separator: ", ")
            throw RPCError(.noSuchClass, "model '\(name)' knows no class '\(label)'; it knows \(known)")
        }
        return index
    }
}

extension Preprocessor {
    /// What it does to colours, for methods that paint into the input.
    var normalization: Question.Normalization? {
        configuration.normalization.map { normalization in
            Question.Normalization(
                scale: Float(configuration.rescaleFactor ?? 1), mean: normalization.mean.map(Float.init),
                deviation: normalization.standardDeviation.map(Float.init))
        }
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

/// A map that is being made: written as often as it grows, read as often as a notification is sent.
private final class GrowingMap: Sendable {
    private let latest = Mutex<PartialMap?>(nil)

    func show(_ map: PartialMap) { latest.withLock { $0 = map } }

    func payload() -> PartialMapPayload? { latest.withLock { $0 }.map(PartialMapPayload.init) }
}

extension PartialMapPayload {
    /// Every nth row and column of a large map.
    init(_ map: PartialMap) {
        let step = max((max(map.rows, map.columns) + Self.largestSide - 1) / Self.largestSide, 1)
        let rows = Array(stride(from: 0, to: map.rows, by: step))
        let columns = Array(stride(from: 0, to: map.columns, by: step))
        self.init(
            rows: rows.count, columns: columns.count,
            values: rows.flatMap { row in
                columns.map { column in
                    let value = map.values[row * map.columns + column]
                    return value.isFinite ? Double(value).rounded(toPlaces: 4) : nil
                }
            })
    }
}

extension TensorPayload {
    init(_ tensor: Tensor) { self.init(shape: tensor.shape.dimensions, npy: tensor.npyData()) }
}

extension ParameterValue {
    init(_ value: ExplainParameters.Value) {
        switch value {
        case .number(let number): self = .number(number)
        case .string(let text): self = .text(text)
        }
    }
}
