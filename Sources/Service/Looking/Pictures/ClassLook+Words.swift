import Localization
import Photos

extension ClassLook {
    /// What the overlay says first.
    var spokenVerdict: OverlayVerdict {
        if let next {
            let own = model.caption(classIndex, scores)
            let other = ClassLook.caption(model.label(of: next.classIndex), next.probability)
            return OverlayVerdict(sign: .question, words: OverlayWords("\(own) · next is \(other)", own))
        }
        guard let verdict else { return OverlayVerdict(words: OverlayWords(caption)) }
        let (sign, words) = ClassLook.spoken(verdict.word)
        var wordings = ["\(caption) · \(words)", caption]
        if verdict.reasons == [.calledOtherwise], let other = verdict.findings.opinion, !other.names(label) {
            wordings.insert("\(caption) · \(words), perhaps \(other.label)", at: 0)
        }
        return OverlayVerdict(sign: sign, words: OverlayWords(wordings))
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
