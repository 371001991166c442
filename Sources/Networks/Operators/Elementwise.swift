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
    case trigonometric(Trigonometric)
    /// x where x > threshold, else 0.
    case thresholdedRelu(threshold: Float)
    /// x − bias where x > threshold, x + bias where x < −threshold, else 0.
    case shrink(threshold: Float, bias: Float)
    /// Its derivative counts as 0, as in PyTorch.
    case rounding(Rounding)
    /// To a number of few bits. Back, the signal passes straight through, and stops where a value was cut off.
    case narrowing(SmallFloat, saturates: Bool, direction: SmallFloat.Direction)

    public enum Rounding: String, Sendable, Hashable {
        case floor, ceiling, toNearestEven = "round", sign, towardZero = "truncation"
    }

    /// The circular and the hyperbolic functions, and their inverses.
    public enum Trigonometric: String, Sendable, Hashable, CaseIterable {
        case sine, cosine, tangent, arcsine, arccosine, arctangent
        case hyperbolicSine = "hyperbolic sine"
        case hyperbolicCosine = "hyperbolic cosine"
        case inverseHyperbolicSine = "inverse hyperbolic sine"
        case inverseHyperbolicCosine = "inverse hyperbolic cosine"
        case inverseHyperbolicTangent = "inverse hyperbolic tangent"

        /// The function at `x`; no number where it is not defined.
        public func value(_ x: Float) -> Float {
            switch self {
            case .sine: sin(x)
            case .cosine: cos(x)
            case .tangent: tan(x)
            case .arcsine: asin(x)
            case .arccosine: acos(x)
            case .arctangent: atan(x)
            case .hyperbolicSine: sinh(x)
            case .hyperbolicCosine: cosh(x)
            case .inverseHyperbolicSine: asinh(x)
            case .inverseHyperbolicCosine: acosh(x)
            case .inverseHyperbolicTangent: atanh(x)
            }
        }

        /// Its derivative at `x`.
        public func slope(_ x: Float) -> Float {
            switch self {
            case .sine: cos(x)
            case .cosine: -sin(x)
            case .tangent: 1 / (cos(x) * cos(x))
            case .arcsine: 1 / (1 - x * x).squareRoot()
            case .arccosine: -1 / (1 - x * x).squareRoot()
            case .arctangent: 1 / (1 + x * x)
            case .hyperbolicSine: cosh(x)
            case .hyperbolicCosine: sinh(x)
            case .inverseHyperbolicSine: 1 / (x * x + 1).squareRoot()
            case .inverseHyperbolicCosine: 1 / (x * x - 1).squareRoot()
            case .inverseHyperbolicTangent: 1 / (1 - x * x)
            }
        }
    }

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
        case .trigonometric(let function): function.rawValue
        case .thresholdedRelu: "thresholded ReLU"
        case .shrink: "shrink"
        case .rounding(let kind): kind.rawValue
        case .narrowing(let format, _, _): "rounding to \(format.rawValue)"
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
        case .trigonometric(let function): function.value(x)
        case .thresholdedRelu(let threshold): x > threshold ? x : 0
        case .shrink(let threshold, let bias): x > threshold ? x - bias : x < -threshold ? x + bias : 0
        case .rounding(.floor): x.rounded(.down)
        case .rounding(.ceiling): x.rounded(.up)
        case .rounding(.toNearestEven): x.rounded(.toNearestOrEven)
        case .rounding(.sign): x > 0 ? 1 : x < 0 ? -1 : 0
        case .rounding(.towardZero): x.rounded(.towardZero)
        case .narrowing(let format, let saturates, let direction):
            format.rounded(x, saturates: saturates, direction: direction)
        }
    }
}

/// A function of two values.
public enum Arithmetic: String, Sendable, Hashable {
    case add, subtract, multiply, divide, maximum, minimum, power
    /// a where a > 0, else a·b.
    case parametricRelu = "parametric ReLU"
    /// The quotient of integers, without what is behind the point.
    case truncatedQuotient = "truncated quotient"
    /// a − b·⌊a/b⌋: its sign is the divisor's, as in Python.
    case remainder
    /// Its sign is the dividend's, as in C.
    case truncatedRemainder = "truncated remainder"
    /// Of integers.
    case bitwiseAnd = "bitwise and", bitwiseOr = "bitwise or", bitwiseExclusiveOr = "bitwise exclusive or"
    /// a·2ᵇ and ⌊a/2ᵇ⌋ of integers.
    case leftShift = "left shift", rightShift = "right shift"

    /// The result for integers, if it is one of those that are made of bits and one that fits.
    public func bits(_ a: Int, _ b: Int) -> Int? {
        switch self {
        case .bitwiseAnd: return a & b
        case .bitwiseOr: return a | b
        case .bitwiseExclusiveOr: return a ^ b
        case .leftShift:
            if b < 0 || b >= Int.bitWidth - 1 {
                return a == 0 ? 0 : nil
            } else {
                let (product, isTooLarge) = a.multipliedReportingOverflow(by: 1 << b)
                return isTooLarge ? nil : product
            }
        case .rightShift: return b < 0 ? nil : a >> b
        case .add, .subtract, .multiply, .divide, .maximum, .minimum, .power, .parametricRelu, .truncatedQuotient,
            .remainder, .truncatedRemainder:
            return nil
        }
    }
}

/// Many values become one, along `axes`.
public struct Reduction: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        case sum, mean, maximum, minimum, product
        /// √Σx².
        case norm
        /// log Σeˣ.
        case logSumExp = "log of the sum of exponentials"
    }

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
