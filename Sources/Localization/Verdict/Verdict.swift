/// Whether a network looks at the animal that it names: an answer that can be no. Documentation/Verdict.md has the rule as
/// a table.
public struct Verdict: Sendable, Hashable {
    public enum Word: String, Sendable, Hashable, CaseIterable {
        case looksAtAnimal = "looks-at-animal"
        case looksPartly = "looks-partly"
        case looksElsewhere = "looks-elsewhere"
        case undecided
    }

    /// A condition that decided.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        // Nothing can be said.
        case background = "background-label"
        case noLabelHolds = "no-label-holds"
        case nobodyLooked = "no-animal-network"
        case searchFailed = "animal-network-failed"
        case noAnimal = "no-animal-found"
        case unsureAnimal = "animal-unsure"
        case nothingBeside = "nothing-beside-animal"
        case smallMargin = "small-margin"
        case unfamiliar
        case methodsDisagree = "methods-disagree"
        case calledOtherwise = "called-otherwise"
        // It looks elsewhere.
        case outOfSight = "animal-out-of-sight"
        case stays = "stays-without-animal"
        case elsewhereCosts = "elsewhere-costs-more"
        case evidenceOff = "evidence-off-animal"
        // It looks at the animal.
        case needed = "animal-needed"
        case suffices = "animal-suffices"
        case elsewhereSpared = "elsewhere-costs-less"
        case evidenceOn = "evidence-on-animal"
        case noSpot = "no-spot-decides"
        case boxOn = "box-on-animal"
        // Why it does so only in part.
        case notNeeded = "animal-not-needed"
        case doesNotSuffice = "animal-does-not-suffice"
        case elsewhereMatters = "elsewhere-matters"
        case evidenceSpread = "evidence-not-on-animal"
        case spotDecides = "small-spot-decides"
        case boxOff = "box-not-on-animal"
    }

    public let word: Word
    /// All conditions that led to the word.
    public let reasons: [Reason]
    public let findings: VerdictFindings

    /// By the rule.
    public init(_ findings: VerdictFindings, _ thresholds: VerdictThresholds = .standard) {
        let rule = VerdictRule(findings, thresholds)
        (word, reasons) = rule.decision
        self.findings = findings
    }

    /// Where there is no class to be right about.
    ///
    /// - Parameter reason: `background` or `noLabelHolds`.
    public init(undecidedFor reason: Reason, _ findings: VerdictFindings) {
        word = .undecided
        reasons = [reason]
        self.findings = findings
    }
}

extension Evidence.Word {
    /// The word that readers of the older document know.
    public init(_ word: Verdict.Word) {
        switch word {
        case .looksAtAnimal: self = .decidesOnBox
        case .looksPartly, .undecided: self = .decidesPartly
        case .looksElsewhere: self = .decidesElsewhere
        }
    }
}
