import Networks
import Tensors

func buildGatherElements(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .pick(.elements(axis: try node.integer("axis") ?? 0)))
}

func buildGatherND(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    try builder.append(node, .pick(.coordinates(batchAxes: try node.integer("batch_dims") ?? 0)))
}

func buildScatterElements(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let indexing = Indexing.elements(axis: try node.integer("axis") ?? 0)
    try builder.append(node, .scatter(Scatter(indexing: indexing, combination: try node.combination())))
}

func buildScatterND(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let indexing = Indexing.coordinates(batchAxes: 0)
    try builder.append(node, .scatter(Scatter(indexing: indexing, combination: try node.combination())))
}

extension NodeReader {
    fileprivate func combination() throws(ONNXError) -> Scatter.Combination? {
        switch string("reduction") ?? "none" {
        case "none": nil
        case "add": .add
        case "mul": .multiply
        case "max": .maximum
        case "min": .minimum
        case let other: throw unsupported("reduction = \(other)")
        }
    }
}

/// `on` where an index, counted along a new axis, is the position there, else `off`. Negative indices count from the end.
func buildOneHot(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let axis = try node.integer("axis") ?? -1
    let scalar = try builder.derive(node, "scalar", [] as [Int])
    let zero = try builder.derive(node, "zero", integer: 0)
    let indices = try builder.step(
        node, .shapeArithmetic(.cast(.integer)), [builder.input(node, 0)], named: "indices")
    let whole = try builder.step(node, .shapeArithmetic(.cast(.integer)), [builder.input(node, 1)], named: "depth")
    let depth = try builder.step(node, .reshape, [whole, scalar], named: "count")
    let extent = try builder.step(node, .unsqueeze(axes: [0]), [depth], named: "extent")
    // The positions lie along the new axis; all other axes are broadcast.
    let one = try builder.derive(node, "one", integer: 1)
    let split = axis < 0 ? axis + 1 : axis
    let before = try builder.step(
        node, .shapeArithmetic(.extents(first: 0, end: axis == -1 ? nil : split)), [indices], named: "before")
    var extents: [ValueID?] = [
        try builder.step(node, .arithmetic(.minimum), [before, one], named: "before.ones"), extent,
    ]
    if axis != -1 {
        let behind = try builder.step(
            node, .shapeArithmetic(.extents(first: split, end: nil)), [indices], named: "behind")
        extents.append(try builder.step(node, .arithmetic(.minimum), [behind, one], named: "behind.ones"))
    }
    let shape = try builder.step(node, .concatenation(axis: 0), extents, named: "shape")
    let ones = try builder.step(node, .shapeArithmetic(.filled(.integer(1))), [shape], named: "ones")
    let along = try builder.derive(node, "axis", integer: axis)
    let positions = try builder.step(
        node, .accumulation(Accumulation(isExclusive: true, isReversed: false)), [ones, along], named: "positions")
    let isNegative = try builder.step(
        node, .shapeArithmetic(.comparison(.less)), [indices, zero], named: "negative")
    let moved = try builder.step(node, .arithmetic(.add), [indices, depth], named: "moved")
    let counted = try builder.step(
        node, .shapeArithmetic(.selection), [isNegative, moved, indices], named: "counted")
    let column = try builder.step(node, .unsqueeze(axes: [axis]), [counted], named: "column")
    let isHot = try builder.step(
        node, .shapeArithmetic(.comparison(.equal)), [column, positions], named: "hot")
    let off = try builder.step(node, .gather(axis: 0), [builder.input(node, 2), zero], named: "off")
    let on = try builder.step(node, .gather(axis: 0), [builder.input(node, 2), one], named: "on")
    try builder.append(node, .shapeArithmetic(.selection), inputs: [isHot, on, off])
}

/// The values whose flag is set, along an axis or of all of them; how many, must be known.
func buildCompress(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    var x = builder.input(node, 0)
    let all = try builder.derive(node, "all", [-1])
    let axis = try node.integer("axis")
    if axis == nil { x = try builder.step(node, .reshape, [x, all], named: "flat") }
    let places = try builder.step(node, .shapeArithmetic(.nonZero), [builder.input(node, 1)], named: "places")
    let indices = try builder.step(node, .reshape, [places, all], named: "indices")
    try builder.append(node, .gather(axis: axis ?? 0), inputs: [x, indices])
}

/// The first values of each sequence in reverse, as many as its length says, and the others as they are.
func buildReverseSequence(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let time = try node.integer("time_axis") ?? 0
    let batch = try node.integer("batch_axis") ?? 1
    guard Set([time, batch]) == [0, 1] else { throw node.invalid("time_axis \(time), batch_axis \(batch)") }
    let x = builder.input(node, 0)
    let one = try builder.derive(node, "one", integer: 1)
    // Along its own axis of [time, batch] or [batch, time].
    let step = try builder.positions(node, of: x, axis: time, named: "step")
    let item = try builder.positions(node, of: x, axis: batch, named: "item")
    let steps = try builder.step(node, .unsqueeze(axes: [batch]), [step], named: "steps")
    let items = try builder.step(node, .unsqueeze(axes: [time]), [item], named: "items")
    let lengths = try builder.step(node, .unsqueeze(axes: [time]), [builder.input(node, 1)], named: "lengths")
    let last = try builder.step(node, .arithmetic(.subtract), [lengths, one], named: "last")
    let reversed = try builder.step(node, .arithmetic(.subtract), [last, steps], named: "reversed")
    let isInside = try builder.step(
        node, .shapeArithmetic(.comparison(.less)), [steps, lengths], named: "inside")
    let source = try builder.step(
        node, .shapeArithmetic(.selection), [isInside, reversed, steps], named: "source")
    let shape = try builder.step(
        node, .shapeArithmetic(.extents(first: 0, end: nil)), [source], named: "shape")
    let spread = try builder.step(node, .expansion, [items, shape], named: "spread")
    var coordinates: [ValueID?] = []
    for (value, name) in [(source, "row"), (spread, "column")] {
        coordinates.append(try builder.step(node, .unsqueeze(axes: [-1]), [value], named: name))
    }
    if batch == 0 { coordinates.reverse() }
    let places = try builder.step(node, .concatenation(axis: -1), coordinates, named: "places")
    try builder.append(node, .pick(.coordinates(batchAxes: 0)), inputs: [x, places])
}

/// 1 on a diagonal of a matrix like the input, else 0.
func buildEyeLike(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    var element = builder.element(node, 0) ?? .float
    if let number = try node.integer("dtype") {
        guard let type = Int32(exactly: number).flatMap(ElementType.init) else {
            throw node.unsupported("this element type")
        }
        element = type.element
    }
    let x = builder.input(node, 0)
    let row = try builder.positions(node, of: x, axis: 0, named: "row")
    let column = try builder.positions(node, of: x, axis: 1, named: "column")
    let diagonal = try builder.derive(node, "diagonal", integer: try node.integer("k") ?? 0)
    let moved = try builder.step(node, .arithmetic(.add), [row, diagonal], named: "moved")
    let rows = try builder.step(node, .unsqueeze(axes: [1]), [moved], named: "rows")
    let columns = try builder.step(node, .unsqueeze(axes: [0]), [column], named: "columns")
    let flags = try builder.step(node, .shapeArithmetic(.comparison(.equal)), [rows, columns], named: "flags")
    try builder.append(node, .shapeArithmetic(.cast(element)), inputs: [flags])
}

extension GraphBuilder {
    /// 0, 1, 2… along an axis of x.
    mutating func positions(
        _ node: NodeReader, of x: ValueID?, axis: Int, named name: String
    ) throws(ONNXError) -> ValueID {
        let extent = try step(
            node, .shapeArithmetic(.extents(first: axis, end: axis + 1)), [x], named: "\(name).extent")
        let scalar = try derive(node, "\(name).scalar", [] as [Int])
        let count = try step(node, .reshape, [extent, scalar], named: "\(name).count")
        let zero = try derive(node, "\(name).zero", integer: 0)
        let one = try derive(node, "\(name).one", integer: 1)
        return try step(node, .shapeArithmetic(.range), [zero, count, one], named: "\(name).positions")
    }

    /// An integer without axes.
    mutating func derive(_ node: NodeReader, _ suffix: String, integer: Int) throws(ONNXError) -> ValueID {
        try derive(node, suffix, .integers(shape: .scalar, values: [integer]))
    }
}
