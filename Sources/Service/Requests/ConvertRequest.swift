import Digests
import Execution
import Files
import Foundation
import Inbox
import Interpretation
import Localization
import Networks
import ONNXImport
import Photos
import Socket
import Tensors
import WireProtocol

/// Answers `convert`: a network gets global average pooling and a newly trained last layer, so that it can say where.
struct ConvertRequest: Sendable {
    let models: ModelStore
    let permitted: PermittedFolders
    let catalog: Catalog

    func convert(_ parameters: ConvertParameters, _ context: RequestContext) async throws -> ConvertResult {
        let watch = Stopwatch()
        guard let sender = context.files else {
            throw RPCError(.invalidRequest, "convert needs an id: the new model's files are sent under it")
        }
        let model = try models.requested(parameters.model)
        guard let preprocessor = model.preprocessor else { throw ModelStoreError.cannotReadPhotos(model.name) }
        let labelled = try await labelled(parameters, model)
        let (labels, photos) = (labelled.labels, labelled.photos)
        let conversion = try HeadConversion(model.network, inputShape: model.exampleInput)

        var examples: [HeadConversion.Example] = []
        var classes: [Int] = []
        var skipped: [String: String] = [:]
        for (index, photo) in photos.enumerated() {
            try Task.checkCancellation()
            do {
                let decoded = try PhotoDecoder.decode(
                    try await PhotoFile.read(FilePath(photo.path)),
                    for: preprocessor.configuration.decodeTarget(overlayLongSide: 1))
                let input = try preprocessor.input(from: decoded).tensor
                examples.append(
                    try await model.network.session.perform(as: .archivePhoto) {
                        (evaluator) throws(InterpretationError) in
                        try conversion.example(of: input, on: evaluator)
                    })
                classes.append(photo.classIndex)
            } catch let error as PhotoError {
                skipped[photo.path] = "\(error)"
            }
            context.progress(fraction: 0.9 * Double(index + 1) / Double(photos.count), message: "reading photos")
        }
        context.progress(fraction: 0.9, message: "training")
        let head = try HeadTraining(seed: UInt64(max(parameters.seed ?? 0, 0)))
            .train(examples.map(\.pooled), labels: classes, classes: labels.count)
        var result = ConvertResult(
            labels: labels, photos: examples.count, heldOut: head.heldOut.count, skipped: skipped,
            before: before(model, labels, head, examples, classes), after: quality(head.confusion, labels),
            penalty: head.penalty, seconds: 0, files: [])
        context.progress(fraction: 0.95, message: "sending the model")
        let source = FilePath(model.folder.path)
        // The network is hashed and read from end to end.
        let files = try await FileWork.run(on: source, patience: .seconds(60)) {
            try ConvertRequest.files(model, conversion, head, labels)
        }
        for (name, file) in files {
            result.files.append(
                try await sender.send(name, size: file.size) { range in
                    try await FileWork.run(on: source) { try file.bytes(in: range) }
                })
        }
        result.seconds = (watch.total / 1000).rounded(toPlaces: 1)
        return result
    }

    private func labelled(_ parameters: ConvertParameters, _ model: LoadedModel) async throws -> LabelledPhotos {
        let answers = parameters.corrections == true ? try await catalog.present(catalog.corrections()) : []
        guard let photos = parameters.photos else {
            guard parameters.corrections == true else {
                throw RPCError(
                    .invalidParameters,
                    "convert: 'photos' is missing; give a folder, or 'corrections' for what people have answered about")
            }
            return try LabelledPhotos(
                in: nil, answers: answers, labels: parameters.labels, of: model, for: "training")
        }
        let folder = try await permitted.folder(photos, member: "photos").string
        return try await FileWork.run(on: FilePath(folder)) {
            try LabelledPhotos(
                in: folder, answers: answers, labels: parameters.labels, of: model, for: "training")
        }
    }

    /// The old head on the held-out photos, where it tells the same classes apart.
    private func before(
        _ model: LoadedModel, _ labels: [String], _ head: TrainedHead, _ examples: [HeadConversion.Example],
        _ classes: [Int]
    ) -> ConvertResult.Quality? {
        let places = model.labels.map { labels.firstIndex(of: $0) }
        guard Set(model.labels) == Set(labels) else { return nil }
        var confusion = labels.map { _ in labels.map { _ in 0 } }
        for index in head.heldOut {
            let scores = examples[index].scores
            guard let best = scores.indices.max(by: { scores[$0] < scores[$1] }), let place = places[best] else {
                continue
            }
            confusion[classes[index]][place] += 1
        }
        return quality(confusion, labels)
    }

    private func quality(_ confusion: [[Int]], _ labels: [String]) -> ConvertResult.Quality {
        func share(_ right: Int, _ total: Int) -> Double { total == 0 ? 0 : Double(right) / Double(total) }
        let right = confusion.indices.reduce(0) { $0 + confusion[$1][$1] }
        let byClass = labels.indices.map { (labels[$0], share(confusion[$0][$0], confusion[$0].reduce(0, +))) }
        return ConvertResult.Quality(
            accuracy: share(right, confusion.joined().reduce(0, +)), byClass: Dictionary(uniqueKeysWithValues: byClass),
            confusion: confusion)
    }

    /// The new model folder. The network comes last: a folder is a model once it has one.
    private static func files(
        _ model: LoadedModel, _ conversion: HeadConversion, _ head: TrainedHead, _ labels: [String]
    ) throws -> [(name: String, contents: ComposedFile)] {
        let source = model.folder.appending(path: "model.onnx")
        // The trunk comes from the file, the head was trained on what is in memory.
        let preprocessor = model.folder.appending(path: "preprocessor_config.json")
        guard (try? SHA256.hexDigest(ofFile: FilePath(source.path))) == model.sha256,
            let preprocessing = try? Data(contentsOf: preprocessor)
        else {
            throw RPCError(
                .methodNotApplicable,
                "\(model.folder.path) does not hold the files any more that were loaded; restart the daemon and convert "
                    + "again")
        }
        let isFree = conversion.graph(with: head).inputs[0].extents.suffix(2).allSatisfy { $0 == nil }
        let network = try ONNXModel.replacingHead(
            of: source, at: model.network.graph.name(of: conversion.features), weights: head.weights, bias: head.bias,
            freesExtents: isFree)
        let configuration = Configuration(
            id2label: Dictionary(uniqueKeysWithValues: labels.enumerated().map { ("\($0)", $1) }),
            label2id: Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) }))
        let settings = Settings(
            backgroundLabels: labels.filter(model.backgroundLabels.contains), camThreshold: model.boxFinder.threshold)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return [
            ("config.json", ComposedFile(try encoder.encode(configuration))),
            ("interpret.json", ComposedFile(try encoder.encode(settings))),
            ("preprocessor_config.json", ComposedFile(preprocessing)),
            ("model.onnx", network),
        ]
    }

    private struct Configuration: Encodable {
        let id2label: [String: String]
        let label2id: [String: Int]
    }

    private struct Settings: Encodable {
        /// The new head is trained to tell classes apart.
        let outputs = OutputKind.exclusive
        let backgroundLabels: [String]
        let camThreshold: Float

        private enum CodingKeys: String, CodingKey {
            case outputs
            case backgroundLabels = "background_labels"
            case camThreshold = "cam_threshold"
        }
    }
}
