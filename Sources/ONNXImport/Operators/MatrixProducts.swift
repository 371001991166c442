import Networks
import Tensors

/// y = alpha·A·B + beta·C; with B the weights this is a fully-connected layer.
func buildGemm(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard try node.integer("transA") ?? 0 == 0 else { throw node.unsupported("transA = 1") }
    guard let b = builder.constant(node, 1)?.tensor, b.shape.rank == 2 else {
        throw node.unsupported("a B that is not a constant matrix")
    }
    let isTransposed = try node.integer("transB") ?? 0 != 0
    let weights = try builder.fullyConnectedWeights(
        node, b, isTransposed: isTransposed, factor: node.float("alpha") ?? 1)
    var inputs = [builder.input(node, 0), weights]
    if let biasID = builder.input(node, 2) {
        guard let c = builder.graph.constants[biasID]?.tensor else { throw node.unsupported("a C that is computed") }
        inputs.append(
            try builder.fullyConnectedBias(
                node, c, outputs: isTransposed ? b.shape[0] : b.shape[1], factor: node.float("beta") ?? 1))
    }
    try builder.append(node, .fullyConnected, inputs: inputs)
}

func buildMatMul(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let b = builder.constant(node, 1)?.tensor, b.shape.rank == 2 else {
        throw node.unsupported("a second factor that is not a constant matrix")
    }
    let weights = try builder.fullyConnectedWeights(node, b, isTransposed: false, factor: 1)
    try builder.append(node, .fullyConnected, inputs: [builder.input(node, 0), weights])
}

extension GraphBuilder {
    /// `matrix` as [O,K], times `factor`; the file's own tensor where it is that already.
    fileprivate mutating func fullyConnectedWeights(
        _ node: NodeReader, _ matrix: Tensor, isTransposed: Bool, factor: Float
    ) throws(ONNXError) -> ValueID {
        if isTransposed, factor == 1, let own = input(node, 1) { return own }
        let rows = matrix.shape[0]
        let columns = matrix.shape[1]
        do {
            let shape = try Shape(isTransposed ? [rows, columns] : [columns, rows])
            let weights = Tensor(shape: shape) { target in
                matrix.withUnsafeValues { source in
                    for row in 0..<rows {
                        for column in 0..<columns {
                            let index = isTransposed ? row * columns + column : column * rows + row
                            target[index] = factor * source[row * columns + column]
                        }
                    }
                }
            }
            return try derive("\(node.name).weights", weights)
        } catch let error as TensorError {
            throw node.invalid("\(error)")
        } catch let error as ONNXError {
            throw error
        } catch {
            throw node.invalid("\(error)")
        }
    }

    /// C as a vector of `outputs` values, times `factor`; ONNX lets it broadcast from a scalar or a row.
    fileprivate mutating func fullyConnectedBias(
        _ node: NodeReader, _ c: Tensor, outputs: Int, factor: Float
    ) throws(ONNXError) -> ValueID {
        guard c.count == 1 || (c.count == outputs && c.shape.dimensions.last == outputs) else {
            throw node.unsupported("a C of shape \(c.shape)")
        }
        let values = (0..<outputs).map { factor * c[c.count == 1 ? 0 : $0] }
        guard let shape = try? Shape([outputs]), let bias = try? Tensor(shape: shape, values: values) else {
            throw node.invalid("C of shape \(c.shape)")
        }
        return try derive("\(node.name).bias", bias)
    }
}
