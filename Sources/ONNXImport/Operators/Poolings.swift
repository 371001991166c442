import Networks

/// The second output, the positions of the maxima, serves MaxUnpool.
func buildMaxPool(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let givesPositions = node.outputNames.count > 1 && !node.outputNames[1].isEmpty
    if givesPositions, try node.flag("storage_order") { throw node.unsupported("column-major indices") }
    try builder.append(
        node, .pooling(Pooling(kind: .maximum, window: try node.poolingWindow())), inputs: [builder.input(node, 0)],
        outputs: givesPositions ? [0, 1] : [0])
}

func buildMaxUnpool(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let indices = builder.input(node, 1), builder.graph.constants[indices] == nil else {
        throw node.unsupported("indices that are not those of a MaxPool")
    }
    try builder.append(node, .maximumUnpooling(try node.poolingWindow()))
}

func buildAveragePool(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let countsPadding = try node.flag("count_include_pad")
    try builder.append(
        node,
        .pooling(
            Pooling(
                kind: countsPadding ? .averageIncludingPadding : .averageExcludingPadding,
                window: try node.poolingWindow())))
}

extension NodeReader {
    func poolingWindow() throws(ONNXError) -> Window {
        guard let kernel = try integers("kernel_shape") else { throw invalid("kernel_shape is missing") }
        guard (1...3).contains(kernel.count) else { throw unsupported("\(kernel.count) spatial axes") }
        return try window(kernel: kernel, roundsUp: try flag("ceil_mode"))
    }
}
