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
    let x = builder.input(node, 0)
    if let like = builder.input(node, 1), let type = builder.elementTypes[like] {
        return try builder.appendCast(node, x, from: builder.element(node, 0), to: type)
    }
    try builder.append(node, .shapeArithmetic(.cast(builder.element(node, 1) ?? .float)), inputs: [x])
}

/// All floating-point numbers are Float32 here, all integers Int.
func buildCast(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    guard let type = try node.castType() else { throw node.unsupported("this element type") }
    try builder.appendCast(node, builder.input(node, 0), from: builder.element(node, 0), to: type)
}

extension GraphBuilder {
    /// `x` as the type: of integers that are too large the lower bits stay, numbers of few bits are rounded.
    fileprivate mutating func appendCast(
        _ node: NodeReader, _ x: ValueID?, from element: Element?, to type: ElementType
    ) throws(ONNXError) {
        defer { note(type, of: node) }
        if let format = type.smallFloat {
            let x = try step(node, .shapeArithmetic(.cast(.float)), [x], named: "number")
            guard let direction = SmallFloat.Direction(rawValue: node.string("round_mode") ?? "up") else {
                throw node.invalid("round_mode")
            }
            let saturates = try node.flag("saturate", otherwise: true)
            return try append(
                node, .activation(.narrowing(format, saturates: saturates, direction: direction)), inputs: [x])
        }
        var x = x
        if let width = type.narrowWidth, width < 8, element == .float {
            x = try step(node, .shapeArithmetic(.cast(.integer)), [x], named: "whole")
        } else if element != .integer || type.narrowWidth == nil {
            return try append(node, .shapeArithmetic(.cast(type.element)), inputs: [x])
        }
        try appendWrapped(node, x, to: type)
    }

    private mutating func note(_ type: ElementType, of node: NodeReader) {
        guard let output = node.outputNames.first.flatMap(value(named:)) else { return }
        elementTypes[output] = type
    }

    /// The lower bits of an integer, as many as the narrow type has.
    mutating func appendWrapped(_ node: NodeReader, _ x: ValueID?, to type: ElementType) throws(ONNXError) {
        guard let width = type.narrowWidth else { return try append(node, .identity, inputs: [x]) }
        let count = try derive(node, "count", integer: 1 << width)
        guard type.isSigned else { return try append(node, .arithmetic(.remainder), inputs: [x, count]) }
        let half = try derive(node, "half", integer: 1 << (width - 1))
        let moved = try step(node, .arithmetic(.add), [x, half], named: "moved")
        let rest = try step(node, .arithmetic(.remainder), [moved, count], named: "rest")
        try append(node, .arithmetic(.subtract), inputs: [rest, half])
    }
}

extension NodeReader {
    /// What `to` names: by number, and up to opset 5 in words.
    fileprivate func castType() throws(ONNXError) -> ElementType? {
        guard opset < 6, let name = string("to"), !name.isEmpty else {
            return try integer("to").flatMap { Int32(exactly: $0) }.flatMap { ElementType(rawValue: $0) }
        }
        return ElementType.allCases.first { "\($0)" == name.lowercased() }
    }
}
