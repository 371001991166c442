import Networks

func buildFlatten(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .flatten(axis: try node.integer("axis") ?? 1))
}

func buildReshape(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    if try node.flag("allowzero"), let extents = builder.constant(node, 1)?.integers, extents.contains(0) {
        throw node.unsupported("allowzero = 1 and an extent of 0")
    }
    guard builder.input(node, 1) == nil else { return try builder.append(node, .reshape) }
    // Up to opset 4.
    guard let extents = try node.integers("shape") else { throw node.invalid("its shape is missing") }
    try builder.append(node, .reshape, inputs: [builder.input(node, 0), try builder.derive(node, "shape", extents)])
}

func buildSqueeze(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let axes = try builder.integers(node, attribute: "axes", input: 1)
    try builder.append(node, .squeeze(axes: axes), inputs: [builder.input(node, 0)])
}

func buildUnsqueeze(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let axes = try builder.integers(node, attribute: "axes", input: 1) else {
        throw node.invalid("axes are missing")
    }
    try builder.append(node, .unsqueeze(axes: axes), inputs: [builder.input(node, 0)])
}

func buildTranspose(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .transpose(order: try node.integers("perm")))
}

func buildConcat(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let axis = try node.integer("axis") ?? (node.opset < 4 ? 1 : nil) else {
        throw node.invalid("axis is missing")
    }
    try builder.append(node, .concatenation(axis: axis))
}

func buildGather(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .gather(axis: try node.integer("axis") ?? 0))
}

/// Each output is a slice of its own. Lengths are an attribute up to opset 12 and an input from 13 on.
func buildSplit(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let axis = try node.integer("axis") ?? 0
    let pieces: Part.Pieces
    if let lengths = try builder.integers(node, attribute: "split", input: 1) {
        pieces = .lengths(lengths)
    } else {
        pieces = .count(try node.integer("num_outputs") ?? node.outputNames.count)
    }
    for (index, name) in node.outputNames.enumerated() where !name.isEmpty {
        try builder.append(
            node, .part(Part(axis: axis, pieces: pieces, index: index)), inputs: [builder.input(node, 0)],
            outputs: [index])
    }
}

/// Attributes up to opset 9; inputs x, starts, ends, axes, steps from 10 on.
func buildSlice(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let x = builder.input(node, 0)
    guard let starts = node.positions("starts"), let ends = node.positions("ends") else {
        guard builder.input(node, 1) != nil, builder.input(node, 2) != nil else {
            throw node.invalid("starts or ends are missing")
        }
        let axes = try builder.integers(node, attribute: "axes", input: 3)
        return try builder.append(
            node, .slice(axes: axes),
            inputs: [x, builder.input(node, 1), builder.input(node, 2), builder.input(node, 4)])
    }
    let first = try builder.derive(node, "starts", starts)
    let end = try builder.derive(node, "ends", ends)
    try builder.append(node, .slice(axes: try node.integers("axes")), inputs: [x, first, end])
}

/// Attributes up to opset 10 (`paddings` in opset 1); inputs x, pads, value, axes from 11 on.
func buildPad(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let name = node.string("mode") ?? "constant"
    guard let mode = Padding.Mode(rawValue: name) else { throw node.unsupported("mode = \(name)") }
    let x = builder.input(node, 0)
    if let counts = try node.integers(node.has("paddings") ? "paddings" : "pads") {
        let pads = try builder.derive(node, "pads", counts)
        let value = try builder.derive(node, "value", node.float("value") ?? 0)
        return try builder.append(node, .padding(Padding(mode: mode, axes: nil)), inputs: [x, pads, value])
    }
    guard builder.input(node, 1) != nil else { throw node.invalid("pads are missing") }
    let axes = try builder.integers(node, attribute: "axes", input: 3)
    try builder.append(
        node, .padding(Padding(mode: mode, axes: axes)), inputs: [x, builder.input(node, 1), builder.input(node, 2)])
}

func buildDepthToSpace(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let block = try node.integer("blocksize"), block > 0 else { throw node.invalid("blocksize is missing") }
    let mode = node.string("mode") ?? "DCR"
    guard ["DCR", "CRD"].contains(mode) else { throw node.invalid("mode '\(mode)'") }
    try builder.append(node, .depthToSpace(DepthToSpace(block: block, countsBlocksLast: mode == "CRD")))
}

func buildSpaceToDepth(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let block = try node.integer("blocksize"), block > 0 else { throw node.invalid("blocksize is missing") }
    try builder.append(node, .spaceToDepth(block: block))
}

/// In inference dropout passes its input on.
func buildDropout(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .identity, inputs: [builder.input(node, 0)])
}
