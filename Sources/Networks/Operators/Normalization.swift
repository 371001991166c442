/// y = scale·(x − mean)/√(variance + ε) + shift, with mean and variance taken from x itself.
public struct Normalization: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// Mean and variance are taken over each plane of [N,C,…]; scale and shift [C] (Ulyanov et al. 2016).
        case instance
        /// They are taken over each of `count` groups of channels of [N,C,…]; scale and shift [C] (Wu and He 2018).
        case group(count: Int)
        /// They are taken over everything from `axis` on; scale and shift of that shape (Ba et al. 2016).
        case layer(axis: Int)
    }

    public var kind: Kind
    public var epsilon: Float

    public init(kind: Kind, epsilon: Float) {
        self.kind = kind
        self.epsilon = epsilon
    }

    var name: String {
        switch kind {
        case .instance: "instance normalization"
        case .group: "group normalization"
        case .layer: "layer normalization"
        }
    }
}

/// yᵢ = xᵢ·(bias + alpha/size·Σⱼ xⱼ²)^−beta, over the `size` channels j around i (Krizhevsky et al. 2012).
public struct LocalResponseNormalization: Sendable, Hashable {
    public var size: Int
    public var alpha: Float
    public var beta: Float
    public var bias: Float

    public init(size: Int, alpha: Float, beta: Float, bias: Float) {
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.bias = bias
    }
}

public struct Softmax: Sendable, Hashable {
    /// The axis whose values sum to 1; a negative one counts from the end.
    public var axis: Int
    public var isLogarithmic: Bool
    /// Before opset 13, everything from `axis` on counts as one axis.
    public var flattensTail: Bool

    public init(axis: Int, isLogarithmic: Bool, flattensTail: Bool) {
        self.axis = axis
        self.isLogarithmic = isLogarithmic
        self.flattensTail = flattensTail
    }
}
