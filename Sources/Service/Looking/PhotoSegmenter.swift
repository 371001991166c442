import DatasetSearch
import Execution
import Interpretation
import Localization
import Networks
import Photos
import Tensors

/// Looks at a photo through a segmentation network: the class of each pixel.
package struct PhotoSegmenter: Sendable {
    let model: LoadedModel
    /// Whether to read what the units answer, from the same pass.
    let readsUnits: Bool
    let asker: Asker

    package init(model: LoadedModel, readsUnits: Bool = false, for asker: Asker = .person) {
        self.model = model
        self.readsUnits = readsUnits
        self.asker = asker
    }

    /// - Throws: `ExecutionError`, `LocalizationError`, `PhotoError`.
    package func look(at prepared: PreparedPhoto) async throws -> SegmentationLook {
        var watch = Stopwatch()
        let (scores, units) = try await scores(of: prepared.input.tensor)
        let forward = watch.lap()
        let segmentation = try SemanticSegmentation(scores, as: model.segmentationScores, over: prepared)
        let segments = try segmentation.segments(background: model.backgroundClasses)
        return SegmentationLook(
            prepared: prepared, model: model, segmentation: segmentation, segments: segments, units: units,
            steps: ["forward": forward, "explain": watch.lap()])
    }

    private func scores(of input: Tensor) async throws -> (Tensor, Result<UnitPeaks, DatasetSearchError>?) {
        try await asker.perform(on: model) { (evaluator) throws(any Error) in
            let kept = readsUnits ? model.indexedLayers.map(\.value) : []
            let pass = try evaluator.forward([input], keeping: kept)
            return (try pass.output(0), readsUnits ? try model.units { try pass.value($0) } : nil)
        }
    }
}

extension LoadedModel {
    /// Classes that mean "nothing to find".
    var backgroundClasses: Set<Int> {
        var classes = Set(labels.indices.filter(isBackground))
        if case .ofObject = segmentationScores { classes.insert(0) }
        return classes
    }

    /// How the first output of a segmentation network is to be read.
    var segmentationScores: SemanticSegmentation.Scores {
        guard hasSingleMap, let output = network.graph.outputs.first else { return .perClass }
        if case .activation(.sigmoid)? = network.graph.producers()[output]?.operation {
            return .ofObject(isProbability: true)
        }
        return .ofObject(isProbability: false)
    }
}
