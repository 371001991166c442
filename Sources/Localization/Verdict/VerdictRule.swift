/// The rule: a few conditions by name, each a number against a threshold.
struct VerdictRule {
    private let findings: VerdictFindings
    private let thresholds: VerdictThresholds

    init(_ findings: VerdictFindings, _ thresholds: VerdictThresholds) {
        self.findings = findings
        self.thresholds = thresholds
    }

    var decision: (Verdict.Word, [Verdict.Reason]) {
        if !doubts.isEmpty { return (.undecided, doubts) }
        guard let cost = findings.cost, let kept = findings.kept else { return (.looksElsewhere, [.outOfSight]) }
        let against = objections(cost: cost, kept: kept)
        if !against.isEmpty { return (.looksElsewhere, against) }
        if findings.opinion?.doubts == true { return (.undecided, [.calledOtherwise]) }
        let conditions = conditions(cost: cost, kept: kept)
        let failed = conditions.filter { !$0.holds }.map(\.otherwise)
        return failed.isEmpty ? (.looksAtAnimal, conditions.map(\.reason)) : (.looksPartly, failed)
    }

    // MARK: Undecided

    private var doubts: [Verdict.Reason] {
        var doubts: [Verdict.Reason] = []
        switch findings.search {
        case .nobodyLooked: doubts.append(.nobodyLooked)
        case .failed: doubts.append(.searchFailed)
        case .foundNothing: doubts.append(.noAnimal)
        case .found(let confidence, let area):
            if confidence.map({ $0 < thresholds.animalConfidence }) ?? false || area < thresholds.animalArea {
                doubts.append(.unsureAnimal)
            }
        }
        if let shares = findings.shares, 1 - shares.expected < thresholds.leastRest { doubts.append(.nothingBeside) }
        if findings.certainty.margin < thresholds.margin { doubts.append(.smallMargin) }
        if findings.certainty.isFamiliar == false { doubts.append(.unfamiliar) }
        if methodsDisagree { doubts.append(.methodsDisagree) }
        return doubts
    }

    private func isMajority(_ condition: (Double) -> Bool) -> Bool {
        2 * findings.leads.count(where: condition) > findings.leads.count
    }

    private var isEvidenceOn: Bool { isMajority { $0 >= thresholds.lead } }
    private var isEvidenceOff: Bool { isMajority { $0 <= -thresholds.lead } }

    /// Some see the evidence on the animal, some off it, and neither are more than half.
    private var methodsDisagree: Bool {
        !isEvidenceOn && !isEvidenceOff && findings.leads.contains { $0 >= thresholds.lead }
            && findings.leads.contains { $0 <= -thresholds.lead }
    }

    // MARK: Elsewhere

    private func objections(cost: Double, kept: Double) -> [Verdict.Reason] {
        var objections: [Verdict.Reason] = []
        if cost < thresholds.littleCost, kept < thresholds.kept { objections.append(.stays) }
        if let elsewhere = findings.elsewhereCost, elsewhere >= thresholds.littleCost, elsewhere >= cost {
            objections.append(.elsewhereCosts)
        }
        // Maps alone do not outweigh an animal that is needed and suffices.
        if isEvidenceOff, cost < thresholds.cost || kept < thresholds.kept { objections.append(.evidenceOff) }
        return objections
    }

    // MARK: At the animal

    private struct Condition {
        let reason: Verdict.Reason
        let otherwise: Verdict.Reason
        let holds: Bool
    }

    /// What cannot be measured is no condition: no equal area elsewhere, no box.
    private func conditions(cost: Double, kept: Double) -> [Condition] {
        var conditions = [
            Condition(reason: .needed, otherwise: .notNeeded, holds: cost >= thresholds.cost),
            Condition(reason: .suffices, otherwise: .doesNotSuffice, holds: kept >= thresholds.kept),
            Condition(reason: .evidenceOn, otherwise: .evidenceSpread, holds: isEvidenceOn),
        ]
        if let elsewhere = findings.elsewhereCost {
            conditions.append(
                Condition(
                    reason: .elsewhereSpared, otherwise: .elsewhereMatters,
                    holds: elsewhere <= thresholds.elsewhere * cost))
        }
        if let cost = findings.spotCost, let kept = findings.spotKept {
            conditions.append(
                Condition(
                    reason: .noSpot, otherwise: .spotDecides,
                    holds: cost < thresholds.spotCost || kept < thresholds.spotKept))
        }
        if let overlap = findings.boxOverlap {
            conditions.append(
                Condition(reason: .boxOn, otherwise: .boxOff, holds: overlap >= thresholds.boxOverlap))
        }
        return conditions
    }
}
