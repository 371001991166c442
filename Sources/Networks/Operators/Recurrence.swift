import Foundation

/// A recurrent layer over a sequence, in one direction or two (ONNX's LSTM, GRU and RNN).
///
/// What the input contributes to the gates is computed before it, for all steps at once. Letters: T steps, N items, D
/// directions, G gates, H hidden values. Inputs: contributions [T,N,D·G·H], recurrent weights [D,G·H,H], recurrent bias
/// [D,G·H]?, lengths [N] (integers)?, first hidden values [D,N,H]?, first cells [D,N,H]?, peepholes [D,3·H]?. Outputs: all
/// hidden values [T,D,N,H], the last of each item [D,N,H], and, of an LSTM, the last cells [D,N,H].
public struct Recurrence: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// Gates i, o, f, c (Hochreiter and Schmidhuber 1997; peepholes: Gers and Schmidhuber 2000). With `couplesForget`
        /// f is 1 − i.
        case longShortTermMemory(couplesForget: Bool)
        /// Gates z, r, h (Cho et al. 2014). With `resetsProduct` r is multiplied with what the recurrent weights make of
        /// the hidden values, else with these.
        case gatedRecurrentUnit(resetsProduct: Bool)
        /// hₜ = f(xₜ + R·hₜ₋₁ + b).
        case plain

        /// G.
        public var gates: Int {
            switch self {
            case .longShortTermMemory: 4
            case .gatedRecurrentUnit: 3
            case .plain: 1
            }
        }

        /// How many functions a direction has: for gates, cell input and cell output, as far as there are such.
        public var functions: Int {
            switch self {
            case .longShortTermMemory: 3
            case .gatedRecurrentUnit: 2
            case .plain: 1
            }
        }
    }

    /// A function of one value, with ONNX's parameters.
    public enum Function: Sendable, Hashable {
        case sigmoid, tanh, relu, softsign, softplus
        case affine(alpha: Float, beta: Float)
        case leakyRelu(alpha: Float)
        case thresholdedRelu(alpha: Float)
        case scaledTanh(alpha: Float, beta: Float)
        case hardSigmoid(alpha: Float, beta: Float)
        case elu(alpha: Float)

        public func value(_ x: Float) -> Float {
            switch self {
            case .sigmoid: 1 / (1 + exp(-x))
            case .tanh: Foundation.tanh(x)
            case .relu: max(x, 0)
            case .softsign: x / (1 + abs(x))
            case .softplus: max(x, 0) + log1p(exp(-abs(x)))
            case .affine(let alpha, let beta): alpha * x + beta
            case .leakyRelu(let alpha): x >= 0 ? x : alpha * x
            case .thresholdedRelu(let alpha): x >= alpha ? x : 0
            case .scaledTanh(let alpha, let beta): alpha * Foundation.tanh(beta * x)
            case .hardSigmoid(let alpha, let beta): min(max(alpha * x + beta, 0), 1)
            case .elu(let alpha): x >= 0 ? x : alpha * expm1(x)
            }
        }

        /// The derivative at `x`.
        public func slope(_ x: Float) -> Float {
            switch self {
            case .sigmoid:
                let y = value(x)
                return y * (1 - y)
            case .tanh:
                let y = Foundation.tanh(x)
                return 1 - y * y
            case .relu: return x > 0 ? 1 : 0
            case .softsign: return 1 / ((1 + abs(x)) * (1 + abs(x)))
            case .softplus: return 1 / (1 + exp(-x))
            case .affine(let alpha, _): return alpha
            case .leakyRelu(let alpha): return x >= 0 ? 1 : alpha
            case .thresholdedRelu(let alpha): return x >= alpha ? 1 : 0
            case .scaledTanh(let alpha, let beta):
                let y = Foundation.tanh(beta * x)
                return alpha * beta * (1 - y * y)
            case .hardSigmoid(let alpha, let beta):
                let y = alpha * x + beta
                return y > 0 && y < 1 ? alpha : 0
            case .elu(let alpha): return x >= 0 ? 1 : alpha * exp(x)
            }
        }
    }

    public struct Direction: Sendable, Hashable {
        /// From the last step to the first.
        public var isReverse: Bool
        /// As many as the kind says.
        public var functions: [Function]

        public init(isReverse: Bool, functions: [Function]) {
            self.isReverse = isReverse
            self.functions = functions
        }
    }

    public var kind: Kind
    public var directions: [Direction]
    /// What goes into a gate's function is limited to ±clip.
    public var clip: Float?

    public init(kind: Kind, directions: [Direction], clip: Float?) {
        self.kind = kind
        self.directions = directions
        self.clip = clip
    }

    var name: String {
        switch kind {
        case .longShortTermMemory: "LSTM"
        case .gatedRecurrentUnit: "GRU"
        case .plain: "recurrent layer"
        }
    }
}
