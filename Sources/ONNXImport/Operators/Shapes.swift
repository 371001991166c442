import Networks
import Tensors

func buildFlatten(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .flatten(axis: try node.integer("axis") ?? 1))
}

func buildReshape(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let extents = builder.constant(node, 1)?.integers else {
        throw node.unsupported("a shape that is computed by other nodes")
    }
    if try node.integer("allowzero") ?? 0 != 0, extents.contains(0) {
        throw node.unsupported("allowzero = 1 and an extent of 0")
    }
    try builder.append(node, .reshape)
}

func buildConcat(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let axis = try node.integer("axis") else { throw node.invalid("axis is missing") }
    try builder.append(node, .concatenation(axis: axis))
}

func buildIdentity(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .identity)
}

/// In inference dropout passes its input on.
func buildDropout(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .identity, inputs: [builder.input(node, 0)])
}

func buildConstant(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    if let tensor = node.tensor("value") {
        try builder.appendConstant(node, try tensor.constant(files: builder.files))
    } else if node.has("value_float"), let value = node.float("value_float") {
        try builder.appendConstant(node, .floats(try tensor(node, [], [value])))
    } else if let values = node.floats("value_floats") {
        try builder.appendConstant(node, .floats(try tensor(node, [values.count], values)))
    } else if let value = try node.integer("value_int") {
        try builder.appendConstant(node, .integers(shape: try shape(node, []), values: [value]))
    } else if let values = try node.integers("value_ints") {
        try builder.appendConstant(node, .integers(shape: try shape(node, [values.count]), values: values))
    } else {
        throw node.unsupported("a value that is neither a tensor nor numbers")
    }
}

private func shape(_ node: NodeReader, _ extents: [Int]) throws(ONNXError) -> Shape {
    do { return try Shape(extents) } catch { throw node.invalid("\(error)") }
}

private func tensor(_ node: NodeReader, _ extents: [Int], _ values: [Float]) throws(ONNXError) -> Tensor {
    do {
        return try Tensor(shape: Shape(extents), values: values)
    } catch {
        throw node.invalid("\(error)")
    }
}
