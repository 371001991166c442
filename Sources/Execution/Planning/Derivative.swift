public import Networks

/// A backward walk: the signal put in at `source` as it arrives at each of `targets`.
public struct Derivative: Hashable, Sendable {
    public var source: ValueID
    public var targets: [ValueID]
    public var rule: BackwardRule

    public init(of source: ValueID, withRespectTo targets: [ValueID], rule: BackwardRule = .gradient) {
        self.source = source
        self.targets = targets
        self.rule = rule
    }
}
