import Interpretation
import Photos
import Socket
import WireProtocol

/// Answers `segment`: the object cut out along its colours, from a map of what speaks for its class; by a segmentation
/// network, from its score maps.
struct SegmentRequest: Sendable {
    let models: ModelStore
    let permitted: PermittedFolders
    let composer: Composer

    func segment(_ parameters: SegmentParameters, _ context: RequestContext) async throws -> SegmentResult {
        let model = try models.requested(parameters.model)
        let classIndex = try parameters.classLabel.map { try model.classIndex(requested: $0) }
        let photo = try await NamedPhoto(reading: parameters.source, in: permitted, passed: context.passed)
        let prepared = try PreparedPhoto(photo, for: model)
        let cutOut: CutOut
        switch model.task {
        case .classification:
            let judgement = try await Judge(model: model).judge(prepared, classIndex: classIndex)
            let heatMap = try await heatMap(judgement, parameters.method, prepared, model, context)
            cutOut = try CutOut(judgement, by: heatMap, of: prepared, model)
        case .features:
            throw RPCError(.methodNotApplicable, model.whyNotExplained ?? "model '\(model.name)' gives no classes")
        case .segmentation where parameters.method != nil:
            throw RPCError(
                .methodNotApplicable,
                "model '\(model.name)' says of each pixel what it belongs to; leave 'method' out")
        case .segmentation:
            // The class asked for, or the one that covers most of the photo.
            guard let found = try await PhotoSegmenter(model: model).look(at: prepared).cutOut(classIndex) else {
                throw RPCError(
                    .noSuchClass, "model '\(model.name)' sees nothing but background; name a class with --class")
            }
            cutOut = found
        }
        return try composer.compose(cutOut, withImages: parameters.images == true)
    }

    /// What says where the object is: the method's map, or the network's heat map; its saliency where it has none.
    private func heatMap(
        _ judgement: Judgement, _ name: String?, _ prepared: PreparedPhoto, _ model: LoadedModel,
        _ context: RequestContext
    ) async throws -> Judgement.HeatMap {
        guard let name else {
            return judgement.heatMap
                ?? Judgement.HeatMap(map: judgement.saliency, method: SegmentRequest.saliencyMethod)
        }
        let method = try Methods.named(name)
        let explanation = try await model.explanation(of: prepared, by: method, classIndex: judgement.classIndex) {
            context.progress(fraction: $0, message: name)
        }
        return Judgement.HeatMap(map: explanation.picture, method: name)
    }

    /// The name of |∂s/∂x|.
    private static let saliencyMethod = "gradient"
}
