import Interpretation
import Localization
import Networks
import Photos

extension Judge {
    /// The square that the other network sees the animal in: its longer side times this, as its threshold was chosen with
    /// (`Training/species.py`).
    static let opinionSurroundings = 1.1

    /// What another network calls the animal that a class is said of: the part that the class's box fits best, the largest
    /// where there is no box.
    ///
    /// - Returns: nil where no other network is there, or where it does not know the class's label.
    /// - Throws: `PhotoError`, `InterpretationError`, `ModelStoreError`.
    func opinion(
        on classIndex: Int, of sighting: AnimalSighting, box: PixelRectangle?, in prepared: PreparedPhoto
    ) async throws -> VerdictFindings.Opinion? {
        guard let opinionModel, let threshold = opinionModel.doubtBelow,
            let same = opinionModel.namedClass(model.label(of: classIndex)),
            let place = sighting.part(fitting: box.map { PixelBox($0) })
        else { return nil }
        let seen = try await asker.during { () throws(any Error) in
            let bitmap = prepared.photo.bitmap
            let square = PixelRectangle(place).square(times: Judge.opinionSurroundings)
            return try SeenInput(
                square.clipped(toWidth: bitmap.width, height: bitmap.height) ?? PixelRectangle(place),
                of: try prepared.prepared(for: opinionModel))
        }
        let scores = try await asker.perform(on: opinionModel) { (evaluator) throws(InterpretationError) in
            try ClassificationPass(opinionModel.network, seen.input.tensor, on: evaluator).scores
        }
        guard let agreement = opinionModel.probability(of: same, scores),
            let likeliest = scores.indices.max(by: { scores[$0] < scores[$1] }),
            let probability = opinionModel.probability(of: likeliest, scores)
        else { return nil }
        return VerdictFindings.Opinion(
            label: opinionModel.label(of: likeliest), probability: probability, agreement: agreement,
            threshold: threshold)
    }
}

extension AnimalSighting {
    /// The part that a box fits best, by intersection over union; the largest without a box; nil where nothing was seen.
    fileprivate func part(fitting box: PixelBox?) -> PixelBox? {
        guard let box else { return parts.first }
        let overlaps = parts.map(box.intersectionOverUnion)
        return parts.indices.max { overlaps[$0] < overlaps[$1] }.map { parts[$0] }
    }
}
