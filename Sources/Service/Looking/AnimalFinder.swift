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

    /// So many parts are looked at closer at most, the largest; what else was found is left out.
    static let mostParts = 8
    /// A closer look shows a square around a part whose side is the part's longer one times this.
    static let surroundings = 2.0
    /// Where a closer look would show more of the photo than this, it would show nothing new, and the part is believed.
    static let largestCloserLook = 0.7

    /// Finds the animal in the whole photo; each part found is believed where a closer look finds enough of it again (see
    /// `animal_confirmation`). A head or a thing that looks like an animal from afar mostly does not from near by.
    ///
    /// - Parameter prepared: for whatever network; decoded large enough for this one, too.
    /// - Throws: `ExecutionError`, `LocalizationError`, `PhotoError`.
    package func look(at prepared: PreparedPhoto) async throws -> AnimalSighting {
        let prepared = try prepared.prepared(for: model)
        let bitmap = prepared.photo.bitmap
        var segmentation = try await segmentation(prepared.input, over: bitmap)
        if let missing = prepared.photo.missing { segmentation.clear(PixelBox(missing)) }
        let sighting = AnimalSighting(
            by: model, mask: try segmentation.animal, probabilities: segmentation.probabilities)
        guard model.animalConfirmation > 0 else { return sighting }
        var believed: [PixelMask.Part] = []
        for part in sighting.largeParts.prefix(Self.mostParts)
        where try await share(of: part, foundAgainIn: prepared) >= Double(model.animalConfirmation) {
            believed.append(part)
        }
        if believed.count == sighting.parts.count { return sighting }
        return AnimalSighting(
            by: model, mask: sighting.mask.keeping(believed), probabilities: segmentation.probabilities)
    }

    /// How much of a part of the bitmap's mask the network finds again in a closer look, 0…1.
    private func share(of part: PixelMask.Part, foundAgainIn prepared: PreparedPhoto) async throws -> Double {
        let bitmap = prepared.photo.bitmap
        let square = PixelRectangle(part.box).square(times: Self.surroundings)
        guard let shown = square.clipped(toWidth: bitmap.width, height: bitmap.height),
            shown.width * shown.height <= Self.largestCloserLook * Double(bitmap.width * bitmap.height)
        else { return 1 }
        let crop = try bitmap.crop(shown)
        let closer = try await segmentation(try prepared.preprocessor.input(from: crop), over: crop)
        let again = part.pixels.count { pixel in
            let (y, x) = pixel.quotientAndRemainder(dividingBy: bitmap.width)
            return closer.classes[(y - Int(shown.y)) * crop.width + x - Int(shown.x)] == 1
        }
        return Double(again) / Double(part.pixels.count)
    }

    private func segmentation(_ input: NetworkInput, over bitmap: Bitmap) async throws -> SemanticSegmentation {
        let scores = try await asker.perform(on: model) { (evaluator) throws(ExecutionError) in
            try evaluator.forward([input.tensor]).output(0)
        }
        let (map, kind) = try model.animalScores(scores)
        return try SemanticSegmentation(map, as: kind, of: input, over: bitmap)
    }
}

extension SemanticSegmentation {
    /// Where the animal is, of a segmentation into animal (1) and everything else.
    fileprivate var animal: PixelMask {
        get throws { try PixelMask(width: width, height: height, pixels: classes.map { $0 == 1 }) }
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
