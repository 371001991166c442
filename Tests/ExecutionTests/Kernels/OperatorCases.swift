import Networks
import Tensors
import Testing

/// One operator at work on small tensors, for checks of its derivative.
struct OperatorCase: Sendable, CustomTestStringConvertible {
    let name: String
    let operation: Operator
    /// Shapes of the inputs that are differentiated; their values are all different and away from kinks.
    let inputs: [[Int]]
    /// What stands behind them.
    let constants: [Constant?]
    /// The node's inputs as positions in inputs and constants, where they are not in that order.
    let order: [Int]?
    /// Where the function is defined: values are spread over this range.
    let range: ClosedRange<Float>
    /// Of the difference to finite differences, relative to the derivative's largest magnitude. Central differences in
    /// single precision with this step are good to about a thousandth; steep functions to less.
    let tolerance: Float

    var testDescription: String { name }

    init(
        _ name: String, _ operation: Operator, _ inputs: [[Int]], constants: [Constant?] = [],
        order: [Int]? = nil, range: ClosedRange<Float> = -2...2.03, tolerance: Float = 3e-3
    ) {
        self.name = name
        self.operation = operation
        self.inputs = inputs
        self.constants = constants
        self.order = order
        self.range = range
        self.tolerance = tolerance
    }

    static func activation(_ activation: Activation, range: ClosedRange<Float> = -2...2.03) -> OperatorCase {
        OperatorCase("\(activation)", .activation(activation), [[1, 3, 4, 5]], range: range)
    }

    static func arithmetic(_ kind: Arithmetic, _ a: [Int], _ b: [Int], range: ClosedRange<Float> = -2...2.03)
        -> OperatorCase
    {
        OperatorCase("\(kind) \(a) \(b)", .arithmetic(kind), [a, b], range: range)
    }

    static func integers(_ values: [Int]) -> Constant? {
        (try? Shape([values.count])).map { .integers(shape: $0, values: values) }
    }

    /// Numbers between −1 and 1 that look like noise.
    static func weights(_ extents: [Int]) -> Constant? {
        guard let shape = try? Shape(extents) else { return nil }
        return .floats(
            Tensor(shape: shape) { values in
                for index in values.indices { values[index] = Float((index * 7919 + 13) % 200 - 100) / 100 }
            })
    }

    static func window(
        _ kernel: [Int], stride: [Int]? = nil, dilation: [Int]? = nil, begin: [Int]? = nil, end: [Int]? = nil,
        roundsUp: Bool = false
    ) -> Window {
        let ones = kernel.map { _ in 1 }
        let zeros = kernel.map { _ in 0 }
        return Window(
            kernel: kernel, stride: stride ?? ones, dilation: dilation ?? ones,
            padding: .explicit(begin: begin ?? zeros, end: end ?? begin ?? zeros), roundsUp: roundsUp)
    }

    static let all =
        activations + choices + arithmetics + windows + normalizations + matrices + rearrangements + reductions
        + indexings + orderings + einsums + recurrences + samplings + quantizations

    static let activations: [OperatorCase] = [
        .activation(.relu), .activation(.leakyRelu(slope: 0.1)), .activation(.elu(alpha: 0.7)), .activation(.sigmoid),
        .activation(.hardSigmoid(alpha: 0.3, beta: 0.457)), .activation(.hardSwish, range: -5...5),
        .activation(.silu), .activation(.tanh), .activation(.softplus), .activation(.softsign), .activation(.mish),
        .activation(.gelu(isApproximate: false)), .activation(.gelu(isApproximate: true)),
        .activation(.clip(lowest: -0.515, highest: 0.615)), .activation(.linear(factor: -1.5, summand: 0.25)),
        .activation(.erf), .activation(.exponential), .activation(.logarithm, range: 0.5...3),
        .activation(.squareRoot, range: 0.5...3), .activation(.absolute), .activation(.reciprocal, range: 0.5...3),
        .activation(.power(exponent: 2)), .activation(.power(exponent: 3)),
        .activation(.power(exponent: 1.7), range: 0.5...3),
        .activation(.thresholdedRelu(threshold: 0.615)), .activation(.shrink(threshold: 0.615, bias: 0.25)),
        .activation(.trigonometric(.sine)), .activation(.trigonometric(.cosine)),
        .activation(.trigonometric(.tangent), range: -1...1), .activation(.trigonometric(.arcsine), range: -0.8...0.8),
        .activation(.trigonometric(.arccosine), range: -0.8...0.8), .activation(.trigonometric(.arctangent)),
        .activation(.trigonometric(.hyperbolicSine)), .activation(.trigonometric(.hyperbolicCosine)),
        .activation(.trigonometric(.inverseHyperbolicSine)),
        .activation(.trigonometric(.inverseHyperbolicCosine), range: 1.5...3),
        .activation(.trigonometric(.inverseHyperbolicTangent), range: -0.8...0.8),
    ]

    /// Flags that choose values.
    static let choices: [OperatorCase] = [
        OperatorCase(
            "choice", .shapeArithmetic(.selection), [[2, 3, 4], [2, 3, 4]],
            constants: [flags([2, 3, 4])], order: [2, 0, 1]),
        OperatorCase(
            "choice among what is broadcast", .shapeArithmetic(.selection), [[2, 1, 4], [3, 1]],
            constants: [flags([2, 3, 4])], order: [2, 0, 1]),
        OperatorCase(
            "choice by row", .shapeArithmetic(.selection), [[2, 3, 4], []], constants: [flags([3, 1])],
            order: [2, 0, 1]),
    ]

    private static func flags(_ extents: [Int]) -> Constant? {
        (try? Shape(extents)).map { .integers(shape: $0, values: (0..<$0.count).map { $0 * 7 % 5 % 2 }) }
    }

    static let arithmetics: [OperatorCase] = {
        var cases: [OperatorCase] = []
        for kind in [Arithmetic.add, .subtract, .multiply, .maximum, .minimum] {
            cases.append(.arithmetic(kind, [2, 3, 4], [2, 3, 4]))
            cases.append(.arithmetic(kind, [1, 3, 4, 5], [3, 1, 1]))
            cases.append(.arithmetic(kind, [3, 1], [2, 3, 4]))
            cases.append(.arithmetic(kind, [2, 3, 1, 1], [2, 1, 4, 5]))
            cases.append(.arithmetic(kind, [4], [1]))
            cases.append(.arithmetic(kind, [2, 3, 4, 5], [2, 3, 1, 1]))
        }
        for kind in [Arithmetic.remainder, .truncatedRemainder] {
            cases.append(.arithmetic(kind, [2, 3, 4], [2, 3, 4], range: 0.5...2))
            cases.append(.arithmetic(kind, [3, 1], [2, 3, 4], range: 0.5...2))
        }
        for kind in [Arithmetic.divide, .power] {
            cases.append(.arithmetic(kind, [2, 3, 4], [2, 3, 4], range: 0.5...2))
            cases.append(.arithmetic(kind, [1, 3, 4, 5], [3, 1, 1], range: 0.5...2))
            cases.append(.arithmetic(kind, [3, 1], [2, 3, 4], range: 0.5...2))
        }
        cases.append(.arithmetic(.parametricRelu, [1, 3, 4, 5], [3, 1, 1]))
        cases.append(.arithmetic(.parametricRelu, [2, 3, 4], [1]))
        return cases
    }()

    static let windows: [OperatorCase] = [
        OperatorCase(
            "convolution",
            .convolution(Convolution(window: window([3, 3], stride: [2, 1], begin: [1, 0]), groups: 1)),
            [[1, 3, 6, 5]], constants: [weights([4, 3, 3, 3]), weights([4])]),
        OperatorCase(
            "convolution in groups, dilated",
            .convolution(Convolution(window: window([3, 2], dilation: [2, 1], begin: [1, 1]), groups: 2)),
            [[2, 4, 6, 5]], constants: [weights([6, 2, 3, 2])]),
        OperatorCase(
            "convolution of one axis",
            .convolution(Convolution(window: window([5], stride: [2], begin: [2]), groups: 1)),
            [[2, 3, 11]], constants: [weights([4, 3, 5])]),
        OperatorCase(
            "transposed convolution",
            .transposedConvolution(
                TransposedConvolution(
                    window: window([3, 3], stride: [2, 2], begin: [1, 0], end: [1, 1]), groups: 1,
                    outputPadding: [1, 0], outputExtents: nil)),
            [[1, 3, 4, 3]], constants: [weights([3, 4, 3, 3]), weights([4])]),
        OperatorCase(
            "transposed convolution in groups, to given extents",
            .transposedConvolution(
                TransposedConvolution(
                    window: window([3, 3], stride: [2, 2]), groups: 2, outputPadding: [0, 0], outputExtents: [8, 6])),
            [[1, 4, 4, 3]], constants: [weights([4, 3, 3, 3])]),
        OperatorCase(
            "max pooling", .pooling(Pooling(kind: .maximum, window: window([3, 2], stride: [2, 2], begin: [1, 0]))),
            [[1, 2, 7, 6]]),
        OperatorCase(
            "average pooling with padding, rounded up",
            .pooling(
                Pooling(
                    kind: .averageIncludingPadding,
                    window: window([3, 3], stride: [2, 2], begin: [1, 1], roundsUp: true))), [[1, 2, 6, 7]]),
        OperatorCase(
            "average pooling without padding",
            .pooling(Pooling(kind: .averageExcludingPadding, window: window([3, 3], stride: [2, 1], begin: [1, 1]))),
            [[1, 2, 6, 5]]),
        OperatorCase("global average pooling", .globalPooling(.average), [[2, 3, 4, 5]]),
        OperatorCase("global max pooling", .globalPooling(.maximum), [[2, 3, 4, 5]]),
    ]

    static let normalizations: [OperatorCase] = [
        OperatorCase(
            "batch normalization", .batchNormalization(epsilon: 0.01), [[2, 3, 4]],
            constants: [weights([3]), weights([3]), weights([3]), .floats(Tensor(shape: shape3, repeating: 0.7))]),
        OperatorCase(
            "instance normalization", .normalization(Normalization(kind: .instance, epsilon: 0.01)), [[2, 3, 4, 5]],
            constants: [weights([3]), weights([3])]),
        OperatorCase(
            "group normalization", .normalization(Normalization(kind: .group(count: 2), epsilon: 0.01)),
            [[2, 4, 3, 4]],
            constants: [weights([4]), weights([4])]),
        OperatorCase(
            "layer normalization", .normalization(Normalization(kind: .layer(axis: -2), epsilon: 0.01)), [[3, 4, 5]],
            constants: [weights([4, 5]), weights([5])]),
        OperatorCase(
            "local response normalization",
            .localResponseNormalization(LocalResponseNormalization(size: 4, alpha: 0.8, beta: 0.75, bias: 1.2)),
            [[2, 6, 2, 3]]),
        OperatorCase(
            "softmax over channels", .softmax(Softmax(axis: 1, isLogarithmic: false, flattensTail: false)),
            [[2, 4, 3, 2]]),
        OperatorCase(
            "log softmax", .softmax(Softmax(axis: -1, isLogarithmic: true, flattensTail: false)), [[3, 7]]),
        OperatorCase(
            "softmax over the tail", .softmax(Softmax(axis: 1, isLogarithmic: false, flattensTail: true)),
            [[2, 3, 4]]),
    ]

    static let matrices: [OperatorCase] = [
        OperatorCase("fully connected", .fullyConnected, [[3, 5]], constants: [weights([4, 5]), weights([4])]),
        OperatorCase(
            "fully connected over the last axis", .fullyConnected, [[2, 3, 5]], constants: [weights([4, 5])]),
        OperatorCase("matrix product", .matrixProduct, [[3, 4], [4, 5]]),
        OperatorCase("matrix products in batches", .matrixProduct, [[2, 3, 4], [2, 4, 5]]),
        OperatorCase("matrix products, broadcast", .matrixProduct, [[2, 1, 3, 4], [3, 4, 2]]),
        OperatorCase("matrix and vector", .matrixProduct, [[2, 3, 4], [4]]),
        OperatorCase("vector and matrix", .matrixProduct, [[3], [3, 4]]),
    ]

    private static let shape3: Shape = (try? Shape([3])) ?? .scalar
}
