import Socket
import WireProtocol

/// Answers `segment`: the object cut out along its colours, from its saliency; by a segmentation network, from its maps.
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
            cutOut = try CutOut(judgement, of: prepared, model)
        case .features:
            throw RPCError(.methodNotApplicable, model.whyNotExplained ?? "model '\(model.name)' gives no classes")
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
}
