import Networks
import Tensors

// What ONNX Runtime's quantizer writes beside convolutions and products: each operator reads integers, computes with the
// numbers that they stand for, and makes integers again.

/// Inputs a with scale and zero, b with scale and zero, scale and zero of the result.
func buildQuantizedArithmetic(_ kind: Arithmetic) -> OperatorBuilder {
    { (node, builder) throws(ONNXError) in
        let a = try builder.dequantized(node, 0, "a")
        let b = try builder.dequantized(node, 3, "b")
        let result = try builder.step(node, .arithmetic(kind), [a, b], named: "result")
        try builder.requantize(node, result, scale: 6)
    }
}

func buildQuantizedSigmoid(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let x = try builder.dequantized(node, 0, "x")
    try builder.requantize(node, try builder.step(node, .activation(.sigmoid), [x], named: "result"), scale: 3)
}

func buildQuantizedLeakyRelu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let x = try builder.dequantized(node, 0, "x")
    let slope = node.float("alpha") ?? 0.01
    try builder.requantize(
        node, try builder.step(node, .activation(.leakyRelu(slope: slope)), [x], named: "result"), scale: 3)
}

/// Inputs x, its scale and zero, scale and zero of the result.
func buildQuantizedSoftmax(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let x = try builder.dequantized(node, 0, "x")
    let flattensTail = try node.integer("opset") ?? 13 < 13
    let softmax = Softmax(
        axis: try node.integer("axis") ?? (flattensTail ? 1 : -1), isLogarithmic: false, flattensTail: flattensTail)
    try builder.requantize(node, try builder.step(node, .softmax(softmax), [x], named: "result"), scale: 3)
}

/// The mean of integers is a sum brought to another scale.
func buildQuantizedGlobalAveragePool(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard try !node.flag("channels_last") else { throw node.unsupported("channels_last = 1") }
    let x = try builder.dequantized(node, 0, "x")
    try builder.requantize(
        node, try builder.step(node, .globalPooling(.average), [x], named: "result"), scale: 3)
}

func buildQuantizedAveragePool(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard try !node.flag("channels_last") else { throw node.unsupported("channels_last = 1") }
    let x = try builder.dequantized(node, 0, "x")
    let result = try builder.step(node, try node.averagePooling(), [x], named: "result")
    try builder.requantize(node, result, scale: 3)
}

/// Inputs scale and zero of the result, then of each part the integers, their scale and zero.
func buildQuantizedConcat(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let axis = try node.integer("axis"), (node.inputNames.count - 2).isMultiple(of: 3) else {
        throw node.invalid("axis is missing, or its inputs are not three a part")
    }
    var parts: [ValueID?] = []
    for position in stride(from: 2, to: node.inputNames.count, by: 3) {
        parts.append(try builder.dequantized(node, position, "part\(parts.count)"))
    }
    let whole = try builder.step(node, .concatenation(axis: axis), parts, named: "result")
    try builder.requantize(node, whole, scale: 0)
}

extension GraphBuilder {
    /// The numbers that the integers at `position` stand for, whose scale and zero follow them.
    fileprivate mutating func dequantized(
        _ node: NodeReader, _ position: Int, _ name: String
    ) throws(ONNXError) -> ValueID {
        try step(
            node, .quantization(.dequantize(Quantization.Grouping(axis: 1))),
            [try numbers(node, position), input(node, position + 1), input(node, position + 2)],
            named: "\(name).numbers")
    }

    /// An input, whose integers, where they are stored, become numbers.
    private mutating func numbers(_ node: NodeReader, _ position: Int) throws(ONNXError) -> ValueID? {
        guard let constant = constant(node, position), constant.integers != nil else { return input(node, position) }
        return try derived(node, "stored", constant.numbers, constant.shape.dimensions)
    }

    /// The integers that stand for `value`; scale and zero are at `scale` and behind it.
    fileprivate mutating func requantize(
        _ node: NodeReader, _ value: ValueID, scale: Int
    ) throws(ONNXError) {
        try append(
            node, .quantization(.quantize(try integerRange(node, scale + 1), Quantization.Grouping(axis: 1))),
            inputs: [value, input(node, scale), input(node, scale + 1)])
    }
}
