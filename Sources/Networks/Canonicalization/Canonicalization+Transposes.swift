import Tensors

extension Graph {
    /// Moves transposes behind the operators that can do without them, where they meet their inverses and both vanish.
    ///
    /// An operator that is moved before its transpose makes a value of another name: "x.nchw" for what the file calls
    /// x and keeps as [N,H,W,C], "x.untransposed" in general. What then nobody reads is dropped with the dead nodes.
    mutating func moveTransposes() {
        var pass = TransposePass(graph: self)
        for node in nodes { pass.take(node) }
        self = pass.graph
        nodes = pass.nodes
    }
}

private struct TransposePass {
    /// A value that is another one transposed: its axis i is axis `order[i]` of `source`.
    struct View {
        var source: ValueID
        var order: [Int]
    }

    var graph: Graph
    var nodes: [Node] = []
    private var views: [ValueID: View] = [:]
    private var alias: [ValueID: ValueID] = [:]

    init(graph: Graph) { self.graph = graph }

    mutating func take(_ original: Node) {
        var node = original
        node.inputs = node.inputs.map { $0.map { alias[$0] ?? $0 } }
        if case .transpose(let order?) = node.operation, let input = node.input(0) {
            transpose(node, input, order)
        } else if !moved(node) {
            nodes.append(node)
        }
    }

    private mutating func transpose(_ node: Node, _ input: ValueID, _ order: [Int]) {
        guard order.sorted() == Array(order.indices) else { return nodes.append(node) }
        var view = View(source: input, order: order)
        if let inner = views[input], inner.order.count == order.count {
            view = View(source: inner.source, order: order.map { inner.order[$0] })
        }
        if view.order == Array(order.indices) {
            if graph.outputs.contains(node.output) {
                nodes.append(
                    Node(name: node.name, operation: .identity, inputs: [view.source], outputs: node.outputs))
            } else {
                alias[node.output] = view.source
            }
            return
        }
        append(node.name, node.output, view)
    }

    private mutating func append(_ name: String, _ output: ValueID, _ view: View) {
        views[output] = view
        nodes.append(
            Node(name: name, operation: .transpose(order: view.order), inputs: [view.source], outputs: [output]))
    }

    /// Puts the operator before the transposes it reads from.
    private mutating func moved(_ node: Node) -> Bool {
        guard node.outputs.count == 1, let order = node.inputs.compactMap({ $0.flatMap { views[$0]?.order } }).first
        else { return false }
        let rank = order.count
        func axis(_ axis: Int) -> Int? {
            let normalized = axis < 0 ? axis + rank : axis
            return order.indices.contains(normalized) ? order[normalized] : nil
        }
        func axes(_ declared: [Int]) -> [Int]? {
            let result = declared.compactMap(axis)
            return result.count == declared.count ? result : nil
        }
        var before = node
        /// Axes that the operator takes away.
        var dropped: [Int] = []
        switch node.operation {
        case .activation, .identity, .shapeArithmetic(.cast(.float)):
            before.inputs[0] = node.input(0).flatMap { views[$0]?.source }
        case .arithmetic, .concatenation:
            var broadcasts = true
            if case .concatenation = node.operation { broadcasts = false }
            guard let sources = sources(node, order, padsRank: broadcasts) else { return false }
            before.inputs = sources
            if case .concatenation(let declared) = node.operation {
                guard let axis = axis(declared) else { return false }
                before.operation = .concatenation(axis: axis)
            }
        case .softmax(var softmax):
            guard !softmax.flattensTail, let axis = axis(softmax.axis) else { return false }
            softmax.axis = axis
            before.operation = .softmax(softmax)
            before.inputs[0] = node.input(0).flatMap { views[$0]?.source }
        case .reduction(var reduction):
            guard let declared = reduction.axes, let axes = axes(declared) else { return false }
            reduction.axes = axes
            before.operation = .reduction(reduction)
            before.inputs[0] = node.input(0).flatMap { views[$0]?.source }
            dropped = reduction.keepsAxes ? [] : axes
        case .squeeze(let declared?):
            guard let axes = axes(declared) else { return false }
            before.operation = .squeeze(axes: axes)
            before.inputs[0] = node.input(0).flatMap { views[$0]?.source }
            dropped = axes
        case .part(var part):
            guard let axis = axis(part.axis) else { return false }
            part.axis = axis
            before.operation = .part(part)
            before.inputs[0] = node.input(0).flatMap { views[$0]?.source }
        case .padding(let padding):
            // Counts for all axes become counts for these axes in this order.
            guard let axes = axes(padding.axes ?? Array(0..<rank)), node.input(0).flatMap({ views[$0] }) != nil else {
                return false
            }
            before.operation = .padding(Padding(mode: padding.mode, axes: axes))
            before.inputs[0] = node.input(0).flatMap { views[$0]?.source }
        // These want their axes in the order in which they are.
        case .convolution, .transposedConvolution, .pooling, .maximumUnpooling, .globalPooling, .resize,
            .fullyConnected, .matrixProduct, .batchNormalization, .normalization, .localResponseNormalization,
            .flatten, .reshape, .squeeze(axes: nil), .unsqueeze, .transpose, .slice, .expansion, .tiling,
            .depthToSpace, .spaceToDepth, .gather, .graft, .shapeArithmetic, .einsum, .extremum, .ranking,
            .accumulation, .triangle, .pick, .scatter,
            .recurrence, .quantization, .sampling:
            return false
        }
        finish(before, node, order, dropped)
        return true
    }

    /// The operands before their transposes; constants are transposed back. Nil where an operand is neither.
    private mutating func sources(_ node: Node, _ order: [Int], padsRank: Bool) -> [ValueID?]? {
        var result: [ValueID?] = []
        for case let input? in node.inputs {
            if let view = views[input] {
                guard view.order == order else { return nil }
                result.append(view.source)
            } else if let tensor = graph.constants[input]?.tensor {
                if tensor.shape.rank == 0, padsRank {
                    result.append(input)
                    continue
                }
                guard let constant = transposedBack(tensor, order, padsRank: padsRank) else { return nil }
                result.append(graph.addConstant("\(graph.name(of: input))\(suffix(order))", .floats(constant)))
            } else {
                return nil
            }
        }
        return result.count == node.inputs.count ? result : nil
    }

    /// The constant whose transpose is `tensor`.
    private func transposedBack(_ tensor: Tensor, _ order: [Int], padsRank: Bool) -> Tensor? {
        guard tensor.shape.rank == order.count || (padsRank && tensor.shape.rank < order.count) else { return nil }
        let extents = Array(repeating: 1, count: order.count - tensor.shape.rank) + tensor.shape.dimensions
        guard let padded = try? Shape(extents) else { return nil }
        var inverse = order
        for (axis, source) in order.enumerated() { inverse[source] = axis }
        guard let shape = try? Shape(inverse.map { padded[$0] }) else { return nil }
        let view = StridedView(extents: shape.dimensions, strides: inverse.map { padded.strides[$0] })
        var values: [Float] = []
        values.reserveCapacity(tensor.count)
        tensor.withUnsafeValues { source in view.forEachOffset { values.append(source[$0]) } }
        return try? Tensor(shape: shape, values: values)
    }

    /// Adds the operator, and the transpose of what it makes.
    private mutating func finish(_ before: Node, _ node: Node, _ order: [Int], _ dropped: [Int]) {
        var before = before
        let left = order.filter { !dropped.contains($0) }
        let remaining = left.map { axis in left.count { $0 < axis } }
        if remaining == Array(remaining.indices) {
            nodes.append(before)
            return
        }
        let inner = graph.freshValue("\(graph.name(of: node.output))\(suffix(order))")
        before.outputs = [inner]
        nodes.append(before)
        append("\(node.name).transpose", node.output, View(source: inner, order: remaining))
    }

    private func suffix(_ order: [Int]) -> String { order == [0, 2, 3, 1] ? ".nchw" : ".untransposed" }
}
