import Networks
import Tensors

func buildBatchNormalization(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let isOwn = try node.flag("training_mode")
    if let rank = builder.constant(node, 0)?.shape.rank, rank >= 2, node.opset >= 9 {
        return try buildBatchNormalizationOfStored(node, &builder, isOwn: isOwn, rank: rank)
    }
    if isOwn { throw node.unsupported("training_mode = 1") }
    if node.opset < 7, try !node.flag("is_test"), node.outputNames.dropFirst().contains(where: { !$0.isEmpty }) {
        throw node.unsupported("is_test = 0 and the statistics of training")
    }
    guard try node.flag("spatial", otherwise: true) else {
        return try buildBatchNormalizationByPlace(node, &builder)
    }
    try builder.requireConstants(node, 1...4)
    try builder.append(node, .batchNormalization(epsilon: node.float("epsilon") ?? 1e-5))
}

/// Normalization of stored values, as networks do with their weights (Qiao et al. 2019, arXiv:1903.10520), by their own
/// statistics where `training_mode` asks for it. All of it is computed at once.
private func buildBatchNormalizationOfStored(
    _ node: NodeReader, _ builder: inout GraphBuilder, isOwn: Bool, rank: Int
) throws(ONNXError) {
    let x = builder.input(node, 0)
    func column(_ builder: inout GraphBuilder, _ position: Int, _ name: String) throws(ONNXError) -> ValueID {
        try builder.reshape(
            node, builder.input(node, position), [-1] + Array(repeating: 1, count: max(rank - 2, 0)), name)
    }
    let average = Operator.reduction(
        Reduction(kind: .mean, axes: (0..<rank).filter { $0 != 1 }, keepsAxes: true))
    let mean =
        isOwn ? try builder.step(node, average, [x], named: "mean") : try column(&builder, 3, "mean")
    let centered = try builder.step(node, .arithmetic(.subtract), [x, mean], named: "centered")
    var variance: ValueID
    if isOwn {
        let squares = try builder.product(node, centered, centered, "squares")
        variance = try builder.step(node, average, [squares], named: "variance")
    } else {
        variance = try column(&builder, 4, "variance")
    }
    let raised = try builder.scaled(node, variance, by: 1, plus: node.float("epsilon") ?? 1e-5, "raised")
    let deviation = try builder.step(node, .activation(.squareRoot), [raised], named: "deviation")
    let normalized = try builder.step(node, .arithmetic(.divide), [centered, deviation], named: "normalized")
    let scaled = try builder.product(node, normalized, try column(&builder, 1, "scale"), "scaled")
    let shift = try column(&builder, 2, "shift")
    try builder.append(node, .arithmetic(.add), inputs: [scaled, shift], outputs: [0])
}

func buildInstanceNormalization(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.requireConstants(node, 1...2)
    try builder.append(
        node, .normalization(Normalization(kind: .instance, epsilon: node.float("epsilon") ?? 1e-5)))
}

func buildLayerNormalization(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.requireConstants(node, 1...2)
    try builder.append(
        node,
        .normalization(
            Normalization(kind: .layer(axis: try node.integer("axis") ?? -1), epsilon: node.float("epsilon") ?? 1e-5)))
}

/// Scale and shift are per group in opset 18 and per channel from 21 on; they are repeated to be per channel.
func buildGroupNormalization(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let groups = try node.integer("num_groups"), groups > 0 else { throw node.invalid("num_groups is missing") }
    try builder.requireConstants(node, 1...2)
    let normalization = Normalization(kind: .group(count: groups), epsilon: node.float("epsilon") ?? 1e-5)
    guard node.opset < 21 else { return try builder.append(node, .normalization(normalization)) }
    // Without the number of channels, which only the input tells: normalize, then scale and shift by group.
    let x = builder.input(node, 0)
    let shape = try builder.step(node, .shapeArithmetic(.extents(first: 0, end: nil)), [x], named: "shape")
    let grouping = try builder.derive(node, "grouping", [0, groups, -1])
    let column = try builder.derive(node, "column", [groups, 1])
    var value = try builder.step(node, .normalization(normalization), [x], named: "normalized")
    value = try builder.step(node, .reshape, [value, grouping], named: "groups")
    let scale = try builder.step(node, .reshape, [builder.input(node, 1), column], named: "scale")
    value = try builder.step(node, .arithmetic(.multiply), [value, scale], named: "scaled")
    let shift = try builder.step(node, .reshape, [builder.input(node, 2), column], named: "shift")
    value = try builder.step(node, .arithmetic(.add), [value, shift], named: "shifted")
    try builder.append(node, .reshape, inputs: [value, shape])
}

func buildLocalResponseNormalization(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let size = try node.integer("size"), size > 0 else { throw node.invalid("size is missing") }
    try builder.append(
        node,
        .localResponseNormalization(
            LocalResponseNormalization(
                size: size, alpha: node.float("alpha") ?? 1e-4, beta: node.float("beta") ?? 0.75,
                bias: node.float("bias") ?? 1)))
}

extension GraphBuilder {
    fileprivate func requireConstants(_ node: NodeReader, _ positions: ClosedRange<Int>) throws(ONNXError) {
        for position in positions where input(node, position) != nil && constant(node, position)?.tensor == nil {
            throw node.unsupported("parameters that are computed by other nodes")
        }
    }
}
