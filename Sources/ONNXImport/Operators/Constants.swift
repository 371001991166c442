import Networks
import Tensors

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

func buildConstantOfShape(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    var fill = ShapeArithmetic.Fill.float(0)
    if let tensor = node.tensor("value") {
        switch try tensor.constant(files: builder.files) {
        case .floats(let tensor) where tensor.count == 1: fill = .float(tensor[0])
        case .integers(_, let values) where values.count == 1: fill = .integer(values[0])
        default: throw node.invalid("value must be one number")
        }
    }
    try builder.append(node, .shapeArithmetic(.filled(fill)))
}

/// Weights stored as small integers: (x − zero point)·scale, for the tensor or along one axis.
func buildDequantizeLinear(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard case .integers(let shape, let values)? = builder.constant(node, 0) else {
        throw node.unsupported("an input that is not a constant of the model; quantized activations are not run")
    }
    guard let scale = builder.constant(node, 1)?.tensor else {
        throw node.unsupported("a scale that is computed by other nodes")
    }
    if try node.integer("block_size") ?? 0 != 0 { throw node.unsupported("scales per block") }
    let zero = builder.constant(node, 2)?.integers ?? Array(repeating: 0, count: scale.count)
    let declared = try node.integer("axis") ?? 1
    let axis = declared < 0 ? declared + shape.rank : declared
    let isPerTensor = scale.count == 1
    guard zero.count == scale.count,
        isPerTensor || (shape.dimensions.indices.contains(axis) && shape[axis] == scale.count)
    else { throw node.invalid("scale \(scale.shape) does not fit \(shape) along axis \(declared)") }
    let inner = isPerTensor ? max(shape.count, 1) : max(shape.strides[axis], 1)
    let weights = Tensor(shape: shape) { target in
        for index in values.indices {
            let channel = isPerTensor ? 0 : index / inner % scale.count
            target[index] = (Float(values[index]) - Float(zero[channel])) * scale[channel]
        }
    }
    try builder.appendConstant(node, .floats(weights))
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
