import Networks
import Tensors

/// Exporters write If where they do not know a rank or extent that the input's shape decides; the branch that is taken
/// becomes part of the graph. Where only running the network decides, both are computed and the flag chooses.
func buildIf(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) -> Bool {
    guard let condition = builder.input(node, 0), let yes = node.graph("then_branch"),
        let no = node.graph("else_branch"), yes.output.count == node.outputNames.count,
        no.output.count == node.outputNames.count
    else { throw node.invalid("its condition is missing, or its branches do not fit its outputs") }
    if let flag = try builder.staticConstant(condition)?.scalar {
        let results = try builder.instantiate(flag != 0 ? yes : no, inputs: [], for: node)
        for (output, source) in zip(node.outputNames, results) where !output.isEmpty {
            try builder.bind(node, output: output, to: source)
        }
        return true
    }
    let whereTrue = try builder.instantiate(yes, inputs: [], for: node)
    let whereFalse = try builder.instantiate(no, inputs: [], for: node)
    for (position, output) in node.outputNames.enumerated() where !output.isEmpty {
        guard let a = builder.value(named: whereTrue[position]), let b = builder.value(named: whereFalse[position])
        else { throw node.unsupported("branches that make lists, and a condition that only running decides") }
        let shapes = builder.exampleShapes()?.shapes
        let (shapeA, shapeB) = (
            shapes?[a] ?? builder.graph.constants[a]?.shape, shapes?[b] ?? builder.graph.constants[b]?.shape
        )
        guard let shapeA, shapeA == shapeB else {
            throw node.unsupported(
                "a condition that only running the network decides, and branches whose results have different "
                    + "shapes; export the branch that is meant")
        }
        try builder.append(node, .shapeArithmetic(.selection), inputs: [condition, a, b], outputs: [position])
    }
    return true
}

/// A loop whose number of rounds is known when the model is loaded is written out.
///
/// Inputs M?, condition?, the first values that it carries. The body takes the round's number, the condition, and those;
/// it makes the condition, the next values, and what is collected from each round along a new first axis.
func buildLoop(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) -> Bool {
    guard let body = node.graph("body"), body.input.count >= 2, body.output.count >= 1 else {
        throw node.invalid("its body is missing")
    }
    let carriedCount = body.input.count - 2
    let collectedCount = body.output.count - 1 - carriedCount
    guard node.inputNames.count == carriedCount + 2, collectedCount >= 0,
        node.outputNames.count <= carriedCount + collectedCount
    else { throw node.invalid("its inputs or outputs do not fit its body") }
    var limit: Int?
    if let value = builder.input(node, 0) {
        guard let count = try builder.staticConstant(value)?.integers?.first else {
            throw node.unsupported(
                "a number of rounds that only running the network decides, or an extent that is free; export with "
                    + "fixed extents")
        }
        limit = count
    }
    var condition = node.inputNames[1]
    var carried = Array(node.inputNames[2...])
    var collected = [[ValueID]](repeating: [], count: collectedCount)
    var round = 0
    while limit.map({ round < $0 }) ?? true, try builder.isTrue(condition, node) {
        let number = try builder.derive(node, "round", .integers(shape: .scalar, values: [round]))
        if condition.isEmpty {
            let goesOn = try builder.derive(node, "condition", .integers(shape: .scalar, values: [1]))
            condition = builder.graph.name(of: goesOn)
        }
        let results = try builder.instantiate(
            body, inputs: [builder.graph.name(of: number), condition] + carried, for: node)
        condition = results[0]
        carried = Array(results[1..<1 + carriedCount])
        for index in 0..<collectedCount {
            guard let value = builder.value(named: results[1 + carriedCount + index]) else {
                throw node.invalid("its body does not make '\(results[1 + carriedCount + index])'")
            }
            collected[index].append(try builder.step(node, .unsqueeze(axes: [0]), [value], named: "round\(round)"))
        }
        round += 1
    }
    for (position, output) in node.outputNames.enumerated() where !output.isEmpty {
        if position < carriedCount {
            try builder.bind(node, output: output, to: carried[position])
        } else {
            try builder.appendJoined(node, collected[position - carriedCount], axis: 0, output: position)
        }
    }
    return true
}

/// A loop over the slices of tensors, written out.
///
/// Inputs the first values that it carries, then tensors of which each round takes a slice; outputs the last values, then
/// what is collected from each round along an axis.
func buildScan(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) -> Bool {
    guard node.opset >= 9 else { throw node.unsupported("a batch axis; export with opset 9 or later") }
    guard let body = node.graph("body"), let slicedCount = try node.integer("num_scan_inputs"), slicedCount > 0,
        node.inputNames.count == body.input.count, node.inputNames.count >= slicedCount
    else { throw node.invalid("its body is missing or does not fit its inputs") }
    let carriedCount = node.inputNames.count - slicedCount
    let collectedCount = body.output.count - carriedCount
    guard collectedCount >= 0, node.outputNames.count <= body.output.count else {
        throw node.invalid("its outputs do not fit its body")
    }
    func option(_ name: String, _ count: Int) throws(ONNXError) -> [Int] {
        let values = try node.integers(name) ?? Array(repeating: 0, count: count)
        guard values.count == count else { throw node.invalid("\(name) \(values)") }
        return values
    }
    let axes = try option("scan_input_axes", slicedCount)
    let directions = try option("scan_input_directions", slicedCount)
    let outputAxes = try option("scan_output_axes", collectedCount)
    let outputDirections = try option("scan_output_directions", collectedCount)

    var sliced: [ValueID] = []
    var rounds: Int?
    for index in 0..<slicedCount {
        guard let value = builder.input(node, carriedCount + index) else {
            throw node.invalid("its input \(carriedCount + index) is missing")
        }
        guard let shape = try builder.staticShape(value) else {
            throw node.unsupported("an extent that is free; export with fixed extents")
        }
        let axis = axes[index] < 0 ? axes[index] + shape.rank : axes[index]
        guard shape.dimensions.indices.contains(axis), rounds ?? shape[axis] == shape[axis] else {
            throw node.invalid("axis \(axes[index]) of \(shape)")
        }
        rounds = shape[axis]
        sliced.append(value)
    }
    var carried = Array(node.inputNames[..<carriedCount])
    var collected = [[ValueID]](repeating: [], count: collectedCount)
    for round in 0..<(rounds ?? 0) {
        var inputs = carried
        for index in 0..<slicedCount {
            let position = directions[index] == 0 ? round : (rounds ?? 0) - 1 - round
            let place = try builder.derive(node, "place", .integers(shape: .scalar, values: [position]))
            let slice = try builder.step(
                node, .gather(axis: axes[index]), [sliced[index], place], named: "slice\(round)")
            inputs.append(builder.graph.name(of: slice))
        }
        let results = try builder.instantiate(body, inputs: inputs, for: node)
        carried = Array(results[..<carriedCount])
        for index in 0..<collectedCount {
            guard let value = builder.value(named: results[carriedCount + index]) else {
                throw node.invalid("its body does not make '\(results[carriedCount + index])'")
            }
            collected[index].append(
                try builder.step(node, .unsqueeze(axes: [outputAxes[index]]), [value], named: "round\(round)"))
        }
    }
    for (position, output) in node.outputNames.enumerated() where !output.isEmpty {
        if position < carriedCount {
            try builder.bind(node, output: output, to: carried[position])
        } else {
            let index = position - carriedCount
            let parts = outputDirections[index] == 0 ? collected[index] : collected[index].reversed()
            try builder.appendJoined(node, parts, axis: outputAxes[index], output: position)
        }
    }
    return true
}

extension GraphBuilder {
    /// Whether a loop goes on.
    fileprivate func isTrue(_ condition: String, _ node: NodeReader) throws(ONNXError) -> Bool {
        if condition.isEmpty { return true }
        guard let value = value(named: condition) else {
            throw node.invalid("its condition '\(condition)' is made by no node")
        }
        guard let flag = try staticConstant(value)?.scalar else {
            throw node.unsupported("a condition that only running the network decides; export a fixed number of rounds")
        }
        return flag != 0
    }

    /// The node's output at `position` is these tensors one behind the other.
    mutating func appendJoined(
        _ node: NodeReader, _ parts: [ValueID], axis: Int, output position: Int
    ) throws(ONNXError) {
        guard !parts.isEmpty else { throw node.unsupported("no rounds, and results collected from them") }
        guard parts.count > 1 else {
            return try append(node, .identity, inputs: [parts[0]], outputs: [position])
        }
        try append(node, .concatenation(axis: axis), inputs: parts, outputs: [position])
    }
}
