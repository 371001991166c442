import Localization
import Networks
import Testing

/// The rule, one condition at a time, around findings that fulfil all of them.
@Suite("Rule of the verdict")
struct VerdictRuleTests {
    private static func certainty(_ scores: [Float] = [3, 0, 0], familiar: Double? = nil) throws -> Certainty {
        try #require(Certainty(scores, kind: .exclusive, classIndex: 0, familiarEnergy: familiar))
    }

    /// A network that looks at the animal.
    private static func good() throws -> VerdictFindings {
        VerdictFindings(
            search: .found(confidence: 0.95, area: 0.2), certainty: try certainty(),
            shares: shares(0.9, 0.8, 0.85), without: .init(blurred: 0.05, mean: 0.02, inpainted: 0.1),
            only: .init(blurred: 0.9, mean: 0.85, inpainted: 0.2), elsewhere: MeanOfPlaces([0.9, 0.88, 0.9]),
            spot: .init(without: 0.8, alone: 0.3), boxOverlap: 0.8, boxEvidence: 0.9)
    }

    private static func shares(_ numbers: Double?...) -> EvidenceShares {
        let shares = numbers.map { $0.map(EvidenceShares.Share.measured) ?? .absent("not here") }
        return EvidenceShares(expected: 0.25, cam: shares[0], hiding: shares[1], lrp: shares[2])
    }

    private static func verdict(_ change: (inout VerdictFindings) throws -> Void) throws -> Verdict {
        var findings = try good()
        try change(&findings)
        return Verdict(findings)
    }

    @Test("all conditions together look at the animal, and are named")
    func all() throws {
        let verdict = try Self.verdict { _ in }
        #expect(verdict.word == .looksAtAnimal)
        #expect(
            verdict.reasons == [.needed, .suffices, .evidenceOn, .elsewhereSpared, .noSpot, .boxOn])
        #expect(
            verdict.sentence(label: "cat", runnerUp: "dog")
                == "Looks at the animal: without it cat 91 % → 5 %, with nothing else 85 %, with as much hidden "
                + "elsewhere 89 %; 85 % of the evidence lies on its 25 % of the photo.")
    }

    @Test("one number: what is needed and what suffices, less what a small spot takes away that is enough by itself")
    func reliance() throws {
        let p = try Self.certainty().probability
        func reliance(_ change: (inout VerdictFindings) -> Void) throws -> Double? {
            try Self.verdict(change).findings.reliance
        }
        let enough = VerdictThresholds.standard.spotKept
        let (cost, kept) = (1 - 0.05 / p, 0.85 / p)
        let whole = (cost * min(kept, 1)).squareRoot()
        #expect(try abs(#require(reliance { $0.spot = nil }) - whole) < 1e-12)
        // The spot is enough by itself: what hiding it costs counts in full.
        #expect(try abs(#require(reliance { _ in }) - whole * (0.8 / p)) < 1e-12)
        // The spot is needed and gives little by itself.
        let little = try #require(try reliance { $0.spot = .init(without: 0.1, alone: 0.03) })
        #expect(abs(little - whole * (1 - 0.03 / p / enough)) < 1e-12)
        let alone = try #require(
            try reliance { ($0.only, $0.spot) = (.init(blurred: 0.3, mean: 0.2, inpainted: 0.1), nil) })
        #expect(abs(alone - (cost * 0.2 / p).squareRoot()) < 1e-12)
        #expect(try reliance { $0.without = .init(blurred: 1, mean: 1, inpainted: 1) } == 0)
        #expect(try reliance { $0.without = nil } == nil)
    }

    @Test("what cannot be measured is no condition, and is said")
    func absentNumbers() throws {
        let verdict = try Self.verdict {
            $0.elsewhere = nil
            $0.boxOverlap = nil
            $0.spot = nil
        }
        #expect(verdict.word == .looksAtAnimal && verdict.reasons == [.needed, .suffices, .evidenceOn])
        #expect(verdict.sentence(label: "cat", runnerUp: nil).contains("no equal area exists elsewhere"))
    }

    @Test("one condition that fails makes it partial")
    func partly() throws {
        let cases: [(Verdict.Reason, (inout VerdictFindings) -> Void)] = [
            (.notNeeded, { $0.without = .init(blurred: 0.6, mean: 0.5, inpainted: 0.7) }),
            (.doesNotSuffice, { $0.only = .init(blurred: 0.9, mean: 0.4, inpainted: 0.3) }),
            (.evidenceSpread, { $0.shares = Self.shares(0.3, 0.9, 0.3) }),
            (.spotDecides, { $0.spot = .init(without: 0.1, alone: 0.3) }),
            (.elsewhereMatters, { $0.elsewhere = MeanOfPlaces([0.4, 0.5, 0.4]) }),
            (.boxOff, { $0.boxOverlap = 0.02 }),
        ]
        for (reason, change) in cases {
            let verdict = try Self.verdict(change)
            #expect(verdict.word == .looksPartly && verdict.reasons == [reason], "\(reason)")
        }
        let spot = try Self.verdict { $0.spot = .init(without: 0.1, alone: 0.3) }
        #expect(
            spot.sentence(label: "cat", runnerUp: nil).contains("without it 10 % are left, and it alone gives 30 %"))
        let boxOff = try Self.verdict { $0.boxOverlap = 0.02 }
        #expect(boxOff.sentence(label: "cat", runnerUp: nil).contains("overlap by 2 %"))
    }

    @Test("a name that another network doubts is undecided, but for what looks elsewhere anyway")
    func calledOtherwise() throws {
        func opinion(_ agreement: Double) -> VerdictFindings.Opinion {
            .init(label: "bird", probability: 0.93, agreement: agreement, threshold: 0.01)
        }
        #expect(try Self.verdict { $0.opinion = opinion(0.01) }.word == .looksAtAnimal)
        let doubted = try Self.verdict { $0.opinion = opinion(0.004) }
        #expect(doubted.word == .undecided && doubted.reasons == [.calledOtherwise])
        let sentence = doubted.sentence(label: "cat", runnerUp: "dog")
        #expect(
            sentence.hasPrefix(
                "Undecided: another network sees bird 93 % here, and cat 0 %. Without the animal"),
            "\(sentence)")
        let unsure = try Self.verdict {
            $0.opinion = .init(label: "Cat", probability: 0.5, agreement: 0.5, threshold: 0.6)
        }
        #expect(unsure.sentence(label: "cat", runnerUp: nil).contains("says so, too, but only by 50 %"))
        let partly = try Self.verdict { ($0.opinion, $0.boxOverlap) = (opinion(0.004), 0.02) }
        #expect(partly.word == .undecided)
        let elsewhere = try Self.verdict {
            ($0.opinion, $0.without) = (opinion(0.004), .init(blurred: 0.9, mean: 0.9, inpainted: 0.9))
            $0.only = .init(blurred: 0.1, mean: 0.1, inpainted: 0.1)
        }
        #expect(elsewhere.word == .looksElsewhere)
    }

    @Test(
        "a spot that is needed, as an eye is, does not decide where it says little by itself; nor one that says much, where others do"
    )
    func spot() throws {
        #expect(try Self.verdict { $0.spot = .init(without: 0.1, alone: 0.05) }.word == .looksAtAnimal)
        #expect(try Self.verdict { $0.spot = .init(without: 0.8, alone: 0.9) }.word == .looksAtAnimal)
    }

    @Test("a single filling that deceives the network does not decide")
    func median() throws {
        #expect(try Self.verdict { $0.without?.mean = 0.9 }.word == .looksAtAnimal)
        #expect(try Self.verdict { $0.only?.blurred = 0 }.word == .looksPartly)
    }

    @Test("it looks elsewhere where the probability stays without the animal, and the animal does not keep it")
    func stays() throws {
        let verdict = try Self.verdict {
            $0.without = .init(blurred: 0.9, mean: 0.85, inpainted: 0.88)
            $0.only = .init(blurred: 0.1, mean: 0.05, inpainted: 0.2)
        }
        #expect(verdict.word == .looksElsewhere && verdict.reasons == [.stays])
        #expect(
            verdict.sentence(label: "cat", runnerUp: nil).hasPrefix(
                "Looks elsewhere: without the animal cat 91 % → 88 %"))
        // Where the animal alone would do, another one may be there.
        #expect(
            try Self.verdict { $0.without = .init(blurred: 0.9, mean: 0.85, inpainted: 0.88) }.word == .looksPartly)
    }

    @Test("it looks elsewhere where hiding elsewhere costs more, or most maps lie off the animal")
    func otherObjections() throws {
        let costs = try Self.verdict {
            $0.without = .init(blurred: 0.6, mean: 0.6, inpainted: 0.6)
            $0.elsewhere = MeanOfPlaces([0.4, 0.5, 0.4])
        }
        #expect(costs.word == .looksElsewhere && costs.reasons == [.elsewhereCosts])
        let off = try Self.verdict {
            $0.without = .init(blurred: 0.6, mean: 0.6, inpainted: 0.6)
            $0.shares = Self.shares(0.05, 0.1, 0.9)
        }
        #expect(off.word == .looksElsewhere && off.reasons == [.evidenceOff])
        // Maps alone do not outweigh an animal that is needed and suffices.
        #expect(try Self.verdict { $0.shares = Self.shares(0.05, 0.1, 0.9) }.word == .looksPartly)
    }

    @Test("what shows nothing of the animal looks elsewhere")
    func outOfSight() throws {
        let verdict = try Self.verdict {
            ($0.without, $0.only, $0.shares, $0.elsewhere) = (nil, nil, nil, nil)
        }
        #expect(verdict.word == .looksElsewhere && verdict.reasons == [.outOfSight])
        #expect(verdict.sentence(label: "cat", runnerUp: nil).contains("shows nothing of the animal"))
    }

    @Test("every doubt makes it undecided, whatever else holds")
    func undecided() throws {
        let cases: [(Verdict.Reason, String, (inout VerdictFindings) throws -> Void)] = [
            (.nobodyLooked, "--animal", { $0.search = .nobodyLooked }),
            (.searchFailed, "too long", { $0.search = .failed("the photo is too long") }),
            (.noAnimal, "no animal was found", { $0.search = .foundNothing }),
            (.unsureAnimal, "unsure", { $0.search = .found(confidence: 0.6, area: 0.2) }),
            (.unsureAnimal, "unsure", { $0.search = .found(confidence: 0.99, area: 0.001) }),
            (.nothingBeside, "all that the network saw", { $0.shares?.expected = 0.99 }),
            (.smallMargin, "hardly ahead of dog", { $0.certainty = try Self.certainty([0.3, 0.2, -2]) }),
            (.unfamiliar, "unlike", { $0.certainty = try Self.certainty(familiar: 100) }),
            (.methodsDisagree, "contradict", { $0.shares = Self.shares(0.05, nil, 0.9) }),
            (.methodsDisagree, "contradict", { $0.shares = Self.shares(0.05, 0.25, 0.9) }),
        ]
        for (reason, words, change) in cases {
            let verdict = try Self.verdict(change)
            #expect(verdict.word == .undecided && verdict.reasons == [reason], "\(reason)")
            let sentence = verdict.sentence(label: "cat", runnerUp: "dog")
            #expect(sentence.hasPrefix("Undecided: ") && sentence.contains(words), "\(sentence)")
        }
        // What a person marked has no confidence to doubt.
        #expect(try Self.verdict { $0.search = .found(confidence: nil, area: 0.2) }.word == .looksAtAnimal)
        // Two of three are a majority.
        #expect(try Self.verdict { $0.shares = Self.shares(0.05, 0.9, 0.9) }.word == .looksAtAnimal)
    }

    @Test("a class that means nothing to find is neither right nor wrong")
    func background() throws {
        let verdict = Verdict(undecidedFor: .background, try Self.good())
        #expect(verdict.word == .undecided && verdict.reasons == [.background])
    }

    @Test("no finding at all is good: without an animal, without evidence, without probability")
    func nothingIsGood() throws {
        let none = VerdictFindings(search: .nobodyLooked, certainty: try Self.certainty())
        #expect(Verdict(none).word == .undecided)
        #expect(try Self.verdict { $0.shares = nil }.word == .looksPartly)
        #expect(try Self.verdict { $0.shares = Self.shares(nil, nil, nil) }.word == .looksPartly)
    }

    @Test("thresholds are what decides")
    func thresholds() throws {
        var strict = VerdictThresholds.standard
        strict.boxOverlap = 0.9
        #expect(Verdict(try Self.good(), strict).reasons == [.boxOff])
    }
}
