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
        var segmentation = try segmentation(scores, prepared)
        if let missing = prepared.photo.missing { segmentation.clear(PixelBox(missing)) }
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

    /// At the bitmap's resolution.
    private func segmentation(_ scores: Tensor, _ prepared: PreparedPhoto) throws -> SemanticSegmentation {
        let bitmap = prepared.photo.bitmap
        let geometry = try prepared.input.geometry.onPhoto(width: bitmap.width, height: bitmap.height)
        let extents = scores.shape.dimensions
        guard extents.count == 4 else {
            throw LocalizationError.sizeMismatch(
                "segmentation needs score maps [1,C,h,w], this network gave \(scores.shape)")
        }
        func axis(_ scale: Double, _ offset: Double, _ map: Int, _ input: Int) -> SemanticSegmentation.Axis {
            let ratio = Double(map) / Double(input)
            return SemanticSegmentation.Axis(scale: scale * ratio, offset: offset * ratio)
        }
        return try SemanticSegmentation(
            scores, as: model.segmentationScores, width: bitmap.width, height: bitmap.height,
            columns: axis(geometry.scaleX, geometry.offsetX, extents[3], geometry.inputWidth),
            rows: axis(geometry.scaleY, geometry.offsetY, extents[2], geometry.inputHeight))
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
