import Networks
import Tensors

func buildConstant(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    if let tensor = node.tensor("value") {
        try builder.appendConstant(
            node, try tensor.constant(files: builder.files), as: ElementType(rawValue: tensor.dataType))
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
    let isFlag = node.tensor("value")?.element == .flag
    guard isFlag else { return try builder.append(node, .shapeArithmetic(.filled(fill))) }
    let numbers = try builder.step(
        node, .shapeArithmetic(.filled(fill)), [builder.input(node, 0)], named: "numbers")
    try builder.append(node, .shapeArithmetic(.cast(.flag)), inputs: [numbers])
}

/// Weights stored as small integers or numbers: (x − zero point)·scale, for the tensor, along one axis, or per block
/// of values along one axis (`block_size`, opset 21).
func buildStoredDequantizeLinear(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let quantized = builder.constant(node, 0) else { throw node.invalid("its input is not stored") }
    let (shape, values) = (quantized.shape, quantized.numbers)
    guard let scale = builder.constant(node, 1)?.tensor else {
        throw node.unsupported("a scale that is computed by other nodes")
    }
    let zero = builder.constant(node, 2)?.numbers ?? Array(repeating: 0, count: scale.count)
    let declared = try node.integer("axis") ?? 1
    let axis = declared < 0 ? declared + shape.rank : declared
    let block = try node.integer("block_size") ?? 0
    let grid = scale.count == 1 && block == 0 ? nil : scaleGrid(shape, axis: axis, block: block, scales: scale.shape)
    guard zero.count == scale.count, scale.count == 1 && block == 0 || grid != nil else {
        throw node.invalid(
            "scale \(scale.shape) does not fit \(shape) along axis \(declared)"
                + (block == 0 ? "" : " in blocks of \(block)"))
    }
    let weights = Tensor(shape: shape) { target in
        for index in values.indices {
            let entry = grid?.entry(index) ?? 0
            target[index] = (values[index] - zero[entry]) * scale[entry]
        }
    }
    try builder.appendConstant(node, .floats(weights))
}

/// Which of the stored scales belongs to which value: [outer, axis, inner] lies over [outer, ⌈axis / block⌉, inner],
/// and for a scale per channel over [1, axis, 1].
private struct ScaleGrid {
    let extent, inner, block, scales: Int
    let isPerChannel: Bool

    func entry(_ index: Int) -> Int {
        let along = index / inner % extent
        if isPerChannel { return along }
        return (index / (inner * extent) * scales + along / block) * inner + index % inner
    }
}

/// Nil where the scales do not fit.
private func scaleGrid(_ shape: Shape, axis: Int, block: Int, scales: Shape) -> ScaleGrid? {
    guard shape.dimensions.indices.contains(axis), block >= 0, shape.count > 0 else { return nil }
    let inner = shape.strides[axis]
    if block == 0 {
        guard scales.count == shape[axis] else { return nil }
        return ScaleGrid(extent: shape[axis], inner: inner, block: 1, scales: shape[axis], isPerChannel: true)
    }
    var expected = shape.dimensions
    expected[axis] = (shape[axis] - 1) / block + 1
    guard scales.dimensions == expected else { return nil }
    return ScaleGrid(
        extent: shape[axis], inner: inner, block: block, scales: expected[axis], isPerChannel: false)
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
