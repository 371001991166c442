import Networks

/// The second output, the positions of the maxima, counts through the whole tensor; MaxUnpool reads what counts through
/// each plane.
func buildMaxPool(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let givesPositions = node.outputNames.count > 1 && !node.outputNames[1].isEmpty
    if givesPositions, try node.flag("storage_order") { throw node.unsupported("column-major indices") }
    let pooling = Operator.pooling(Pooling(kind: .maximum, window: try node.poolingWindow()))
    let x = builder.input(node, 0)
    guard givesPositions else { return try builder.append(node, pooling, inputs: [x]) }
    let positions = try builder.appendPooling(node, pooling, [x])
    // [N,C,1…]: where each plane begins.
    let leading = try builder.step(node, .shapeArithmetic(.extents(first: 0, end: 2)), [x], named: "leading")
    let planes = try builder.step(
        node, .reduction(Reduction(kind: .product, axes: [0], keepsAxes: false)), [leading], named: "planes")
    let count = try builder.step(node, .shapeArithmetic(.count), [x], named: "count")
    let size = try builder.step(node, .arithmetic(.truncatedQuotient), [count, planes], named: "size")
    let zero = try builder.derive(node, "zero", integer: 0)
    let one = try builder.derive(node, "one", integer: 1)
    let plane = try builder.step(node, .shapeArithmetic(.range), [zero, planes, one], named: "plane")
    let start = try builder.step(node, .arithmetic(.multiply), [plane, size], named: "start")
    let axes = try node.integers("kernel_shape")?.count ?? 0
    let ones = try builder.derive(node, "ones", Array(repeating: 1, count: axes))
    let column = try builder.step(node, .concatenation(axis: 0), [leading, ones], named: "column")
    let starts = try builder.step(node, .reshape, [start, column], named: "starts")
    try builder.append(node, .arithmetic(.add), inputs: [positions, starts], outputs: [1])
    if let counted = builder.value(named: node.outputNames[1]) { builder.planePositions[counted] = positions }
}

func buildMaxUnpool(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let indices = builder.input(node, 1), let positions = builder.planePositions[indices] else {
        throw node.unsupported("indices that are not those of a MaxPool")
    }
    try builder.append(
        node, .maximumUnpooling(try node.poolingWindow()),
        inputs: [builder.input(node, 0), positions, builder.input(node, 2)])
}

func buildAveragePool(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, try node.averagePooling())
}

extension NodeReader {
    func averagePooling() throws(ONNXError) -> Operator {
        let countsPadding = try flag("count_include_pad")
        return .pooling(
            Pooling(
                kind: countsPadding ? .averageIncludingPadding : .averageExcludingPadding,
                window: try poolingWindow()))
    }

    func poolingWindow() throws(ONNXError) -> Window {
        guard let kernel = try integers("kernel_shape") else { throw invalid("kernel_shape is missing") }
        guard (1...3).contains(kernel.count) else { throw unsupported("\(kernel.count) spatial axes") }
        return try window(kernel: kernel, roundsUp: try flag("ceil_mode"))
    }
}
