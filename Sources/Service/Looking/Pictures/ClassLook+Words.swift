import Localization
import Photos

extension ClassLook {
    /// What the overlay says first.
    var spokenVerdict: OverlayVerdict {
        guard let verdict = evidence?.verdict else { return OverlayVerdict(words: OverlayWords(caption)) }
        let (sign, words) = ClassLook.spoken(verdict)
        return OverlayVerdict(sign: sign, words: OverlayWords("\(caption) · \(words)", caption))
    }

    private static func spoken(_ verdict: Evidence.Verdict) -> (OverlayVerdict.Sign, String) {
        switch verdict {
        case .decidesOnBox: (.check, "decides on the box")
        case .decidesPartly: (.wave, "decides partly on the box")
        case .decidesElsewhere: (.cross, "decides elsewhere")
        }
    }

    /// Whether a judge looked, and no method was asked for by name: only a judge's forward pass is timed by itself.
    var isJudged: Bool { steps["forward"] != nil }
}
