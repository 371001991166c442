import Auditing
import DatasetSearch
import Files
import Localization

extension AuditedPhoto {
    /// Nil where there is no map.
    init?(_ decided: UnitIndex.DecidedPhoto) {
        guard let map = decided.decision.map else { return nil }
        let folder = decided.photo.files.first.map { "the folder \($0.filePath.folder.string)" } ?? ""
        self.init(
            map: map.values, classIndex: decided.decision.classIndex,
            origin: decided.decision.camera.map { "the camera \($0)" } ?? folder,
            verdict: decided.decision.verdict.map(AuditedPhoto.Verdict.init))
    }
}

extension AuditedPhoto.Verdict {
    init(_ verdict: Decision.Verdict) {
        self.init(
            looksElsewhere: verdict.word == Verdict.Word.looksElsewhere.rawValue,
            smallSpotDecides: verdict.reasons.contains(Verdict.Reason.spotDecides.rawValue), share: verdict.share,
            expectedShare: verdict.expectedShare)
    }
}
