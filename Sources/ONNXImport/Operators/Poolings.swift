import Networks

func buildMaxPool(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard try node.integer("storage_order") ?? 0 == 0 else { throw node.unsupported("column-major indices") }
    try builder.append(node, .pooling(Pooling(kind: .maximum, window: try node.poolingWindow())))
}

func buildAveragePool(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let countsPadding = try node.integer("count_include_pad") ?? 0 != 0
    try builder.append(
        node,
        .pooling(
            Pooling(
                kind: countsPadding ? .averageIncludingPadding : .averageExcludingPadding,
                window: try node.poolingWindow())))
}

func buildGlobalPool(
    _ kind: GlobalPooling
) -> @Sendable (NodeReader, inout GraphBuilder) throws(ONNXError) -> Void {
    { (node, builder) throws(ONNXError) in try builder.append(node, .globalPooling(kind)) }
}

extension NodeReader {
    fileprivate func poolingWindow() throws(ONNXError) -> Window {
        guard let kernel = try integers("kernel_shape") else { throw invalid("kernel_shape is missing") }
        guard (1...2).contains(kernel.count) else { throw unsupported("\(kernel.count) spatial axes") }
        return try window(kernel: kernel, roundsUp: try integer("ceil_mode") ?? 0 != 0)
    }
}
