import Execution
import Interpretation
import Localization
import Networks
import Photos
import Tensors

extension Judge {
    /// What became of checking a judgement.
    struct Checked {
        let verdict: Verdict
        /// What the box has to do with it, for older readers.
        var evidence: Evidence?
        /// The small part of the animal that costs the class most, in pixels of the bitmap.
        var spot: PixelRectangle?
        /// What a reader of the numbers should know.
        var remark: String?
    }

    /// Whether the network looks at the animal that it names.
    ///
    /// Two visits at most: one reads what the methods say of what decided, one hides parts of it. Another network is then
    /// asked what the animal is.
    ///
    /// - Returns: nil where the network gives raw numbers.
    func check(
        _ judgement: Judgement, _ look: ClassLook, _ search: AnimalSearch, in prepared: PreparedPhoto
    ) async throws -> Checked? {
        let classIndex = judgement.classIndex
        guard
            let certainty = Certainty(
                judgement.scores, kind: model.kind, classIndex: classIndex,
                threshold: model.kind == .independent ? model.threshold(of: classIndex) : nil,
                familiarEnergy: model.familiarEnergy,
                energyScores: model.network.classifier?.scaling?.undone(judgement.scores))
        else { return nil }
        var findings = VerdictFindings(search: search.finding, certainty: certainty)
        findings.opinion = judgement.obstacle?.opinion
        guard judgement.isFound else {
            let reason: Verdict.Reason = model.isBackground(classIndex) ? .background : .noLabelHolds
            return Checked(verdict: Verdict(undecidedFor: reason, findings))
        }
        let box = look.boxes.first { $0.classIndex == classIndex }?.rectangle
        let inputBox = box.flatMap { judgement.decisive.inputBox($0) }
        var region: PixelMask?
        var remark: String?
        let sighting = search.sighting.flatMap { $0.isEmpty ? nil : $0 }
        var shown = try judgement.decisive.input.wholeMask
        if let sighting {
            let masks = try judgement.decisive.inputMasks(sighting.mask)
            shown = masks.shown
            region = masks.mask.area > 0 ? Counterfactuals.region(of: masks.mask) : nil
            findings.boxOverlap = box.map { sighting.overlap(with: PixelBox($0)) }
        }
        guard region != nil || inputBox != nil else { return Checked(verdict: Verdict(findings)) }
        var spots: [PixelMask] = []
        if let region {
            let lies = try await shares(judgement, on: region)
            findings.shares = lies.shares
            if let inputBox, let map = lies.map {
                findings.boxEvidence = EvidenceShares.Share(of: map, on: region, within: inputBox).value
            }
            spots = lies.relevance.map { RelevanceSpots.spots(of: $0, on: region) } ?? []
        }
        let hidden = try await hide(judgement, region, spots, shown, inputBox)
        if let animal = sighting?.part(fitting: box.map { PixelBox($0) }) {
            let opinion = try await opinion(on: classIndex, around: PixelRectangle(animal), in: prepared)
            (findings.opinion, remark) = (opinion?.given, opinion?.failure)
        }
        if let losses = hidden.losses { findings.shares?.hiding = EvidenceShares.Share(of: losses) }
        (findings.without, findings.only, findings.elsewhere) = (hidden.without, hidden.only, hidden.elsewhere)
        findings.spot = hidden.spot?.values
        let verdict = Verdict(findings)
        return Checked(
            verdict: verdict,
            evidence: hidden.box.map { Evidence(probability: certainty.probability, box: $0, verdict: verdict.word) },
            spot: hidden.spot?.mask.box.flatMap { judgement.decisive.bitmapRectangle($0) }, remark: remark)
    }

    private func hide(
        _ judgement: Judgement, _ region: PixelMask?, _ spots: [PixelMask], _ shown: PixelMask, _ box: PixelBox?
    ) async throws -> Counterfactuals {
        try await asker.perform(on: model) { (evaluator) throws(LocalizationError) in
            try await Counterfactuals.measure(
                model.network, input: judgement.decisive.input.tensor, classIndex: judgement.classIndex,
                score: judgement.scores[judgement.classIndex], region: region, spots: spots, shown: shown, box: box,
                on: evaluator)
        }
    }

    // MARK: Where the evidence lies

    /// What is read from the maps; what hiding pieces says is asked later.
    ///
    /// - Returns: the shares, the map that CAM or Grad-CAM gives of what decided, and its relevance [C,H,W].
    private func shares(
        _ judgement: Judgement, on region: PixelMask
    ) async throws -> (shares: EvidenceShares, map: Tensor?, relevance: Tensor?) {
        let input = judgement.decisive.input.tensor
        let plain = Question(network: model.network, input: input, classIndex: judgement.classIndex)
        return try await asker.perform(on: model) { (evaluator) throws(InterpretationError) in
            // The map of the whole photo is there already; of a part it is not.
            let read = judgement.closerLook == nil ? judgement.heatMap?.map : nil
            let map: Result<Tensor, Obstacle> =
                if let read { .success(read) } else {
                    try await answer(of: mapMethod, to: plain, evaluator).map(\.map)
                }
            let relevance = try await answer(of: LayerwiseRelevancePropagation(), to: plain, evaluator)
            let shares = EvidenceShares(
                expected: Double(region.area) / Double(max(region.pixels.count, 1)),
                cam: share(map) { .init(of: $0, on: region) },
                hiding: .absent("nothing was hidden"),
                lrp: share(relevance) { explanation in
                    explanation.attribution.map { .init(ofAttribution: $0, on: region) }
                        ?? .absent("it has no attribution")
                })
            return (shares, try? map.get(), try? relevance.get().attribution)
        }
    }

    /// Why a method has nothing to say of a network.
    private struct Obstacle: Error {
        let reason: String
    }

    private var mapMethod: any InterpretationMethod {
        model.network.classifier?.classActivation != nil ? ClassActivationMapping() : GradCAM()
    }

    private func answer(
        of method: any InterpretationMethod, to question: Question, _ evaluator: Evaluator
    ) async throws(InterpretationError) -> Result<Explanation, Obstacle> {
        do {
            let explanation = try await method.explain(question, on: evaluator)
            await evaluator.endPiece()
            return .success(explanation)
        } catch {
            if case .cancelled = error { throw error }
            return .failure(Obstacle(reason: "\(error)"))
        }
    }

    private func share<Answer>(
        _ answer: Result<Answer, Obstacle>, _ measure: (Answer) -> EvidenceShares.Share
    ) -> EvidenceShares.Share {
        switch answer {
        case .success(let answer): measure(answer)
        case .failure(let obstacle): .absent(obstacle.reason)
        }
    }
}

extension NetworkInput {
    /// All of the input.
    fileprivate var wholeMask: PixelMask {
        get throws {
            try PixelMask(
                width: geometry.inputWidth, height: geometry.inputHeight,
                pixels: [Bool](repeating: true, count: geometry.inputWidth * geometry.inputHeight))
        }
    }
}
