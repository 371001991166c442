/// What a node computes. Closed: whoever handles operators is told by the compiler when one is added.
public enum Operator: Sendable, Hashable {
    /// Inputs x [N,C,…], weights [O,C/groups,…], bias [O]?.
    case convolution(Convolution)
    /// Input x [N,C,…].
    case pooling(Pooling)
    /// Input x [N,C,…] → [N,C,1,…].
    case globalPooling(GlobalPooling)
    /// y = x·Wᵀ + b. Inputs x [N,K], weights [O,K], bias [O]?.
    case fullyConnected
    /// Input x, scale, shift, mean, variance [C]. Inference: y = scale·(x − mean)/√(variance + ε) + shift.
    case batchNormalization(epsilon: Float)
    /// A function of each value by itself.
    case activation(Activation)
    /// Two inputs, broadcast as NumPy does.
    case arithmetic(Arithmetic)
    case softmax(Softmax)
    /// Any number of inputs, joined along `axis` (negative counts from the end).
    case concatenation(axis: Int)
    /// [d₀…dₙ] → [d₀·…·d(axis−1), d(axis)·…·dₙ].
    case flatten(axis: Int)
    /// Inputs x and the new shape (integers: 0 copies an extent, −1 is inferred).
    case reshape
    /// y = x; dropped by canonicalization.
    case identity

    /// The name people know it by.
    public var name: String {
        switch self {
        case .convolution: "convolution"
        case .pooling(let pooling): pooling.kind == .maximum ? "max pooling" : "average pooling"
        case .globalPooling(let kind): kind == .maximum ? "global max pooling" : "global average pooling"
        case .fullyConnected: "fully connected"
        case .batchNormalization: "batch normalization"
        case .activation(let activation): activation.name
        case .arithmetic(let kind): kind.rawValue
        case .softmax(let softmax): softmax.isLogarithmic ? "log softmax" : "softmax"
        case .concatenation: "concatenation"
        case .flatten: "flatten"
        case .reshape: "reshape"
        case .identity: "identity"
        }
    }
}

/// Where the window of a convolution or pooling stands, per spatial axis.
public struct Window: Sendable, Hashable {
    /// How the padding is found.
    public enum Padding: Sendable, Hashable {
        case explicit(begin: [Int], end: [Int])
        /// As much as makes the output ⌈input / stride⌉; the odd one goes to the end or to the beginning.
        case same(oddAtEnd: Bool)
    }

    public var kernel: [Int]
    public var stride: [Int]
    public var dilation: [Int]
    public var padding: Padding
    /// The last window may start inside and end outside of the padded input (pooling only).
    public var roundsUp: Bool

    public init(kernel: [Int], stride: [Int], dilation: [Int], padding: Padding, roundsUp: Bool = false) {
        self.kernel = kernel
        self.stride = stride
        self.dilation = dilation
        self.padding = padding
        self.roundsUp = roundsUp
    }

    /// The input values a window spans: (kernel − 1)·dilation + 1.
    public func span(_ axis: Int) -> Int { (kernel[axis] - 1) * dilation[axis] + 1 }

    /// Explicit padding for an input of these spatial extents.
    public func padding(for extents: [Int]) -> (begin: [Int], end: [Int]) {
        switch padding {
        case .explicit(let begin, let end):
            return (begin, end)
        case .same(let oddAtEnd):
            var begin: [Int] = []
            var end: [Int] = []
            for axis in extents.indices {
                let outputs = (extents[axis] + stride[axis] - 1) / stride[axis]
                let total = max(0, (outputs - 1) * stride[axis] + span(axis) - extents[axis])
                begin.append(oddAtEnd ? total / 2 : total - total / 2)
                end.append(oddAtEnd ? total - total / 2 : total / 2)
            }
            return (begin, end)
        }
    }

    /// Spatial extents of the output, and nil where the window does not fit the padded input.
    public func outputExtents(for extents: [Int]) -> [Int]? {
        let (begin, end) = padding(for: extents)
        var result: [Int] = []
        for axis in extents.indices {
            let room = extents[axis] + begin[axis] + end[axis] - span(axis)
            guard room >= 0, extents[axis] > 0 else { return nil }
            var count = room / stride[axis] + 1
            if roundsUp, room % stride[axis] != 0, count * stride[axis] < extents[axis] + begin[axis] {
                // A window that would start in the end padding is left out, as PyTorch and ONNX do.
                count += 1
            }
            result.append(count)
        }
        return result
    }
}

public struct Convolution: Sendable, Hashable {
    public var window: Window
    public var groups: Int

    public init(window: Window, groups: Int) {
        self.window = window
        self.groups = groups
    }
}

public struct Pooling: Sendable, Hashable {
    public enum Kind: Sendable, Hashable { case maximum, averageIncludingPadding, averageExcludingPadding }

    public var kind: Kind
    public var window: Window

    public init(kind: Kind, window: Window) {
        self.kind = kind
        self.window = window
    }
}

public enum GlobalPooling: Sendable, Hashable { case average, maximum }

/// A function of one value. Parameters are those of ONNX.
public enum Activation: Sendable, Hashable {
    case relu
    case leakyRelu(slope: Float)
    case elu(alpha: Float)
    case sigmoid
    case tanh
    case clip(lowest: Float, highest: Float)

    var name: String {
        switch self {
        case .relu: "ReLU"
        case .leakyRelu: "leaky ReLU"
        case .elu: "ELU"
        case .sigmoid: "sigmoid"
        case .tanh: "tanh"
        case .clip: "clip"
        }
    }
}

public enum Arithmetic: String, Sendable, Hashable { case add, subtract, multiply, divide }

public struct Softmax: Sendable, Hashable {
    /// Negative counts from the end.
    public var axis: Int
    public var isLogarithmic: Bool
    /// Opset < 13: everything from `axis` on counts as one axis.
    public var flattensTail: Bool

    public init(axis: Int, isLogarithmic: Bool, flattensTail: Bool) {
        self.axis = axis
        self.isLogarithmic = isLogarithmic
        self.flattensTail = flattensTail
    }
}
