import Networks
import Tensors

/// A reduction of `before(x)`, and `after` of the result: the norms and logarithms of sums are put together of these.
func buildReduction(_ kind: Reduction.Kind, before: Activation? = nil, after: Activation? = nil) -> OperatorBuilder {
    { (node, builder) throws(ONNXError) in
        // The mean of integers is one.
        let isTruncated = kind == .mean && builder.element(node, 0) == .integer
        let after = isTruncated ? .rounding(.towardZero) : after
        var axes = try builder.integers(node, attribute: "axes", input: 1)
        var value = builder.input(node, 0)
        if let before { value = try builder.step(node, .activation(before), [value], named: "summand") }
        if axes?.isEmpty ?? true {
            axes = nil
            if try node.flag("noop_with_empty_axes") {
                return try builder.append(node, after.map { .activation($0) } ?? .identity, inputs: [value])
            }
        }
        let reduction = Operator.reduction(
            Reduction(kind: kind, axes: axes, keepsAxes: try node.flag("keepdims", otherwise: true)))
        guard let after else { return try builder.append(node, reduction, inputs: [value]) }
        let sum = try builder.step(node, reduction, [value], named: "sum")
        try builder.append(node, .activation(after), inputs: [sum])
    }
}

func buildSoftmax(isLogarithmic: Bool) -> OperatorBuilder {
    { (node, builder) throws(ONNXError) in
        let flattensTail = node.opset < 13
        let axis = try node.integer("axis") ?? (flattensTail ? 1 : -1)
        try builder.append(
            node, .softmax(Softmax(axis: axis, isLogarithmic: isLogarithmic, flattensTail: flattensTail)))
    }
}
