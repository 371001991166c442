import Networks

func buildBatchNormalization(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard try node.integer("training_mode") ?? 0 == 0 else { throw node.unsupported("training_mode = 1") }
    guard try node.integer("spatial") ?? 1 == 1 else { throw node.unsupported("spatial = 0") }
    for position in 1...4 where builder.constant(node, position)?.tensor == nil {
        throw node.unsupported("parameters that are computed by other nodes")
    }
    try builder.append(node, .batchNormalization(epsilon: node.float("epsilon") ?? 1e-5))
}
