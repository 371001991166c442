import Networks
import Tensors

func buildExtremum(_ kind: Extremum.Kind) -> OperatorBuilder {
    { (node, builder) throws(ONNXError) in
        try builder.append(
            node,
            .extremum(
                Extremum(
                    kind: kind, axis: try node.integer("axis") ?? 0,
                    keepsAxis: try node.flag("keepdims", otherwise: true),
                    countsLast: try node.flag("select_last_index"))))
    }
}

/// How many is an attribute up to opset 9 and an input from 10 on.
func buildTopK(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let count: ValueID?
    if let attribute = try node.integer("k") {
        count = try builder.derive(node, "k", [attribute])
    } else {
        count = builder.input(node, 1)
    }
    guard let count else { throw node.invalid("k is missing") }
    let ranking = Ranking(
        axis: try node.integer("axis") ?? -1, isDescending: try node.flag("largest", otherwise: true))
    try builder.append(
        node, .ranking(ranking), inputs: [builder.input(node, 0), count],
        outputs: node.outputNames.count > 1 && !node.outputNames[1].isEmpty ? [0, 1] : [0])
}

func buildCumSum(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(
        node,
        .accumulation(
            Accumulation(isExclusive: try node.flag("exclusive"), isReversed: try node.flag("reverse"))))
}

func buildTrilu(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .triangle(Triangle(isUpper: try node.flag("upper", otherwise: true))))
}

func buildEinsum(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let equation = node.string("equation") ?? ""
    guard let einsum = Einsum(equation: equation), einsum.operands.count == node.inputNames.count else {
        throw node.invalid("equation '\(equation)' for \(node.inputNames.count) operands")
    }
    try builder.append(node, .einsum(einsum))
}

/// 1 at the first of the largest values along an axis, else 0. Up to opset 12 all axes from `axis` on are one.
func buildHardmax(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let flattensTail = node.opset < 13
    let declared = try node.integer("axis") ?? (flattensTail ? 1 : -1)
    let input = builder.input(node, 0)
    var x = input
    if flattensTail { x = try builder.step(node, .flatten(axis: declared), [x], named: "flat") }
    let axis = flattensTail ? 1 : declared
    let largest = try builder.step(
        node, .reduction(Reduction(kind: .maximum, axes: [axis], keepsAxes: true)), [x], named: "largest")
    let isLargest = try builder.step(
        node, .shapeArithmetic(.comparison(.equal)), [x, largest], named: "isLargest")
    let counted = try builder.step(node, .shapeArithmetic(.cast(.integer)), [isLargest], named: "counted")
    let along = try builder.derive(node, "axis", integer: axis)
    let rank = try builder.step(
        node, .accumulation(Accumulation(isExclusive: false, isReversed: false)), [counted, along], named: "rank")
    let one = try builder.derive(node, "one", integer: 1)
    let isFirst = try builder.step(node, .shapeArithmetic(.comparison(.equal)), [rank, one], named: "isFirst")
    let isBoth = try builder.step(
        node, .shapeArithmetic(.logic(.and)), [isLargest, isFirst], named: "isBoth")
    guard flattensTail else {
        return try builder.append(node, .shapeArithmetic(.cast(.float)), inputs: [isBoth])
    }
    let flat = try builder.step(node, .shapeArithmetic(.cast(.float)), [isBoth], named: "flags")
    let shape = try builder.step(node, .shapeArithmetic(.extents(first: 0, end: nil)), [input], named: "shape")
    try builder.append(node, .reshape, inputs: [flat, shape])
}
