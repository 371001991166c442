import Execution
import Interpretation
import Localization
import Photos
import Tensors

/// What a classifier calls one of several animals, seen by itself.
struct NamedAnimal: Sendable {
    /// Around the animal as somebody saw it who did not ask the classifier, in pixels of the bitmap.
    let place: PixelBox
    let classIndex: Int
    /// Before softmax, by class index.
    let scores: [Float]
    /// 0…1.
    let probability: Double
    /// Where the classifier sees the class, in pixels of the bitmap; nil where the network has no layer to read that from.
    let box: PixelRectangle?
}

extension Judge {
    /// So many animals are asked about at most, the largest.
    static let mostAnimals = 8
    /// The square that an animal is seen in: its longer side times this.
    static let surroundings = 1.3

    /// What each of several animals is by itself. Exclusive classes leave one label for a photo, and of a cat and a dog one
    /// would go without a name.
    ///
    /// Each is shown in a square around it, the others hidden (blurred).
    ///
    /// - Returns: one for each of the sighting's parts but specks, largest first.
    /// - Throws: `PhotoError`, `InterpretationError`, `LocalizationError`.
    func name(eachOf sighting: AnimalSighting, in prepared: PreparedPhoto) async throws -> [NamedAnimal] {
        var animals: [NamedAnimal] = []
        for part in sighting.largeParts.prefix(Judge.mostAnimals) {
            let (seen, shown) = try await asker.during { () throws(any Error) in
                try Judge.alone(part, of: sighting.mask, in: prepared)
            }
            animals.append(
                try await asker.perform(on: model) { (evaluator) throws(any Error) in
                    try await name(part.box, seen, shown, prepared, evaluator)
                })
        }
        return animals
    }

    /// An animal in its square.
    ///
    /// - Returns: the square, and the network's input with the other animals hidden.
    private static func alone(
        _ part: PixelMask.Part, of mask: PixelMask, in prepared: PreparedPhoto
    ) throws -> (SeenInput, Tensor) {
        let bitmap = prepared.photo.bitmap
        let square = PixelRectangle(part.box).square(times: surroundings)
        let seen = try SeenInput(
            square.clipped(toWidth: bitmap.width, height: bitmap.height) ?? PixelRectangle(part.box), of: prepared)
        let others = try seen.inputMasks(mask.without([part])).mask
        return (seen, try Filling.blurred.fill(seen.input.tensor, others))
    }

    private func name(
        _ place: PixelBox, _ seen: SeenInput, _ shown: Tensor, _ prepared: PreparedPhoto, _ evaluator: Evaluator
    ) async throws -> NamedAnimal {
        let pass = try firstPass(shown, evaluator)
        let classIndex = try pass.resolve(nil)
        let heatMap = try await heatMaps(pass, shown, [classIndex], evaluator)[0]
        let placed = try heatMap.map { (heatMap) throws(PhotoError) in
            try PlacedHeatMap(heatMap.map, region: seen.region, without: prepared.photo.missing)
        }
        let boxes = placed?.boxes(model.boxFinder).map(\.rectangle) ?? []
        let fitting = boxes.max {
            PixelBox($0).intersectionOverUnion(place) < PixelBox($1).intersectionOverUnion(place)
        }
        let bitmap = prepared.photo.bitmap
        return NamedAnimal(
            place: place, classIndex: classIndex, scores: pass.scores,
            probability: model.probability(of: classIndex, pass.scores) ?? 0,
            box: fitting?.clipped(toWidth: bitmap.width, height: bitmap.height))
    }
}

extension PixelRectangle {
    /// A square around the same centre whose side is the longer one times `factor`, in whole pixels.
    func square(times factor: Double) -> PixelRectangle {
        let side = max(width, height) * factor
        return PixelRectangle(
            x: (x + (width - side) / 2).rounded(), y: (y + (height - side) / 2).rounded(), width: side.rounded(.up),
            height: side.rounded(.up))
    }
}
