/// How layer-wise relevance propagation shares relevance out among the inputs of a layer: one rule for convolutions,
/// one for fully-connected layers (a "composite", Kohlbrenner et al. 2020, "Towards Best Practice in Explaining Neural
/// Network Decisions with LRP").
///
/// Everything else is passed the same way by all of them: activations hand relevance on unchanged; max pooling hands it
/// to the maximum; sums, averages and products share it out in proportion to what each input contributed. Batch
/// normalization that no convolution took in hands it on unchanged, or by the ε rule where convolutions follow that.
public struct RelevanceRules: Hashable, Sendable {
    /// With z the layer's output, x its input, W its weights and b its bias; ⁺ and ⁻ are the positive and negative
    /// parts. Bach et al. 2015, "On Pixel-Wise Explanations for Non-Linear Classifier Decisions".
    public enum Rule: Hashable, Sendable {
        /// R_x = x · Wᵀ(R / (z ± ε)), eq. 58.
        case epsilon
        /// R_x = α · (x⁺·W⁺ᵀ + x⁻·W⁻ᵀ)(R / z⁺) − β · (x⁺·W⁻ᵀ + x⁻·W⁺ᵀ)(R / z⁻), eq. 60, where z⁺ and z⁻ sum the positive
        /// and the negative contributions, the bias's included. α − β is 1.
        case alphaBeta(alpha: Float, beta: Float)
    }

    public var convolution: Rule
    public var fullyConnected: Rule
    /// A small number that is added, with its sign, to what is divided by.
    public var epsilon: Float

    public init(convolution: Rule, fullyConnected: Rule, epsilon: Float) {
        self.convolution = convolution
        self.fullyConnected = fullyConnected
        self.epsilon = epsilon
    }

    /// The ε rule everywhere.
    public static func epsilon(_ epsilon: Float = 1e-6) -> RelevanceRules {
        RelevanceRules(convolution: .epsilon, fullyConnected: .epsilon, epsilon: epsilon)
    }

    /// z⁺ (α = 1, β = 0) at convolutions, ε at fully-connected layers.
    public static func epsilonPlus(_ epsilon: Float = 1e-6) -> RelevanceRules {
        RelevanceRules(convolution: .alphaBeta(alpha: 1, beta: 0), fullyConnected: .epsilon, epsilon: epsilon)
    }

    /// α and β = α − 1 at convolutions, ε at fully-connected layers.
    public static func alphaBeta(_ alpha: Float = 2, _ epsilon: Float = 1e-6) -> RelevanceRules {
        RelevanceRules(
            convolution: .alphaBeta(alpha: alpha, beta: alpha - 1), fullyConnected: .epsilon, epsilon: epsilon)
    }
}

extension RelevanceRules {
    /// How relevance passes a layer.
    enum Passage {
        /// It is shared out by what the weights make of each input.
        case shared(Rule)
        /// It is shared out in proportion to what each input contributed: R_x = x · vjp(R / (z ± ε)), with vjp the layer's
        /// vector-Jacobian product.
        case inProportion
        /// It is taken where a gradient would be: to the maximum, or to where a value came from.
        case asGradient
        /// It is handed on as it is.
        case unchanged
    }

    /// The table of the rules: how relevance passes each kind of layer.
    func passage(through kind: LayerKind) -> Passage {
        switch kind {
        case .convolution: .shared(convolution)
        case .fullyConnected: .shared(fullyConnected)
        case .activation: .unchanged
        case .batchNormalization: convolution == .epsilon ? .inProportion : .unchanged
        case .maximum: .asGradient
        case .regrouping: .asGradient
        case .mixture: .inProportion
        }
    }
}
