import Execution
import Interpretation
import Localization
import Networks
import Photos
import Tensors

extension Judge {
    /// Whether the network looks at the animal that it names; and what the box has to do with it, for older readers.
    ///
    /// Two visits at most: one hides parts of what decided, one reads what the methods say of it.
    ///
    /// - Returns: nil where the network gives raw numbers.
    func verdict(
        on judgement: Judgement, _ look: ClassLook, _ search: AnimalSearch
    ) async throws -> (Verdict, Evidence?)? {
        let classIndex = judgement.classIndex
        guard
            let certainty = Certainty(
                judgement.scores, kind: model.kind, classIndex: classIndex,
                threshold: model.thresholds.indices.contains(classIndex) ? Double(model.thresholds[classIndex]) : nil,
                familiarEnergy: model.familiarEnergy)
        else { return nil }
        var findings = VerdictFindings(search: search.finding, certainty: certainty)
        guard judgement.isFound else {
            let reason: Verdict.Reason = model.isBackground(classIndex) ? .background : .noLabelHolds
            return (Verdict(undecidedFor: reason, findings), nil)
        }
        let box = look.boxes.first { $0.classIndex == classIndex }?.rectangle
        let bitmap = look.prepared.photo.bitmap
        let inputBox = try box.flatMap { try judgement.inputBox($0, on: bitmap) }
        var region: PixelMask?
        let sighting = search.sighting.flatMap { $0.isEmpty ? nil : $0 }
        var shown = try judgement.decisiveInput.wholeMask
        if let sighting {
            let masks = try judgement.inputMasks(sighting.mask)
            shown = masks.shown
            region = masks.mask.area > 0 ? Counterfactuals.region(of: masks.mask) : nil
            findings.boxOverlap = box.map { sighting.overlap(with: PixelBox($0)) }
        }
        guard region != nil || inputBox != nil else { return (Verdict(findings), nil) }
        let hidden = try await hide(judgement, region, shown, inputBox)
        (findings.without, findings.only, findings.elsewhere) = (hidden.without, hidden.only, hidden.elsewhere)
        if let region {
            let (shares, map) = try await shares(judgement, on: region)
            findings.shares = shares
            if let inputBox, let map {
                findings.boxEvidence = EvidenceShares.Share(of: map, on: region, within: inputBox).value
            }
        }
        let verdict = Verdict(findings)
        return (
            verdict,
            hidden.box.map { Evidence(probability: certainty.probability, box: $0, verdict: verdict.word) }
        )
    }

    private func hide(
        _ judgement: Judgement, _ region: PixelMask?, _ shown: PixelMask, _ box: PixelBox?
    ) async throws -> Counterfactuals {
        try await asker.perform(on: model) { (evaluator) throws(LocalizationError) in
            try await Counterfactuals.measure(
                model.network, input: judgement.decisiveInput.tensor, classIndex: judgement.classIndex,
                region: region, shown: shown, box: box, on: evaluator)
        }
    }

    // MARK: Where the evidence lies

    /// Windows of occlusion, along each side of the input: half a window apart.
    private static let windowsPerSide = 4

    /// - Returns: the shares, and the map that CAM or Grad-CAM gives of what decided.
    private func shares(
        _ judgement: Judgement, on region: PixelMask
    ) async throws -> (EvidenceShares, map: Tensor?) {
        let input = judgement.decisiveInput.tensor
        let window = max(min(input.shape[2], input.shape[3]) / Judge.windowsPerSide, 2)
        let plain = Question(network: model.network, input: input, classIndex: judgement.classIndex)
        let coarse = Question(
            network: model.network, input: input, classIndex: judgement.classIndex,
            parameters: ["window": .number(Double(window)), "stride": .number(Double(max(window / 2, 1)))])
        return try await asker.perform(on: model) { (evaluator) throws(InterpretationError) in
            // The map of the whole photo is there already; of a part it is not.
            let read = judgement.closerLook == nil ? judgement.heatMap?.map : nil
            let map: Result<Tensor, Obstacle> =
                if let read { .success(read) } else {
                    try await answer(of: mapMethod, to: plain, evaluator).map(\.map)
                }
            let hidden = try await answer(of: Occlusion(), to: coarse, evaluator)
            let relevance = try await answer(of: LayerwiseRelevancePropagation(), to: plain, evaluator)
            let shares = EvidenceShares(
                expected: Double(region.area) / Double(max(region.pixels.count, 1)),
                cam: share(map) { .init(of: $0, on: region) },
                hiding: share(hidden) { .init(of: $0.picture, on: region) },
                lrp: share(relevance) { explanation in
                    explanation.attribution.map { .init(ofAttribution: $0, on: region) }
                        ?? .absent("it has no attribution")
                })
            return (shares, try? map.get())
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
