import Networks
import Tensors

func buildShapeArithmetic(_ kind: ShapeArithmetic) -> OperatorBuilder { buildPlain(.shapeArithmetic(kind)) }

func buildShape(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(
        node, .shapeArithmetic(.extents(first: try node.integer("start") ?? 0, end: try node.integer("end"))))
}

/// x is not equal to itself where it is no number.
func buildIsNaN(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let x = builder.input(node, 0)
    try builder.append(node, .shapeArithmetic(.comparison(.notEqual)), inputs: [x, x])
}

func buildIsInf(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let x = builder.input(node, 0)
    let (up, down) = (
        try node.flag("detect_positive", otherwise: true), try node.flag("detect_negative", otherwise: true)
    )
    var found: [ValueID?] = []
    for (isWanted, bound, name) in [(up, Float.infinity, "above"), (down, -.infinity, "below")] where isWanted {
        let limit = try builder.derive(node, "\(name).bound", bound)
        found.append(
            try builder.step(node, .shapeArithmetic(.comparison(.equal)), [x, limit], named: name))
    }
    switch found.count {
    case 2: try builder.append(node, .shapeArithmetic(.logic(.or)), inputs: found)
    case 1: try builder.append(node, .identity, inputs: found)
    default:
        // Nothing is both less and greater.
        try builder.append(node, .shapeArithmetic(.comparison(.less)), inputs: [x, x])
    }
}

/// The type of the second input.
func buildCastLike(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(
        node, .shapeArithmetic(.cast(builder.element(node, 1) ?? .float)), inputs: [builder.input(node, 0)])
}

/// All floating-point numbers are Float32 here, all integers Int.
func buildCast(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let number = try node.integer("to"), let raw = Int32(exactly: number), let type = ElementType(rawValue: raw)
    else { throw node.unsupported("this element type") }
    let x = builder.input(node, 0)
    guard let width = type.narrowWidth, builder.element(node, 0) == .integer else {
        return try builder.append(node, .shapeArithmetic(.cast(type.element)), inputs: [x])
    }
    // Of integers that are too large the lower bits stay.
    let count = try builder.derive(node, "count", .integers(shape: .scalar, values: [1 << width]))
    guard type.isSigned else { return try builder.append(node, .arithmetic(.remainder), inputs: [x, count]) }
    let half = try builder.derive(node, "half", .integers(shape: .scalar, values: [1 << (width - 1)]))
    let moved = try builder.step(node, .arithmetic(.add), [x, half], named: "moved")
    let rest = try builder.step(node, .arithmetic(.remainder), [moved, count], named: "rest")
    try builder.append(node, .arithmetic(.subtract), inputs: [rest, half])
}
