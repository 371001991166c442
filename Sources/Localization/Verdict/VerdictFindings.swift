import Foundation

/// All the numbers that the verdict's rule reads.
public struct VerdictFindings: Sendable, Hashable {
    /// What came of looking for the animal, by somebody who does not ask the classifier.
    public enum Search: Sendable, Hashable {
        /// There is no animal network, and no person marked the animal.
        case nobodyLooked
        /// The animal network could not look at this photo, and why.
        case failed(String)
        case foundNothing
        /// - Parameters:
        ///   - confidence: mean probability over the mask, 0…1; nil where a person marked it.
        ///   - area: share of the photo, 0…1.
        case found(confidence: Double?, area: Double)
    }

    public var search: Search
    public var certainty: Certainty
    /// Of the evidence; nil where there was no animal to compare with, and where what decided shows nothing of it.
    public var shares: EvidenceShares?
    /// The class's probability with the animal hidden, and with everything but it hidden.
    public var without: FillingReadings?
    public var only: FillingReadings?
    /// With as much hidden elsewhere; nil where no equal area exists.
    public var elsewhere: MeanOfPlaces?
    /// A small spot of the animal; nil where there is none.
    public var spot: Spot?
    /// Between the classifier's first box and the animal, or the part of it that it overlaps most: intersection over union,
    /// 0…1; nil where there is no box.
    public var boxOverlap: Double?
    /// Share of the evidence within the box that lies on the animal, 0…1.
    public var boxEvidence: Double?
    /// What another network calls the animal, or what is in the box where no animal was found and it doubts the label; nil where
    /// none was asked, and where it does not know the class's label.
    public var opinion: Opinion?

    /// A second opinion on the animal's name.
    public struct Opinion: Sendable, Hashable {
        /// What the other network calls the animal, and how probable that is to it, 0…1.
        public var label: String
        public var probability: Double
        /// How probable the classifier's label is to it, 0…1.
        public var agreement: Double
        /// Below this agreement it doubts the label.
        public var threshold: Double

        public init(label: String, probability: Double, agreement: Double, threshold: Double) {
            self.label = label
            self.probability = probability
            self.agreement = agreement
            self.threshold = threshold
        }

        public var doubts: Bool { agreement < threshold }

        /// Whether it calls the animal so itself; labels are compared as names, in upper or lower case.
        public func names(_ label: String) -> Bool { self.label.caseInsensitiveCompare(label) == .orderedSame }
    }

    /// The class's probability with a small spot of the animal hidden, and with everything but the spot hidden, 0…1.
    public struct Spot: Sendable, Hashable {
        public var without: Double
        public var alone: Double

        public init(without: Double, alone: Double) {
            self.without = without
            self.alone = alone
        }
    }

    public init(
        search: Search, certainty: Certainty, shares: EvidenceShares? = nil, without: FillingReadings? = nil,
        only: FillingReadings? = nil, elsewhere: MeanOfPlaces? = nil, spot: Spot? = nil,
        boxOverlap: Double? = nil, boxEvidence: Double? = nil, opinion: Opinion? = nil
    ) {
        self.search = search
        self.certainty = certainty
        self.shares = shares
        self.without = without
        self.only = only
        self.elsewhere = elsewhere
        self.spot = spot
        self.boxOverlap = boxOverlap
        self.boxEvidence = boxEvidence
        self.opinion = opinion
    }

    // MARK: What the rule computes of them

    /// The share of the class's probability that is lost where `remaining` is left of it, 0…1.
    private func loss(_ remaining: Double) -> Double {
        certainty.probability > 0 ? max(1 - remaining / certainty.probability, 0) : 0
    }
    /// The share of the class's probability that `remaining` is; it may be more than 1.
    private func share(_ remaining: Double) -> Double {
        certainty.probability > 0 ? remaining / certainty.probability : 0
    }

    /// What hiding the animal costs, in the median of the fillings.
    var cost: Double? { without.map { loss($0.median) } }
    /// What the animal alone keeps of the probability, in the median of the fillings; it may be more than 1.
    var kept: Double? { only.map { share($0.median) } }
    /// What hiding as much elsewhere costs.
    var elsewhereCost: Double? { elsewhere.map { loss($0.mean) } }
    /// What hiding a small spot of the animal costs, and what the spot keeps of the probability by itself.
    var spotCost: Double? { spot.map { loss($0.without) } }
    var spotKept: Double? { spot.map { share($0.alone) } }

    /// How much the decision rests on the animal and nothing less, 0…1: the geometric mean of what hiding the animal costs and
    /// what it keeps alone, times what is left without one small spot of it. A spot counts as far as it is enough by itself,
    /// in full from ``VerdictThresholds/spotKept`` on. Nil where the animal was not hidden.
    public var reliance: Double? {
        guard let cost, let kept else { return nil }
        let enough = (spotKept ?? 0) / VerdictThresholds.standard.spotKept
        return (cost * min(kept, 1)).squareRoot() * (1 - min(spotCost ?? 0, enough))
    }
    /// By how much each method that answered leads the expected share.
    var leads: [Double] { shares.map { shares in shares.measured.map(shares.lead) } ?? [] }
}
