import Execution
import Foundation
import Localization
import Photos
import Tensors

/// Finds the animal in a photo by a network that tells animal from background, pixel by pixel, and knows nothing of the
/// classifier.
package struct AnimalFinder: Sendable {
    let model: LoadedModel
    let asker: Asker

    package init(model: LoadedModel, for asker: Asker = .person) {
        self.model = model
        self.asker = asker
    }

    /// - Parameter prepared: for whatever network; decoded large enough for this one, too.
    /// - Throws: `ExecutionError`, `LocalizationError`, `PhotoError`.
    package func look(at prepared: PreparedPhoto) async throws -> AnimalSighting {
        let prepared = try prepared.prepared(for: model)
        let input = prepared.input.tensor
        let scores = try await asker.perform(on: model) { (evaluator) throws(ExecutionError) in
            try evaluator.forward([input]).output(0)
        }
        let (map, kind) = try model.animalScores(scores)
        let segmentation = try SemanticSegmentation(map, as: kind, over: prepared)
        let mask = try PixelMask(
            width: segmentation.width, height: segmentation.height, pixels: segmentation.classes.map { $0 == 1 })
        return AnimalSighting(by: model, mask: mask, probabilities: segmentation.probabilities)
    }
}

extension LoadedModel {
    /// The score maps of a segmentation network as one map [1,1,h,w] of the animal against everything else: the log-odds of
    /// the animal's labels together.
    ///
    /// - Throws: `sizeMismatch` for other shapes.
    func animalScores(_ scores: Tensor) throws -> (map: Tensor, kind: SemanticSegmentation.Scores) {
        let extents = scores.shape.dimensions
        guard extents.count == 4, extents[0] == 1, extents[1] == 1 || extents[1] == labels.count else {
            throw LocalizationError.sizeMismatch(
                "an animal network should give score maps [1,\(labels.count),h,w], this one gave \(scores.shape)")
        }
        let kind = segmentationScores
        guard kind == .perClass else {
            guard !animalClasses.contains(1) else { return (scores, kind) }
            // The one map is of the other label.
            let isProbability = kind == .ofObject(isProbability: true)
            return (
                Tensor(shape: scores.shape) { target in
                    for index in target.indices { target[index] = isProbability ? 1 - scores[index] : -scores[index] }
                }, kind
            )
        }
        let others = labels.indices.filter { !animalClasses.contains($0) }
        let plane = extents[2] * extents[3]
        let map = Tensor(shape: try Shape([1, 1, extents[2], extents[3]])) { target in
            scores.withUnsafeValues { values in
                func logSum(_ classes: some Sequence<Int>, _ pixel: Int) -> Float {
                    let own = classes.map { values[$0 * plane + pixel] }
                    let largest = own.max() ?? 0
                    return largest + log(own.reduce(0) { $0 + exp($1 - largest) })
                }
                for pixel in target.indices { target[pixel] = logSum(animalClasses, pixel) - logSum(others, pixel) }
            }
        }
        return (map, .ofObject(isProbability: false))
    }
}
