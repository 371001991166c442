import Localization
import Photos

extension ClassLook {
    /// What the overlay says first.
    var spokenVerdict: OverlayVerdict {
        guard let verdict, next == nil else { return OverlayVerdict(words: OverlayWords(caption)) }
        let (sign, words) = ClassLook.spoken(verdict.word)
        return OverlayVerdict(sign: sign, words: OverlayWords("\(caption) · \(words)", caption))
    }

    private static func spoken(_ word: Verdict.Word) -> (OverlayVerdict.Sign, String) {
        switch word {
        case .looksAtAnimal: (.check, "looks at the animal")
        case .looksPartly: (.wave, "looks at the animal in part")
        case .looksElsewhere: (.cross, "looks elsewhere")
        case .undecided: (.question, "undecided")
        }
    }

    /// Whether a judge looked, and no method was asked for by name: only a judge's forward pass is timed by itself.
    var isJudged: Bool { steps["forward"] != nil }
}
