import Foundation

/// A function of one value. Parameters are those of ONNX.
public enum Activation: Sendable, Hashable {
    case relu
    case leakyRelu(slope: Float)
    /// x where x > 0, else alpha·(eˣ − 1).
    case elu(alpha: Float)
    case sigmoid
    /// clip(alpha·x + beta, 0, 1).
    case hardSigmoid(alpha: Float, beta: Float)
    /// x·clip(x/6 + ½, 0, 1).
    case hardSwish
    /// x·sigmoid(x).
    case silu
    case tanh
    /// log(1 + eˣ).
    case softplus
    /// x/(1 + |x|).
    case softsign
    /// x·tanh(softplus(x)).
    case mish
    /// x·Φ(x), exactly or with the hyperbolic tangent (Hendrycks and Gimpel 2016).
    case gelu(isApproximate: Bool)
    case clip(lowest: Float, highest: Float)
    /// factor·x + summand.
    case linear(factor: Float, summand: Float)
    case erf
    case exponential
    case logarithm
    case squareRoot
    case absolute
    case reciprocal
    case power(exponent: Float)
    /// Its derivative counts as 0, as in PyTorch.
    case rounding(Rounding)

    public enum Rounding: String, Sendable, Hashable { case floor, ceiling, toNearestEven = "round", sign }

    public var name: String {
        switch self {
        case .relu: "ReLU"
        case .leakyRelu: "leaky ReLU"
        case .elu: "ELU"
        case .sigmoid: "sigmoid"
        case .hardSigmoid: "hard sigmoid"
        case .hardSwish: "hard swish"
        case .silu: "SiLU"
        case .tanh: "tanh"
        case .softplus: "softplus"
        case .softsign: "softsign"
        case .mish: "Mish"
        case .gelu: "GELU"
        case .clip: "clip"
        case .linear: "scale and shift"
        case .erf: "erf"
        case .exponential: "exp"
        case .logarithm: "log"
        case .squareRoot: "square root"
        case .absolute: "absolute value"
        case .reciprocal: "reciprocal"
        case .power: "power"
        case .rounding(let kind): kind.rawValue
        }
    }

    /// The function at `x`, for values that are known before the network runs.
    func value(at x: Float) -> Float {
        switch self {
        case .relu: max(x, 0)
        case .leakyRelu(let slope): x > 0 ? x : slope * x
        case .elu(let alpha): x > 0 ? x : alpha * expm1(x)
        case .sigmoid: 1 / (1 + exp(-x))
        case .hardSigmoid(let alpha, let beta): min(max(alpha * x + beta, 0), 1)
        case .hardSwish: x * min(max(x / 6 + 0.5, 0), 1)
        case .silu: x / (1 + exp(-x))
        case .tanh: Foundation.tanh(x)
        case .softplus: max(x, 0) + log1p(exp(-abs(x)))
        case .softsign: x / (1 + abs(x))
        case .mish: x * Foundation.tanh(max(x, 0) + log1p(exp(-abs(x))))
        case .gelu(isApproximate: false): 0.5 * x * (1 + Foundation.erf(x * Float(0.5).squareRoot()))
        case .gelu(isApproximate: true): 0.5 * x * (1 + Foundation.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))
        case .clip(let lowest, let highest): min(max(x, lowest), highest)
        case .linear(let factor, let summand): factor * x + summand
        case .erf: Foundation.erf(x)
        case .exponential: exp(x)
        case .logarithm: log(x)
        case .squareRoot: x.squareRoot()
        case .absolute: abs(x)
        case .reciprocal: 1 / x
        case .power(let exponent): pow(x, exponent)
        case .rounding(.floor): x.rounded(.down)
        case .rounding(.ceiling): x.rounded(.up)
        case .rounding(.toNearestEven): x.rounded(.toNearestOrEven)
        case .rounding(.sign): x > 0 ? 1 : x < 0 ? -1 : 0
        }
    }
}

/// A function of two values.
public enum Arithmetic: String, Sendable, Hashable {
    case add, subtract, multiply, divide, maximum, minimum, power
    /// a where a > 0, else a·b.
    case parametricRelu = "parametric ReLU"
    /// The remainder of integers, and of nothing else; its sign is the divisor's, as in Python.
    case remainder
    /// The remainder of integers, and of nothing else; its sign is the dividend's, as in C.
    case truncatedRemainder = "truncated remainder"
}

/// Many values become one, along `axes`.
public struct Reduction: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable { case sum, mean, maximum, minimum, product }

    public var kind: Kind
    /// The axes to reduce; a negative one counts from the end, nil means all.
    public var axes: [Int]?
    /// The axes stay, with extent 1.
    public var keepsAxes: Bool

    public init(kind: Kind, axes: [Int]?, keepsAxes: Bool) {
        self.kind = kind
        self.axes = axes
        self.keepsAxes = keepsAxes
    }

    /// Whether this is global average pooling of [N,C,…] of this rank, whatever becomes of the axes.
    public func averagesPlanes(ofRank rank: Int) -> Bool {
        guard kind == .mean, rank >= 3, let axes else { return false }
        return Set(axes.map { $0 < 0 ? $0 + rank : $0 }) == Set(2..<rank)
    }
}
