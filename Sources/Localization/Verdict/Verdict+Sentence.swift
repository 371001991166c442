import Foundation

extension Verdict {
    /// What people are told, in a few plain words.
    ///
    /// - Parameters:
    ///   - label: the class.
    ///   - runnerUp: the label of the next class.
    public func sentence(label: String, runnerUp: String?) -> String {
        let measured = measurement(label, animal: [.looksAtAnimal, .looksPartly].contains(word) ? "it" : "the animal")
        switch word {
        case .looksAtAnimal: return "Looks at the animal: \(measured)."
        case .looksPartly: return "Looks at the animal only in part: \(measured)." + remarks
        case .looksElsewhere where reasons == [.outOfSight]:
            return "Looks elsewhere: what \(certain(label)) was decided on shows nothing of the animal that was found."
        case .looksElsewhere: return "Looks elsewhere: \(measured)."
        case .undecided:
            let why = reasons.compactMap { doubt($0, label, runnerUp) }.joined(separator: "; ")
            return "Undecided: \(why)."
                + (measured.isEmpty ? "" : " \(measured.prefix(1).uppercased() + measured.dropFirst()).")
        }
    }

    private func percent(_ share: Double) -> String { "\(Int((100 * min(max(share, 0), 1)).rounded())) %" }

    /// "cat 96 %"
    private func certain(_ label: String) -> String { "\(label) \(percent(findings.certainty.probability))" }

    /// "without it cat 96 % → 3 %, with nothing else 94 %, …"; empty where nothing was measured.
    private func measurement(_ label: String, animal: String) -> String {
        guard let without = findings.without, let only = findings.only else { return "" }
        var parts = [
            "without \(animal) \(certain(label)) → \(percent(without.median)), with nothing else \(percent(only.median))",
            findings.elsewhere.map { "with as much hidden elsewhere \(percent($0.mean))" }
                ?? "no equal area exists elsewhere to hide",
        ]
        if let shares = findings.shares, let share = shares.median {
            parts.append("\(percent(share)) of the evidence lies on its \(percent(shares.expected)) of the photo")
        }
        return parts.prefix(2).joined(separator: ", ") + parts.dropFirst(2).map { "; \($0)" }.joined()
    }

    /// What a partial verdict owes an explanation for that its numbers do not show.
    private var remarks: String {
        var remarks = ""
        if reasons.contains(.spotDecides), let spot = findings.spot {
            remarks +=
                " One small spot decides: without it \(percent(spot.without)) are left, and it alone gives "
                + "\(percent(spot.alone))."
        }
        if reasons.contains(.boxOff), let overlap = findings.boxOverlap {
            remarks += " The box is not around the animal that was found: they overlap by \(percent(overlap))."
        }
        return remarks
    }

    /// "another network sees bird 93 % here, and cat 0 %"
    private func contradiction(_ other: VerdictFindings.Opinion, _ label: String) -> String {
        other.names(label)
            ? "another network says so, too, but only by \(percent(other.agreement))"
            : "another network sees \(other.label) \(percent(other.probability)) here, and \(label) \(percent(other.agreement))"
    }

    private func doubt(_ reason: Reason, _ label: String, _ runnerUp: String?) -> String? {
        switch reason {
        case .nobodyLooked:
            "nothing is there to say where the animal is; put an animal network into the models folder, or mark the animal "
                + "with --animal"
        case .searchFailed:
            if case .failed(let reason) = findings.search {
                "the animal network could not look: \(reason)"
            } else {
                nil
            }
        case .noAnimal: "no animal was found that \(certain(label)) could be about"
        case .unsureAnimal: "whether and where an animal is here is unsure"
        case .nothingBeside: "the animal is all that the network saw"
        case .smallMargin:
            "\(certain(label))"
                + (findings.certainty.runnerUp.flatMap { next in
                    runnerUp.map {
                        " is \(findings.certainty.margin < 0 ? "behind" : "hardly ahead of") \($0) \(percent(next.probability))"
                    }
                } ?? " is hardly enough")
        case .unfamiliar: "the photo is unlike those that the network learned from"
        case .methodsDisagree: "the methods contradict each other about where the evidence is"
        case .calledOtherwise: findings.opinion.map { contradiction($0, label) }
        case .background: "'\(label)' means that there is nothing to find"
        case .noLabelHolds where findings.opinion?.doubts == true:
            findings.opinion.map {
                "no animal was found that \(certain(label)) could be about; \(contradiction($0, label))"
            }
        case .noLabelHolds: "no label holds"
        default: nil
        }
    }
}
