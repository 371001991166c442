import Networks
import Tensors

func buildActivation(
    _ activation: Activation
) -> @Sendable (NodeReader, inout GraphBuilder) throws(ONNXError) -> Void {
    { (node, builder) throws(ONNXError) in try builder.append(node, .activation(activation)) }
}

func buildLeakyRelu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .activation(.leakyRelu(slope: node.float("alpha") ?? 0.01)))
}

func buildElu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .activation(.elu(alpha: node.float("alpha") ?? 1)))
}

/// The bounds are attributes up to opset 10 and inputs from 11 on.
func buildClip(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    func bound(_ attribute: String, _ position: Int, _ otherwise: Float) throws(ONNXError) -> Float {
        if node.opset < 11 { return node.float(attribute) ?? otherwise }
        guard builder.input(node, position) != nil else { return otherwise }
        guard let tensor = builder.constant(node, position)?.tensor, tensor.count == 1 else {
            throw node.unsupported("bounds that are computed by other nodes")
        }
        return tensor[0]
    }
    let lowest = try bound("min", 1, -.infinity)
    let highest = try bound("max", 2, .infinity)
    try builder.append(
        node, .activation(lowest == 0 && highest == .infinity ? .relu : .clip(lowest: lowest, highest: highest)),
        inputs: [builder.input(node, 0)])
}

func buildArithmetic(
    _ kind: Arithmetic
) -> @Sendable (NodeReader, inout GraphBuilder) throws(ONNXError) -> Void {
    { (node, builder) throws(ONNXError) in try builder.append(node, .arithmetic(kind)) }
}

func buildSoftmax(
    isLogarithmic: Bool
) -> @Sendable (NodeReader, inout GraphBuilder) throws(ONNXError) -> Void {
    { (node, builder) throws(ONNXError) in
        let flattensTail = node.opset < 13
        let axis = try node.integer("axis") ?? (flattensTail ? 1 : -1)
        try builder.append(
            node, .softmax(Softmax(axis: axis, isLogarithmic: isLogarithmic, flattensTail: flattensTail)))
    }
}
