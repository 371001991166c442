import Networks
import Tensors

/// y = alpha·A·B + beta·C; with B the weights this is a fully-connected layer.
func buildGemm(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let isTransposed = try node.flag("transB")
    let alpha = node.float("alpha") ?? 1
    let beta = node.float("beta") ?? 1
    var a = builder.input(node, 0)
    if try node.flag("transA") { a = try builder.step(node, .transpose(order: [1, 0]), [a], named: "a") }
    guard let b = builder.constant(node, 1)?.tensor, b.shape.rank == 2 else {
        // Two matrices that are both computed.
        var b = builder.input(node, 1)
        if isTransposed { b = try builder.step(node, .transpose(order: [1, 0]), [b], named: "b") }
        return try builder.appendScaledSum(node, .matrixProduct, [a, b], alpha: alpha, beta: beta)
    }
    let weights = try builder.fullyConnectedWeights(node, b, isTransposed: isTransposed, factor: alpha)
    let outputs = isTransposed ? b.shape[0] : b.shape[1]
    if builder.input(node, 2) == nil { return try builder.append(node, .fullyConnected, inputs: [a, weights]) }
    guard let c = builder.constant(node, 2)?.tensor,
        c.count == 1 || (c.count == outputs && c.shape.dimensions.last == outputs)
    else { return try builder.appendScaledSum(node, .fullyConnected, [a, weights], alpha: 1, beta: beta) }
    let bias = try builder.fullyConnectedBias(node, c, outputs: outputs, factor: beta)
    try builder.append(node, .fullyConnected, inputs: [a, weights, bias])
}

func buildMatMul(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard builder.constant(node, 0) == nil, let b = builder.constant(node, 1)?.tensor, b.shape.rank == 2 else {
        return try builder.append(node, .matrixProduct)
    }
    let weights = try builder.fullyConnectedWeights(node, b, isTransposed: false, factor: 1)
    try builder.append(node, .fullyConnected, inputs: [builder.input(node, 0), weights])
}

/// Determinants of the matrices that the last two axes are, expanded along their rows.
func buildDeterminant(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let x = builder.input(node, 0), let shape = try builder.staticShape(x), shape.rank >= 2,
        let size = shape.dimensions.last, (1...6).contains(size), shape[shape.rank - 2] == size
    else { throw node.unsupported("matrices that are not square, or of more than 6 rows, or of free extents") }
    var rows: [ValueID] = []
    for row in 0..<size {
        let place = try builder.derive(node, "row\(row)", integer: row)
        rows.append(try builder.step(node, .gather(axis: -2), [x, place], named: "row\(row).values"))
    }
    // Of the rows from `row` on and as many columns: each entry of the first times what is left without its column.
    func determinant(
        _ row: Int, _ columns: [Int], _ known: inout [[Int]: ValueID], _ builder: inout GraphBuilder
    ) throws(ONNXError) -> ValueID {
        if let value = known[columns] { return value }
        let name = "of\(columns.map(String.init).joined(separator: "."))"
        var sum: ValueID?
        for (index, column) in columns.enumerated() {
            let place = try builder.derive(node, "\(name).column\(column)", integer: column)
            var term = try builder.step(
                node, .gather(axis: -1), [rows[row], place], named: "\(name).entry\(column)")
            if columns.count > 1 {
                let rest = try determinant(row + 1, columns.filter { $0 != column }, &known, &builder)
                term = try builder.product(node, term, rest, "\(name).term\(column)")
            }
            let operation = Operator.arithmetic(index.isMultiple(of: 2) ? .add : .subtract)
            if let before = sum {
                term = try builder.step(node, operation, [before, term], named: "\(name).sum\(column)")
            }
            sum = term
        }
        guard let sum else { throw node.invalid("a matrix without columns") }
        known[columns] = sum
        return sum
    }
    var known: [[Int]: ValueID] = [:]
    try builder.append(node, .identity, inputs: [try determinant(0, Array(0..<size), &known, &builder)])
}

extension GraphBuilder {
    /// alpha·product + beta·C, step by step.
    fileprivate mutating func appendScaledSum(
        _ node: NodeReader, _ product: Operator, _ factors: [ValueID?], alpha: Float, beta: Float
    ) throws(ONNXError) {
        var value: ValueID? = try step(node, product, factors, named: "product")
        if alpha != 1 {
            value = try step(node, .activation(.linear(factor: alpha, summand: 0)), [value], named: "scaled")
        }
        guard var c = input(node, 2) else { return try append(node, .identity, inputs: [value]) }
        if beta != 1 { c = try step(node, .activation(.linear(factor: beta, summand: 0)), [c], named: "summand") }
        try append(node, .arithmetic(.add), inputs: [value, c])
    }

    /// `matrix` as [O,K], times `factor`; the file's own tensor where it is that already.
    fileprivate mutating func fullyConnectedWeights(
        _ node: NodeReader, _ matrix: Tensor, isTransposed: Bool, factor: Float
    ) throws(ONNXError) -> ValueID {
        if isTransposed, factor == 1, let own = input(node, 1) { return own }
        let rows = matrix.shape[0]
        let columns = matrix.shape[1]
        guard let shape = try? Shape(isTransposed ? [rows, columns] : [columns, rows]) else {
            throw node.invalid("weights \(matrix.shape)")
        }
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
        return try derive(node, "weights", .floats(weights))
    }

    /// C as a vector of `outputs` values, times `factor`; ONNX lets it broadcast from a scalar or a row.
    fileprivate mutating func fullyConnectedBias(
        _ node: NodeReader, _ c: Tensor, outputs: Int, factor: Float
    ) throws(ONNXError) -> ValueID {
        let values = (0..<outputs).map { factor * c[c.count == 1 ? 0 : $0] }
        guard let shape = try? Shape([outputs]), let bias = try? Tensor(shape: shape, values: values) else {
            throw node.invalid("C of shape \(c.shape)")
        }
        return try derive(node, "bias", .floats(bias))
    }
}
