import Networks
import Tensors

// Short words for operators that are put together of others.

extension GraphBuilder {
    mutating func sum(_ node: NodeReader, _ a: ValueID?, _ b: ValueID?, _ name: String) throws(ONNXError) -> ValueID {
        try step(node, .arithmetic(.add), [a, b], named: name)
    }

    mutating func product(
        _ node: NodeReader, _ a: ValueID?, _ b: ValueID?, _ name: String
    ) throws(ONNXError) -> ValueID {
        try step(node, .arithmetic(.multiply), [a, b], named: name)
    }

    /// factor·x + summand; x itself where that is the same.
    mutating func scaled(
        _ node: NodeReader, _ x: ValueID?, by factor: Float, plus summand: Float = 0, _ name: String
    ) throws(ONNXError) -> ValueID? {
        if factor == 1, summand == 0 { return x }
        return try step(node, .activation(.linear(factor: factor, summand: summand)), [x], named: name)
    }

    mutating func reshape(
        _ node: NodeReader, _ x: ValueID?, _ extents: [Int], _ name: String
    ) throws(ONNXError) -> ValueID {
        let shape = try derive(node, "\(name).shape", extents)
        return try step(node, .reshape, [x, shape], named: name)
    }

    /// The extents of the axes `first..<end` of `x`, as integers.
    mutating func extents(
        _ node: NodeReader, _ x: ValueID?, _ first: Int, _ end: Int?, _ name: String
    ) throws(ONNXError) -> ValueID {
        try step(node, .shapeArithmetic(.extents(first: first, end: end)), [x], named: name)
    }

    /// The sequence 0, 1, … up to the extent of axis `axis` of `x`.
    mutating func positions(
        _ node: NodeReader, axis: Int, of x: ValueID?, _ name: String
    ) throws(ONNXError) -> ValueID {
        let extent = try extents(node, x, axis, axis + 1 == 0 ? nil : axis + 1, "\(name).extent")
        let count = try step(node, .squeeze(axes: [0]), [extent], named: "\(name).count")
        let zero = try derive(node, "\(name).zero", .integers(shape: .scalar, values: [0]))
        let one = try derive(node, "\(name).one", .integers(shape: .scalar, values: [1]))
        return try step(node, .shapeArithmetic(.range), [zero, count, one], named: name)
    }

    /// x·1/√(mean of x² over `axes` + ε).
    mutating func divided(
        _ node: NodeReader, byRootMeanSquareOf x: ValueID?, axes: [Int], epsilon: Float
    ) throws(ONNXError) -> ValueID {
        let squares = try step(node, .activation(.power(exponent: 2)), [x], named: "squares")
        let mean = try step(
            node, .reduction(Reduction(kind: .mean, axes: axes, keepsAxes: true)), [squares], named: "mean")
        let raised = try scaled(node, mean, by: 1, plus: epsilon, "raised")
        let root = try step(node, .activation(.squareRoot), [raised], named: "root")
        return try step(node, .arithmetic(.divide), [x, root], named: "normalized")
    }
}

extension Constant {
    /// The values, integers widened.
    var numbers: [Float] {
        switch self {
        case .floats(let tensor): tensor.values
        case .integers(_, let values): values.map { Float($0) }
        }
    }
}
