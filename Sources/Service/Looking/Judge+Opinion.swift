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
    /// - Throws: `InterpretationError`.
    func opinion(
        on classIndex: Int, around place: PixelRectangle, in prepared: PreparedPhoto
    ) async throws -> Opinion? {
        guard let opinionModel = verdictNetworks.opinion, let preprocessor = opinionModel.preprocessor,
            let threshold = opinionModel.doubtBelow,
            let same = opinionModel.namedClass(model.label(of: classIndex))
        else { return nil }
        do {
            return .given(
                try await opinion(of: opinionModel, preprocessor, threshold, on: same, around: place, in: prepared))
        } catch {
            // That another network cannot look is no reason to do without the verdict.
            switch error {
            case InterpretationError.scoresNotFinite, is PhotoError:
                return .failed("'\(opinionModel.name)' could give no second opinion: \(error)")
            default: throw error
            }
        }
    }

    /// What came of asking another network.
    enum Opinion: Sendable {
        case given(VerdictFindings.Opinion)
        /// Why it could not look, for people.
        case failed(String)

        var given: VerdictFindings.Opinion? { if case .given(let opinion) = self { opinion } else { nil } }
        var failure: String? { if case .failed(let reason) = self { reason } else { nil } }
    }

    private func opinion(
        of opinionModel: LoadedModel, _ preprocessor: Preprocessor, _ threshold: Double, on same: Int,
        around place: PixelRectangle, in prepared: PreparedPhoto
    ) async throws -> VerdictFindings.Opinion {
        let seen = try await asker.during { () throws(PhotoError) in
            let bitmap = prepared.photo.bitmap
            let square = place.square(times: Judge.opinionSurroundings)
            return try SeenInput(
                square.clipped(toWidth: bitmap.width, height: bitmap.height) ?? place, of: prepared, by: preprocessor)
        }
        let scores = try await asker.perform(on: opinionModel) { (evaluator) throws(InterpretationError) in
            try ClassificationPass(opinionModel.network, seen.input.tensor, on: evaluator).scores
        }
        let likeliest = scores.indices.max { scores[$0] < scores[$1] } ?? same
        return VerdictFindings.Opinion(
            label: opinionModel.label(of: likeliest), probability: opinionModel.probability(of: likeliest, scores) ?? 0,
            agreement: opinionModel.probability(of: same, scores) ?? 0, threshold: threshold)
    }
}
