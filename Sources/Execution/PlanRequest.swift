public import Networks
public import Tensors

/// What a plan computes. Equal requests share a plan.
public struct PlanRequest: Hashable, Sendable {
    /// Shapes of the graph's inputs, in their order.
    public var inputShapes: [Shape]
    /// Values to be readable after the pass, besides the graph's outputs.
    public var kept: [ValueID]
    public var derivatives: [Derivative]
    /// Values to stay in memory after the pass, in whatever layout they have.
    var resident: [ValueID] = []

    public init(inputShapes: [Shape], kept: [ValueID] = [], derivatives: [Derivative] = []) {
        self.inputShapes = inputShapes
        self.kept = kept
        self.derivatives = derivatives
    }
}

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
