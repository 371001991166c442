import Interpretation
import Localization
import Networks
import Photos

extension Judge {
    /// The square that the other network sees: the place's longer side times this, as its threshold was chosen with
    /// (`Training/species.py`).
    static let opinionSurroundings = 1.1

    /// What another network calls what a class is said of.
    ///
    /// - Parameter place: where that is, in pixels of the bitmap.
    /// - Returns: nil where no other network is there, or where it does not know the class's label.
    /// - Throws: `PhotoError`, `InterpretationError`, `ModelStoreError`.
    func opinion(
        on classIndex: Int, around place: PixelRectangle, in prepared: PreparedPhoto
    ) async throws -> VerdictFindings.Opinion? {
        guard let opinionModel, let threshold = opinionModel.doubtBelow,
            let same = opinionModel.namedClass(model.label(of: classIndex))
        else { return nil }
        let seen = try await asker.during { () throws(any Error) in
            let bitmap = prepared.photo.bitmap
            let square = place.square(times: Judge.opinionSurroundings)
            return try SeenInput(
                square.clipped(toWidth: bitmap.width, height: bitmap.height) ?? place,
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
