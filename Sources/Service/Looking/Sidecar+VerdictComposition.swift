import Localization
import Photos
import WireProtocol

extension Sidecar.Verdict {
    /// The member of the document.
    init?(_ look: ClassLook) {
        guard let verdict = look.verdict else { return nil }
        let findings = verdict.findings
        let (model, prepared) = (look.model, look.prepared)
        self.init(
            verdict: verdict.word.rawValue, label: look.label, sentence: look.verdictSentence(verdict),
            reliance: findings.reliance?.rounded(toPlaces: 4), reasons: verdict.reasons.map(\.rawValue),
            animal: look.animal.map { Animal($0, on: prepared) },
            where: findings.shares.map(Location.init), without: findings.without.map(Fillings.init),
            only: findings.only.map(Fillings.init), elsewhere: findings.elsewhere.map(Elsewhere.init),
            spot: findings.spot.map {
                Spot(
                    without: $0.without.rounded(toPlaces: 4), alone: $0.alone.rounded(toPlaces: 4),
                    bbox: look.spot.map(prepared.boundingBox))
            },
            box: findings.boxOverlap.map {
                Box(overlap: $0.rounded(toPlaces: 4), evidence: findings.boxEvidence?.rounded(toPlaces: 4))
            },
            certainty: Certainty(findings.certainty, model),
            opinion: findings.opinion.map { Opinion($0, by: look.opinionModel) }, next: look.next.map { Next($0, look) }
        )
    }
}

extension ClassLook {
    /// What people are told.
    func verdictSentence(_ verdict: Localization.Verdict) -> String {
        guard verdict.reasons == [.background], let next else {
            return verdict.sentence(
                label: label, runnerUp: verdict.findings.certainty.runnerUp.map { model.label(of: $0.classIndex) })
        }
        let first =
            "\(ClassLook.caption(label, verdict.findings.certainty.probability)) means that there is nothing to find; next is "
            + "\(ClassLook.caption(model.label(of: next.classIndex), next.probability))"
            + (next.rectangle == nil ? "." : ", strongest where the map is bright.")
        guard let animal, !animal.isEmpty, scores.max() == scores[classIndex] else { return first }
        return first + " An animal was found here, and the network calls the photo '\(label)'."
    }
}

extension Sidecar.Verdict.Animal {
    init(_ sighting: AnimalSighting, on prepared: PreparedPhoto) {
        let mask = sighting.mask
        let photo = prepared.photo
        var model: LoadedModel?
        if case .network(let network) = sighting.source { model = network }
        self.init(
            source: model == nil ? "person" : "network", model: model.map(Sidecar.Model.init),
            area: sighting.area.rounded(toPlaces: 4), confidence: sighting.confidence?.rounded(toPlaces: 4),
            bbox: mask.box.map { prepared.boundingBox(PixelRectangle($0)) },
            parts: sighting.parts.map { prepared.boundingBox(PixelRectangle($0)) },
            mask: sighting.isEmpty
                ? nil
                : SegmentResult.RunLengths(
                    size: [photo.height, photo.width],
                    counts: mask.runLengths(width: photo.width, height: photo.height)))
    }
}

extension Sidecar.Verdict.Location {
    init(_ shares: EvidenceShares) {
        let absent = [("cam", shares.cam), ("occlusion", shares.hiding), ("lrp", shares.lrp)]
            .compactMap { name, share in share.reason.map { (name, $0) } }
        self.init(
            expected: shares.expected.rounded(toPlaces: 4), cam: shares.cam.value?.rounded(toPlaces: 4),
            hiding: shares.hiding.value?.rounded(toPlaces: 4), lrp: shares.lrp.value?.rounded(toPlaces: 4),
            absent: absent.isEmpty ? nil : Dictionary(uniqueKeysWithValues: absent))
    }
}

extension Sidecar.Verdict.Fillings {
    init(_ readings: FillingReadings) {
        self.init(
            blurred: readings.blurred.rounded(toPlaces: 4), mean: readings.mean.rounded(toPlaces: 4),
            inpainted: readings.inpainted.rounded(toPlaces: 4))
    }
}

extension Sidecar.Verdict.Elsewhere {
    init(_ mean: MeanOfPlaces) {
        self.init(
            mean: mean.mean.rounded(toPlaces: 4),
            interval: mean.interval.map {
                [$0.lowerBound.rounded(toPlaces: 4), $0.upperBound.rounded(toPlaces: 4)]
            }, places: mean.places)
    }
}

extension Sidecar.Verdict.Certainty {
    init(_ certainty: Localization.Certainty, _ model: LoadedModel) {
        self.init(
            probability: certainty.probability.rounded(toPlaces: 4), margin: certainty.margin.rounded(toPlaces: 4),
            runnerUp: certainty.runnerUp.map { next in
                Sidecar.Verdict.RunnerUp(
                    label: model.label(of: next.classIndex), probability: next.probability.rounded(toPlaces: 4))
            }, energy: certainty.energy.rounded(toPlaces: 4), familiar: certainty.isFamiliar)
    }
}

extension Sidecar.Verdict.Opinion {
    init(_ opinion: VerdictFindings.Opinion, by model: LoadedModel?) {
        self.init(
            model: model.map(Sidecar.Model.init), label: opinion.label,
            probability: opinion.probability.rounded(toPlaces: 4), agreement: opinion.agreement.rounded(toPlaces: 4),
            doubtBelow: opinion.threshold.rounded(toPlaces: 4))
    }
}

extension Sidecar.Verdict.Next {
    init(_ next: ClassLook.Next, _ look: ClassLook) {
        self.init(
            label: look.model.label(of: next.classIndex), probability: next.probability.rounded(toPlaces: 4),
            bbox: next.rectangle.map(look.prepared.boundingBox))
    }
}
