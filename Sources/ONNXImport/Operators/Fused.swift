import Networks
import Tensors

// Operators that ONNX Runtime's optimizer puts together of others (domain com.microsoft), taken apart again.

/// gelu(a + b).
func buildBiasGelu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let sum = try builder.sum(node, builder.input(node, 0), builder.input(node, 1), "sum")
    try builder.append(node, .activation(.gelu(isApproximate: false)), inputs: [sum])
}

/// The approximation of gelu(x + bias) by the hyperbolic tangent.
func buildFastGelu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    var x = builder.input(node, 0)
    if let bias = builder.input(node, 1) { x = try builder.sum(node, x, bias, "sum") }
    try builder.append(node, .activation(.gelu(isApproximate: true)), inputs: [x])
}

/// x·sigmoid(α·x).
func buildQuickGelu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let x = builder.input(node, 0)
    let scaled = try builder.scaled(node, x, by: node.float("alpha") ?? 1.702, "scaled")
    let gate = try builder.step(node, .activation(.sigmoid), [scaled], named: "gate")
    try builder.append(node, .arithmetic(.multiply), inputs: [x, gate])
}

/// α·A·B, either of them transposed in its last two axes.
func buildFusedMatMul(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    for attribute in ["transBatchA", "transBatchB"] where try node.flag(attribute) {
        throw node.unsupported("\(attribute) = 1")
    }
    var factors = [builder.input(node, 0), builder.input(node, 1)]
    for (position, attribute) in ["transA", "transB"].enumerated() where try node.flag(attribute) {
        guard let value = factors[position], let rank = builder.rank(of: value), rank >= 2 else {
            throw node.unsupported("\(attribute) = 1 and a number of axes that is not known")
        }
        let order = Array(0..<rank - 2) + [rank - 1, rank - 2]
        factors[position] = try builder.step(
            node, .transpose(order: order), [value], named: position == 0 ? "a" : "b")
    }
    let alpha = node.float("alpha") ?? 1
    guard alpha != 1 else { return try builder.append(node, .matrixProduct, inputs: factors) }
    let product = try builder.step(node, .matrixProduct, factors, named: "product")
    try builder.append(node, .activation(.linear(factor: alpha, summand: 0)), inputs: [product])
}

/// Gemm with an activation behind it.
func buildFusedGemm(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let name = node.string("activation") else { return try buildGemm(node, &builder) }
    let activation = try node.fusedActivation(
        name, parameters: ["activation_alpha", "activation_beta"].compactMap { node.float($0) })
    let sum = builder.inlining.names.fresh("\(node.outputNames.first ?? node.name).sum")
    try buildGemm(node.making(sum), &builder)
    try builder.append(node, .activation(activation), inputs: [builder.value(named: sum)])
}

/// Convolution, then a sum with another tensor, then an activation. Inputs x, weights, bias?, summand?.
func buildFusedConv(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let result = builder.inlining.names.fresh("\(node.outputNames.first ?? node.name).convolution")
    try buildConv(node.making(result, inputs: 3), &builder)
    var value = builder.value(named: result)
    if let summand = builder.input(node, 3) { value = try builder.sum(node, value, summand, "sum") }
    guard let name = node.string("activation"), !name.isEmpty else {
        return try builder.append(node, .identity, inputs: [value])
    }
    let activation = try node.fusedActivation(name, parameters: node.floats("activation_params") ?? [])
    try builder.append(node, .activation(activation), inputs: [value])
}

extension NodeReader {
    fileprivate func fusedActivation(_ name: String, parameters: [Float]) throws(ONNXError) -> Activation {
        func parameter(_ position: Int, _ otherwise: Float) -> Float {
            parameters.indices.contains(position) ? parameters[position] : otherwise
        }
        switch name {
        case "Relu": return .relu
        case "Sigmoid": return .sigmoid
        case "Tanh": return .tanh
        case "LeakyRelu": return .leakyRelu(slope: parameter(0, 0.01))
        case "Clip": return .clip(lowest: parameter(0, -.infinity), highest: parameter(1, .infinity))
        case "HardSigmoid": return .hardSigmoid(alpha: parameter(0, 0.2), beta: parameter(1, 0.5))
        default: throw unsupported("activation \(name)")
        }
    }
}

// MARK: Normalizations

/// x/√(mean of x² + ε)·scale over the axes from `axis` on (Zhang and Sennrich 2019).
func buildRMSNormalization(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let x = builder.input(node, 0)
    let axis = try node.integer("axis") ?? -1
    let normalized = try builder.divided(
        node, byRootMeanSquareOf: x, axes: try builder.axes(from: axis, of: x, node),
        epsilon: node.float("epsilon") ?? 1e-5)
    try builder.append(node, .arithmetic(.multiply), inputs: [normalized, builder.input(node, 1)])
}

/// Layer normalization of x + skip (+ bias). Inputs x, skip, scale, shift?, bias?; the fourth output is the sum.
func buildSkipLayerNormalization(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let sum = try builder.skipSum(node, bias: 4)
    let normalization = Normalization(kind: .layer(axis: -1), epsilon: node.float("epsilon") ?? 1e-12)
    try builder.append(
        node, .normalization(normalization), inputs: [sum, builder.input(node, 2), builder.input(node, 3)])
    try builder.giveSum(node, sum)
}

/// The same with the root of the mean square. Inputs x, skip, scale, bias?.
func buildSkipSimplifiedLayerNormalization(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let sum = try builder.skipSum(node, bias: 3)
    let normalized = try builder.divided(
        node, byRootMeanSquareOf: sum, axes: [-1], epsilon: node.float("epsilon") ?? 1e-12)
    try builder.append(node, .arithmetic(.multiply), inputs: [normalized, builder.input(node, 2)])
    try builder.giveSum(node, sum)
}

extension GraphBuilder {
    fileprivate mutating func skipSum(_ node: NodeReader, bias position: Int) throws(ONNXError) -> ValueID {
        var total = try sum(node, input(node, 0), input(node, 1), "skipped")
        if let bias = input(node, position) { total = try sum(node, total, bias, "biased") }
        return total
    }

    fileprivate mutating func giveSum(_ node: NodeReader, _ sum: ValueID) throws(ONNXError) {
        guard node.outputNames.count > 3, !node.outputNames[3].isEmpty else { return }
        try append(node, .identity, inputs: [sum], outputs: [3])
    }

    /// The axes from `axis` on, without their number where it need not be known.
    fileprivate func axes(from axis: Int, of x: ValueID?, _ node: NodeReader) throws(ONNXError) -> [Int] {
        if axis < 0, axis >= -64 { return Array(axis..<0) }
        guard let rank = x.flatMap({ rank(of: $0) }), (0..<rank).contains(axis) else {
            throw node.invalid("axis \(axis) is outside, or the number of axes is not known")
        }
        return Array(axis..<rank)
    }
}
