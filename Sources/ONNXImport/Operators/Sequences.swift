import Networks
import Tensors

// Lists of tensors are known while the model is loaded, and are gone afterwards: what is put into them and taken out of
// them is followed by name.

/// Operators on lists; false where the node is about a tensor after all.
func buildSequenceIdentity(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) -> Bool {
    guard let name = node.inputNames.first, builder.inlining.sequences[name] != nil,
        let output = node.outputNames.first
    else { return false }
    try builder.bind(node, output: output, to: name)
    return true
}

func buildSequenceEmpty(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) -> Bool {
    try builder.setSequence(node, [])
    return true
}

func buildSequenceConstruct(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) -> Bool {
    var values: [ValueID] = []
    for position in node.inputNames.indices { values.append(try builder.member(node, position)) }
    try builder.setSequence(node, values)
    return true
}

func buildSequenceInsert(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) -> Bool {
    var sequence = try builder.sequence(node)
    let value = try builder.member(node, 1)
    let position = try builder.place(node, 2, count: sequence.count + 1) ?? sequence.count
    sequence.insert(value, at: position)
    try builder.setSequence(node, sequence)
    return true
}

func buildSequenceErase(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) -> Bool {
    var sequence = try builder.sequence(node)
    guard !sequence.isEmpty else { throw node.invalid("the list is empty") }
    sequence.remove(at: try builder.place(node, 1, count: sequence.count) ?? sequence.count - 1)
    try builder.setSequence(node, sequence)
    return true
}

func buildSequenceAt(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) -> Bool {
    let sequence = try builder.sequence(node)
    guard let position = try builder.place(node, 1, count: sequence.count) else {
        throw node.invalid("its position is missing")
    }
    try builder.append(node, .identity, inputs: [sequence[position]])
    return true
}

func buildSequenceLength(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) -> Bool {
    try builder.appendConstant(node, .integers(shape: .scalar, values: [try builder.sequence(node).count]))
    return true
}

func buildConcatFromSequence(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) -> Bool {
    guard let axis = try node.integer("axis") else { throw node.invalid("axis is missing") }
    var parts = try builder.sequence(node)
    guard !parts.isEmpty else { throw node.invalid("the list is empty") }
    if try node.flag("new_axis") {
        var lifted: [ValueID] = []
        for part in parts {
            lifted.append(try builder.step(node, .unsqueeze(axes: [axis]), [part], named: "part\(lifted.count)"))
        }
        parts = lifted
    }
    try builder.appendJoined(node, parts, axis: axis, output: 0)
    return true
}

/// Inputs x and lengths?: one number for all pieces, or one each; without, pieces of length 1.
func buildSplitToSequence(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) -> Bool {
    let x = try builder.member(node, 0)
    guard let shape = try builder.staticShape(x) else {
        throw node.unsupported("an extent that is free; export with fixed extents")
    }
    let declared = try node.integer("axis") ?? 0
    let axis = declared < 0 ? declared + shape.rank : declared
    guard shape.dimensions.indices.contains(axis) else { throw node.invalid("axis \(declared) of \(shape)") }
    let extent = shape[axis]
    var lengths = Array(repeating: 1, count: extent)
    var dropsAxis = try !node.flag("keepdims", otherwise: true)
    if let value = builder.input(node, 1) {
        dropsAxis = false
        guard let constant = try builder.staticConstant(value), let given = constant.integers else {
            throw node.unsupported("lengths that only running the network decides")
        }
        if constant.shape.rank == 0, let length = given.first {
            guard length > 0 else { throw node.invalid("pieces of length \(length)") }
            lengths = stride(from: 0, to: extent, by: length).map { min(length, extent - $0) }
        } else {
            lengths = given
        }
    }
    try builder.spend(nodes: 2 * lengths.count, for: node)
    var parts: [ValueID] = []
    for index in lengths.indices {
        var part = try builder.step(
            node, .part(Part(axis: axis, pieces: .lengths(lengths), index: index)), [x], named: "part\(index)")
        if dropsAxis { part = try builder.step(node, .squeeze(axes: [axis]), [part], named: "slice\(index)") }
        parts.append(part)
    }
    try builder.setSequence(node, parts)
    return true
}

extension GraphBuilder {
    /// The list that is the node's first input.
    fileprivate func sequence(_ node: NodeReader) throws(ONNXError) -> [ValueID] {
        guard let name = node.inputNames.first, let sequence = inlining.sequences[name] else {
            throw node.unsupported("a list of tensors that the model does not make itself")
        }
        return sequence
    }

    fileprivate mutating func setSequence(_ node: NodeReader, _ values: [ValueID]) throws(ONNXError) {
        guard let name = node.outputNames.first, !name.isEmpty, inlining.sequences[name] == nil else {
            throw node.invalid("its output has no name, or that of another list")
        }
        // A list of every round's values is as long as the rounds are many; all of them together stay bounded.
        try spend(nodes: values.count / 16, for: node)
        inlining.sequences[name] = values
    }

    /// The tensor that is the node's input at `position`.
    fileprivate func member(_ node: NodeReader, _ position: Int) throws(ONNXError) -> ValueID {
        guard position < node.inputNames.count, let value = value(named: node.inputNames[position]) else {
            throw node.invalid("its input \(position) is no tensor that a node before it makes")
        }
        return value
    }

    /// A position in a list of `count`; nil where the node leaves it out.
    fileprivate func place(_ node: NodeReader, _ position: Int, count: Int) throws(ONNXError) -> Int? {
        guard let value = input(node, position) else { return nil }
        guard let index = try staticConstant(value)?.integers?.first else {
            throw node.unsupported("a position that only running the network decides")
        }
        let place = index < 0 ? index + count : index
        guard (0..<count).contains(place) else { throw node.invalid("position \(index) in a list of \(count)") }
        return place
    }
}
