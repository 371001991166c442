import Networks
import Tensors

// What operators were up to opset 6: second operands that lie at a named axis, attributes that became inputs, and
// operators that were experiments then.

extension GraphBuilder {
    /// Two operands for NumPy's broadcasting. Up to opset 6 the second one's axes lie from `axis` on in the first one's,
    /// which is the last of them where nothing is said; then it gets axes of extent 1 behind them.
    mutating func operands(_ node: NodeReader) throws(ONNXError) -> [ValueID?] {
        let (a, b) = (input(node, 0), input(node, 1))
        guard node.opset < 7, try node.flag("broadcast"), let axis = try node.integer("axis") else { return [a, b] }
        return [a, try aligned(node, b, with: a, at: axis)]
    }

    /// `b` with axes of extent 1 behind its own, so that these lie at `axis` of `a`.
    mutating func aligned(
        _ node: NodeReader, _ b: ValueID?, with a: ValueID?, at axis: Int
    ) throws(ONNXError) -> ValueID? {
        guard let b, let rank = rank(of: b) else {
            throw node.unsupported("axis = \(axis) and a second operand whose number of axes is not known")
        }
        let end = axis + rank
        if axis < 0, end >= 0 { return b }
        let behind = try extents(node, a, end, nil, "behind")
        let one = try derive(node, "one", integer: 1)
        let ones = try step(node, .arithmetic(.minimum), [behind, one], named: "ones")
        let own = try extents(node, b, 0, nil, "own")
        let shape = try step(node, .concatenation(axis: 0), [own, ones], named: "shape")
        return try step(node, .reshape, [b, shape], named: "aligned")
    }

    /// A constant [C,1,1] of an attribute's numbers, one a channel.
    fileprivate mutating func channels(
        _ node: NodeReader, _ name: String, _ values: [Float]
    ) throws(ONNXError) -> ValueID {
        guard let shape = try? Shape([values.count, 1, 1]), let tensor = try? Tensor(shape: shape, values: values)
        else {
            throw node.invalid("\(name) of \(values.count) numbers")
        }
        return try derive(node, name, .floats(tensor))
    }
}

/// Up to opset 6 a slope of one axis is one a channel; later it is broadcast as NumPy does.
func buildParametricRelu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let (x, slope) = (builder.input(node, 0), builder.input(node, 1))
    guard node.opset < 7, let shape = builder.constant(node, 1)?.shape, shape.rank == 1, shape.count > 1 else {
        return try builder.append(node, .arithmetic(.parametricRelu), inputs: [x, slope])
    }
    let aligned = try builder.aligned(node, slope, with: x, at: 1)
    try builder.append(node, .arithmetic(.parametricRelu), inputs: [x, aligned])
}

/// Opset 1 repeats along one axis: inputs x, how often, the axis. Later: x and how often along each axis.
func buildTile(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard node.opset < 6 else { return try builder.append(node, .tiling) }
    guard let count = builder.constant(node, 1)?.scalar, let axis = builder.constant(node, 2)?.scalar,
        (1...Float(OperatorTable.many)).contains(count), axis.magnitude < 32
    else { throw node.unsupported("a number of repetitions or an axis that is computed, or is none") }
    let copies = Array(repeating: builder.input(node, 0), count: Int(count))
    try builder.append(node, .concatenation(axis: Int(axis)), inputs: copies)
}

// MARK: Experiments of opset 1, which early converters wrote

/// scale·x + a bias for each channel.
func buildImageScaler(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let bias = try builder.channels(node, "bias", node.floats("bias") ?? [0])
    let scaled = try builder.scaled(node, builder.input(node, 0), by: node.float("scale") ?? 1, "scaled")
    try builder.append(node, .arithmetic(.add), inputs: [scaled, bias])
}

/// alpha·x + beta, or scale·x.
func buildAffine(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let factor = node.float("alpha") ?? node.float("scale") ?? 1
    try builder.append(node, .activation(.linear(factor: factor, summand: node.float("beta") ?? 0)))
}

/// alpha·f(beta·x).
func buildScaledFunction(_ function: Activation) -> OperatorBuilder {
    { (node, builder) throws(ONNXError) in
        let inner = try builder.scaled(node, builder.input(node, 0), by: node.float("beta") ?? 1, "inner")
        let value = try builder.step(node, .activation(function), [inner], named: "value")
        try builder.append(
            node, .activation(.linear(factor: node.float("alpha") ?? 1, summand: 0)), inputs: [value])
    }
}

/// Planes without `border` = [left, top, right, bottom], or `scale` = [rows, columns] from its corner on.
func buildCrop(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let border = try node.integers("border"), border.count == 4, border.allSatisfy({ $0 >= 0 }) else {
        throw node.invalid("border must be four numbers")
    }
    let start = [border[1], border[0]]
    var end = [-border[3], -border[2]].map { $0 == 0 ? 1 << 31 : $0 }
    if let size = try node.integers("scale") {
        guard size.count == 2 else { throw node.invalid("scale must be two numbers") }
        end = [start[0] + size[0], start[1] + size[1]]
    }
    let first = try builder.derive(node, "first", start)
    let last = try builder.derive(node, "last", end)
    try builder.append(node, .slice(axes: [2, 3]), inputs: [builder.input(node, 0), first, last])
}

/// Normalization of each place by itself (`spatial` = 0, up to opset 8): all parameters have x's axes but the first.
func buildBatchNormalizationByPlace(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let raised = try builder.scaled(
        node, builder.input(node, 4), by: 1, plus: node.float("epsilon") ?? 1e-5, "raised")
    let deviation = try builder.step(node, .activation(.squareRoot), [raised], named: "deviation")
    let factor = try builder.step(node, .arithmetic(.divide), [builder.input(node, 1), deviation], named: "factor")
    let centered = try builder.step(
        node, .arithmetic(.subtract), [builder.input(node, 0), builder.input(node, 3)], named: "centered")
    let scaled = try builder.product(node, centered, factor, "product")
    try builder.append(node, .arithmetic(.add), inputs: [scaled, builder.input(node, 2)])
}
