import Networks

func buildShapeArithmetic(_ kind: ShapeArithmetic) -> OperatorBuilder { buildPlain(.shapeArithmetic(kind)) }

func buildShape(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(
        node, .shapeArithmetic(.extents(first: try node.integer("start") ?? 0, end: try node.integer("end"))))
}

/// All floating-point numbers are Float32 here, all integers Int.
func buildCast(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let number = try node.integer("to"), let raw = Int32(exactly: number), let type = ElementType(rawValue: raw)
    else { throw node.unsupported("this element type") }
    let element: ShapeArithmetic.Element
    switch type {
    case .float, .float16, .bfloat16, .double: element = .float
    case .uint8, .int8, .int32, .int64: element = .integer
    case .bool: element = .flag
    }
    try builder.append(node, .shapeArithmetic(.cast(element)))
}

/// Exporters write If where they do not know a rank or extent that the input's shape decides; the branch that is taken
/// becomes part of the graph.
func buildIf(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let condition = builder.input(node, 0), let flag = try builder.staticConstant(condition)?.scalar else {
        throw node.unsupported("a condition that only running the network decides; export with fixed extents")
    }
    guard let branch = node.graph(flag != 0 ? "then_branch" : "else_branch"),
        branch.output.count == node.outputNames.count
    else { throw node.invalid("its branch does not fit its outputs") }
    for tensor in branch.initializer { try builder.addInitializer(tensor) }
    try builder.add(branch.node)
    for (name, output) in zip(node.outputNames, branch.output) where !name.isEmpty {
        guard let value = builder.value(named: output.name) else {
            throw node.invalid("its branch does not make '\(output.name)'")
        }
        try builder.alias(node, output: name, of: value)
    }
}
