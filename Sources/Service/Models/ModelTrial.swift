import Execution
import Interpretation
import Networks
import Photos

/// Takes a photo through a network at start, so that what cannot work is known then, and not at each photo.
///
/// For the inbox's own network it is all that a photo costs there, forward and back, which compiles its plans: the first
/// photo does not wait for them. Another network gets one forward pass.
struct ModelTrial {
    private let photo: NamedPhoto

    /// - Throws: `PhotoError`.
    init() throws(PhotoError) {
        let grey = try Bitmap(width: 320, height: 240, color: RGBColor(red: 128, green: 128, blue: 128))
        photo = NamedPhoto(bytes: try JPEGEncoder.encode(grey))
    }

    /// - Parameters:
    ///   - isForInbox: whether the inbox uses the network.
    ///   - readsUnits: whether the inbox reads its units.
    /// - Throws: what a photo would throw; `ModelError` where the network takes more than a photo.
    func run(_ model: LoadedModel, isForInbox: Bool, readsUnits: Bool) async throws {
        let graph = model.network.graph
        if graph.inputs.count > 1 {
            let further = graph.inputs.dropFirst().map { input in
                "'\(graph.name(of: input.value))' [\(input.extents.map { $0.map(String.init) ?? "any" }.joined(separator: ","))]"
            }
            throw ModelError(
                file: "model.onnx",
                reason:
                    "it also takes \(further.joined(separator: ", ")), which no photo fills; export it with that as a "
                    + "constant, or remove preprocessor_config.json to use it with 'run'")
        }
        let prepared = try PreparedPhoto(photo, for: model)
        switch model.task {
        case .classification where isForInbox && model.role == .classifier:
            try check(try await Judge(model: model, readsUnits: readsUnits).judge(prepared).scores, model)
        case .segmentation where isForInbox:
            _ = try await PhotoSegmenter(model: model, readsUnits: readsUnits).look(at: prepared)
        case .classification:
            let scores = try await model.network.session.perform { (evaluator) throws(InterpretationError) in
                try ClassificationPass(model.network, prepared.input.tensor, on: evaluator).scores
            }
            try check(scores, model)
        case .segmentation, .features:
            try await model.network.session.perform { (evaluator) throws(any Error) in
                _ = try evaluator.forward([prepared.input.tensor])
            }
        }
    }

    private func check(_ scores: [Float], _ model: LoadedModel) throws(ModelError) {
        guard scores.count == model.labels.count else {
            throw ModelError(
                file: "config.json",
                reason:
                    "it names \(model.labels.count) labels, and for a photo the network gives \(scores.count) scores")
        }
    }
}
