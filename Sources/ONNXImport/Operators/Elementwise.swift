import Networks
import Tensors

func buildActivation(_ activation: Activation) -> OperatorBuilder { buildPlain(.activation(activation)) }

func buildLeakyRelu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .activation(.leakyRelu(slope: node.float("alpha") ?? 0.01)))
}

func buildElu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .activation(.elu(alpha: node.float("alpha") ?? 1)))
}

/// γ·elu(x, α).
func buildSelu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let elu = try builder.step(
        node, .activation(.elu(alpha: node.float("alpha") ?? 1.673_263_2)), [builder.input(node, 0)], named: "elu")
    try builder.append(
        node, .activation(.linear(factor: node.float("gamma") ?? 1.050_701, summand: 0)), inputs: [elu])
}

/// α·elu(x/α).
func buildCelu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let alpha = node.float("alpha") ?? 1
    let divided = try builder.step(
        node, .activation(.linear(factor: 1 / alpha, summand: 0)), [builder.input(node, 0)], named: "divided")
    let elu = try builder.step(node, .activation(.elu(alpha: 1)), [divided], named: "elu")
    try builder.append(node, .activation(.linear(factor: alpha, summand: 0)), inputs: [elu])
}

func buildHardSigmoid(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(
        node, .activation(.hardSigmoid(alpha: node.float("alpha") ?? 0.2, beta: node.float("beta") ?? 0.5)))
}

func buildGelu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    switch node.string("approximate") ?? "none" {
    case "none": try builder.append(node, .activation(.gelu(isApproximate: false)))
    case "tanh": try builder.append(node, .activation(.gelu(isApproximate: true)))
    case let other: throw node.unsupported("approximate = \(other)")
    }
}

/// The bounds are attributes up to opset 10 and inputs from 11 on.
func buildClip(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    func bound(_ attribute: String, _ position: Int, _ otherwise: Float) -> Float? {
        if node.opset < 11 { return node.float(attribute) ?? otherwise }
        guard builder.input(node, position) != nil else { return otherwise }
        return builder.constant(node, position)?.scalar
    }
    guard let lowest = bound("min", 1, -.infinity), let highest = bound("max", 2, .infinity) else {
        // Bounds that other nodes compute.
        var value = builder.input(node, 0)
        if let lowest = builder.input(node, 1) {
            value = try builder.step(node, .arithmetic(.maximum), [value, lowest], named: "above")
        }
        if let highest = builder.input(node, 2) {
            value = try builder.step(node, .arithmetic(.minimum), [value, highest], named: "below")
        }
        return try builder.append(node, .identity, inputs: [value])
    }
    try builder.append(
        node, .activation(lowest == 0 && highest == .infinity ? .relu : .clip(lowest: lowest, highest: highest)),
        inputs: [builder.input(node, 0)])
}

/// A constant exponent makes it a function of one value.
func buildPow(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    // The power of an integer is one, whatever the exponent is.
    let isTruncated = builder.element(node, 0) == .integer && builder.element(node, 1) == .float
    guard builder.constant(node, 0) == nil, !isTruncated, let exponent = builder.constant(node, 1),
        exponent.shape.rank <= 1,
        let number = exponent.scalar
    else {
        let operands = try builder.powerOperands(node)
        guard isTruncated else { return try builder.append(node, .arithmetic(.power), inputs: operands) }
        let power = try builder.step(node, .arithmetic(.power), operands, named: "power")
        return try builder.append(node, .activation(.rounding(.towardZero)), inputs: [power])
    }
    let activation: Activation
    switch number {
    case 0.5: activation = .squareRoot
    case 1: activation = .linear(factor: 1, summand: 0)
    case -1: activation = .reciprocal
    default: activation = .power(exponent: number)
    }
    try builder.append(node, .activation(activation), inputs: [builder.input(node, 0)])
}

extension GraphBuilder {
    /// Base and exponent; exponents listed as integers become numbers, as the base's are.
    fileprivate mutating func powerOperands(_ node: NodeReader) throws(ONNXError) -> [ValueID?] {
        let operands = try operands(node)
        guard constant(node, 0)?.integers == nil, let exponent = constant(node, 1), let integers = exponent.integers
        else { return operands }
        guard let tensor = try? Tensor(shape: exponent.shape, values: integers.map { Float($0) }) else {
            throw node.invalid("an exponent of shape \(exponent.shape)")
        }
        return [operands[0], try derive(node, "exponent", .floats(tensor))]
    }
}

/// An operator of two operands that are broadcast against each other.
func buildPair(_ operation: Operator) -> OperatorBuilder {
    { (node, builder) throws(ONNXError) in
        try builder.append(node, operation, inputs: try builder.operands(node))
    }
}

/// Integers are divided without what is behind the point.
func buildDiv(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(
        node, .arithmetic(builder.element(node, 0) == .integer ? .truncatedQuotient : .divide),
        inputs: try builder.operands(node))
}

func buildThresholdedRelu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .activation(.thresholdedRelu(threshold: node.float("alpha") ?? 1)))
}

func buildShrink(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(
        node, .activation(.shrink(threshold: node.float("lambd") ?? 0.5, bias: node.float("bias") ?? 0)))
}

/// x·sigmoid(α·x).
func buildSwish(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let alpha = node.float("alpha") ?? 1
    guard alpha != 1 else { return try builder.append(node, .activation(.silu)) }
    let x = builder.input(node, 0)
    let scaled = try builder.step(node, .activation(.linear(factor: alpha, summand: 0)), [x], named: "scaled")
    let gate = try builder.step(node, .activation(.sigmoid), [scaled], named: "gate")
    try builder.append(node, .arithmetic(.multiply), inputs: [x, gate])
}

func buildMod(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .arithmetic(try node.flag("fmod") ? .truncatedRemainder : .remainder))
}

/// Any number of operands, taken two by two.
func buildVariadic(_ kind: Arithmetic) -> OperatorBuilder {
    { (node, builder) throws(ONNXError) in
        try builder.append(node, .identity, inputs: [try builder.folded(node, kind)])
    }
}

func buildMean(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let sum = try builder.folded(node, .add)
    try builder.append(
        node, .activation(.linear(factor: 1 / Float(node.inputNames.count), summand: 0)), inputs: [sum])
}

extension GraphBuilder {
    /// (x₀ ∘ x₁) ∘ x₂ …
    fileprivate mutating func folded(_ node: NodeReader, _ kind: Arithmetic) throws(ONNXError) -> ValueID? {
        var value = input(node, 0)
        for position in node.inputNames.indices.dropFirst() {
            guard let next = input(node, position) else { throw node.invalid("its input \(position) is missing") }
            value = try step(node, .arithmetic(kind), [value, next], named: "operand\(position)")
        }
        return value
    }
}

extension Constant {
    /// The value of a constant that has only one.
    var scalar: Float? {
        guard shape.count == 1 else { return nil }
        return tensor.map { $0[0] } ?? integers.map { Float($0[0]) }
    }
}
