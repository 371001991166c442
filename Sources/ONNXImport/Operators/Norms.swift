import Networks
import Tensors

/// (x − mean)/(standard deviation + 10⁻⁹).
func buildMeanVarianceNormalization(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard node.opset >= 9 else { throw node.unsupported("the axes of the experiment that it was up to opset 8") }
    let axes = try node.integers("axes") ?? [0, 2, 3]
    let mean = Operator.reduction(Reduction(kind: .mean, axes: axes, keepsAxes: true))
    let x = builder.input(node, 0)
    let center = try builder.step(node, mean, [x], named: "mean")
    let centered = try builder.step(node, .arithmetic(.subtract), [x, center], named: "centered")
    let squares = try builder.step(node, .activation(.power(exponent: 2)), [centered], named: "squares")
    let variance = try builder.step(node, mean, [squares], named: "variance")
    let deviation = try builder.step(node, .activation(.squareRoot), [variance], named: "deviation")
    let divisor = try builder.step(
        node, .activation(.linear(factor: 1, summand: 1e-9)), [deviation], named: "divisor")
    try builder.append(node, .arithmetic(.divide), inputs: [centered, divisor])
}

/// x by its norm along an axis; zeros stay zeros.
func buildLpNormalization(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let axes = [try node.integer("axis") ?? -1]
    let x = builder.input(node, 0)
    let norm: ValueID
    switch try node.integer("p") ?? 2 {
    case 1:
        let absolute = try builder.step(node, .activation(.absolute), [x], named: "absolute")
        norm = try builder.step(
            node, .reduction(Reduction(kind: .sum, axes: axes, keepsAxes: true)), [absolute], named: "norm")
    case 2:
        norm = try builder.step(
            node, .reduction(Reduction(kind: .norm, axes: axes, keepsAxes: true)), [x], named: "norm")
    case let other: throw node.unsupported("p = \(other)")
    }
    let divisor = try builder.nonZero(node, norm, otherwise: 1).value
    try builder.append(node, .arithmetic(.divide), inputs: [x, divisor])
}

/// (Σ|x|ᵖ)^(1/p) over windows.
func buildLpPool(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let window = try node.poolingWindow()
    // The mean of a window that is rounded up is over fewer values.
    guard !window.roundsUp else { throw node.unsupported("ceil_mode = 1") }
    let exponent = try node.exponent()
    let powers = try builder.powers(node, exponent)
    let mean = try builder.step(
        node, .pooling(Pooling(kind: .averageIncludingPadding, window: window)), [powers], named: "mean")
    let count = Float(window.kernel.reduce(1, *))
    let sum = try builder.step(node, .activation(.linear(factor: count, summand: 0)), [mean], named: "sum")
    try builder.appendRoot(node, sum, exponent)
}

/// (Σ|x|ᵖ)^(1/p) over planes.
func buildGlobalLpPool(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let exponent = try node.exponent()
    let powers = try builder.powers(node, exponent)
    let mean = try builder.step(node, .globalPooling(.average), [powers], named: "mean")
    let size = try builder.step(node, .shapeArithmetic(.count), [powers], named: "size")
    let leading = try builder.step(
        node, .shapeArithmetic(.extents(first: 0, end: 2)), [powers], named: "leading")
    let planes = try builder.step(
        node, .reduction(Reduction(kind: .product, axes: [0], keepsAxes: false)), [leading], named: "planes")
    let count = try builder.step(node, .arithmetic(.truncatedQuotient), [size, planes], named: "count")
    let factor = try builder.step(node, .shapeArithmetic(.cast(.float)), [count], named: "factor")
    let sum = try builder.step(node, .arithmetic(.multiply), [mean, factor], named: "sum")
    try builder.appendRoot(node, sum, exponent)
}

extension NodeReader {
    /// p: an integer, and in opset 1 a number.
    fileprivate func exponent() throws(ONNXError) -> Float {
        opset < 2 ? float("p") ?? 2 : Float(try integer("p") ?? 2)
    }
}

extension GraphBuilder {
    /// |x|ᵖ.
    fileprivate mutating func powers(_ node: NodeReader, _ exponent: Float) throws(ONNXError) -> ValueID {
        let absolute = try step(node, .activation(.absolute), [input(node, 0)], named: "absolute")
        return try step(node, .activation(.power(exponent: exponent)), [absolute], named: "powers")
    }

    /// sum^(1/p), and 0 with a derivative of 0 where the sum is.
    fileprivate mutating func appendRoot(
        _ node: NodeReader, _ sum: ValueID, _ exponent: Float
    ) throws(ONNXError) {
        let (safe, isZero) = try nonZero(node, sum, otherwise: 1)
        let root = try step(
            node, .activation(exponent == 2 ? .squareRoot : .power(exponent: 1 / exponent)), [safe], named: "root")
        let nothing = try derive(node, "nothing", 0 as Float)
        try append(node, .shapeArithmetic(.selection), inputs: [isZero, nothing, root])
    }

    /// The value, or `otherwise` where it is 0, and whether it is.
    fileprivate mutating func nonZero(
        _ node: NodeReader, _ value: ValueID, otherwise: Float
    ) throws(ONNXError) -> (value: ValueID, isZero: ValueID) {
        let zero = try derive(node, "zero", 0 as Float)
        let replacement = try derive(node, "replacement", otherwise)
        let isZero = try step(node, .shapeArithmetic(.comparison(.equal)), [value, zero], named: "isZero")
        let safe = try step(node, .shapeArithmetic(.selection), [isZero, replacement, value], named: "safe")
        return (safe, isZero)
    }
}

/// Crops or pads each axis around its middle to an extent.
func buildCenterCropPad(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let x = builder.input(node, 0)
    let axes = try node.integers("axes")
    var extents = try builder.step(
        node, .shapeArithmetic(.extents(first: 0, end: nil)), [x], named: "extents")
    if let axes {
        let places = try builder.derive(node, "axes", axes)
        extents = try builder.step(node, .gather(axis: 0), [extents, places], named: "chosen")
    }
    let missing = try builder.step(
        node, .arithmetic(.subtract), [builder.input(node, 1), extents], named: "missing")
    let two = try builder.derive(node, "two", integer: 2)
    let begin = try builder.step(node, .arithmetic(.truncatedQuotient), [missing, two], named: "begin")
    let end = try builder.step(node, .arithmetic(.subtract), [missing, begin], named: "end")
    let pads = try builder.step(node, .concatenation(axis: 0), [begin, end], named: "pads")
    try builder.append(node, .padding(Padding(mode: .constant, axes: axes)), inputs: [x, pads])
}
