/// What a backward pass hands on at a rectifier f: a ReLU, or one with a cap as ReLU6. With R the incoming signal and x the
/// forward value:
///
/// | rule | passes on | paper |
/// |---|---|---|
/// | gradient | R·f′(x), of a ReLU R·[x>0] | the chain rule; Simonyan et al. 2013 |
/// | deconvnet | max(R, 0) | Zeiler and Fergus 2014 |
/// | guided | max(R, 0)·[x>0] | Springenberg et al. 2015 |
///
/// The papers speak of ReLUs. At a cap, where the gradient stops, a unit is as active as can be, and the other two pass
/// on what they do below it.
///
/// Everything else in the network is passed by its own vector-Jacobian product: the transposed convolution, unpooling
/// with switches. So the three methods are one walk with different rules.
public struct BackwardRule: Hashable, Sendable {
    /// Keeps the signal only where the forward value was positive; without ``rectifiesSignal`` that is the derivative.
    public let masksInactive: Bool
    /// Keeps only positive signal.
    public let rectifiesSignal: Bool
    /// Where set, the signal is relevance and is shared out by these rules instead of the two above.
    public let relevance: RelevanceRules?

    private init(masksInactive: Bool, rectifiesSignal: Bool, relevance: RelevanceRules? = nil) {
        self.masksInactive = masksInactive
        self.rectifiesSignal = rectifiesSignal
        self.relevance = relevance
    }

    public static let gradient = BackwardRule(masksInactive: true, rectifiesSignal: false)
    public static let deconvnet = BackwardRule(masksInactive: false, rectifiesSignal: true)
    public static let guided = BackwardRule(masksInactive: true, rectifiesSignal: true)

    /// Layer-wise relevance propagation by `rules`.
    public static func relevance(_ rules: RelevanceRules) -> BackwardRule {
        BackwardRule(masksInactive: true, rectifiesSignal: false, relevance: rules)
    }
}
