/// The numbers of the verdict's rule, in one place. Documentation/Verdict.md has them as a table, and what they were chosen
/// on.
public struct VerdictThresholds: Sendable, Hashable {
    /// Below this mean probability over its mask the animal finder is unsure.
    public var animalConfidence = 0.75
    /// An animal that covers less of the photo is too small to be checked.
    public var animalArea = 0.002
    /// Where less than this share of the network's input is not the animal, there is nothing else to look at.
    public var leastRest = 0.02
    /// Below this margin the class is no decision.
    public var margin = 0.2
    /// Hiding the animal has to cost this share of the probability, in the median of the fillings.
    public var cost = 0.5
    /// The animal alone has to keep this share of the probability, in the median of the fillings.
    public var kept = 0.5
    /// Hiding as much elsewhere may cost this share of what hiding the animal costs.
    public var elsewhere = 0.5
    /// A method sees the evidence on the animal where its share leads the expected one by this much (see
    /// ``EvidenceShares/lead(of:)``), and off it where it trails by as much.
    public var lead = 0.15
    /// The classifier's box and the animal's have to overlap by this much: intersection over union.
    public var boxOverlap = 0.5
    /// A small spot of the animal decides where hiding it costs this share of the probability, and it keeps
    /// ``spotKept`` of it by itself.
    public var spotCost = 0.5
    public var spotKept = 0.15
    /// Where hiding the animal costs less than this share, the probability stays without it.
    public var littleCost = 0.2

    public init() {}

    public static let standard = VerdictThresholds()
}
