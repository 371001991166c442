import Networks
import Tensors

/// Names that nothing else in the model has.
///
/// Bodies of functions, branches and loops become part of the one graph, some of them many times over; what they call
/// their values then needs a name of its own.
struct NameSupply {
    private var taken: Set<String>
    /// Where the search for a name that is taken goes on, so that thousands of them take no square of that.
    private var numbers: [String: Int] = [:]

    /// - Parameter reserved: the names of the model's own graph, which stay as they are.
    init(reserved: Set<String> = []) { taken = reserved }

    /// `wanted`, or something like it where that is taken.
    mutating func fresh(_ wanted: String) -> String {
        if taken.insert(wanted).inserted { return wanted }
        var number = numbers[wanted] ?? 2
        while !taken.insert("\(wanted)_\(number)").inserted { number += 1 }
        numbers[wanted] = number + 1
        return "\(wanted)_\(number)"
    }
}

/// What is known while the bodies of functions, branches and loops are put into the graph.
struct InliningState {
    var names = NameSupply()
    /// The model's own functions.
    var functions: [LocalFunction.Key: LocalFunction] = [:]
    /// The functions whose bodies are being put in, outermost first.
    var callStack: [LocalFunction.Key] = []
    /// How many nodes the bodies may still come to: a small file must not become a huge graph.
    var remainingNodes = 1 << 14
    /// Lists of tensors, which exist only while the model is loaded; by name.
    var sequences: [String: [ValueID]] = [:]
}

/// What the names in a body stand for where it is put in, and the attributes of a function's call.
struct Renaming {
    /// By the name in the body; one that is missing means the same outside.
    var names: [String: String]
    /// The attributes that a function's nodes may refer to; nil outside of functions.
    var attributes: [String: Onnx_AttributeProto]?

    /// The nodes with names that exist nowhere else.
    mutating func applied(to nodes: [Onnx_NodeProto], _ supply: inout NameSupply) -> [Onnx_NodeProto] {
        nodes.map { node in
            var result = node
            result.input = node.input.map { names[$0] ?? $0 }
            result.output = node.output.map { name in
                if name.isEmpty { return name }
                if let known = names[name] { return known }
                let fresh = supply.fresh(name)
                names[name] = fresh
                return fresh
            }
            result.attribute = node.attribute.compactMap { attribute in resolved(attribute, &supply) }
            return result
        }
    }

    private func resolved(
        _ attribute: Onnx_AttributeProto, _ supply: inout NameSupply
    ) -> Onnx_AttributeProto? {
        var result = attribute
        if let attributes, !attribute.refAttrName.isEmpty {
            // An attribute that the call leaves out is left out in the body as well.
            guard let given = attributes[attribute.refAttrName] else { return nil }
            result = given
            result.name = attribute.name
            return result
        }
        if attribute.hasG { result.g = applied(to: attribute.g, &supply) }
        return result
    }

    /// A graph within the body. Its own names become fresh ones at once, so that none hides what the body's names have
    /// become.
    private func applied(to graph: Onnx_GraphProto, _ supply: inout NameSupply) -> Onnx_GraphProto {
        var inner = self
        var result = graph
        func define(_ name: String) -> String {
            let fresh = supply.fresh(name)
            inner.names[name] = fresh
            return fresh
        }
        for index in result.input.indices { result.input[index].name = define(result.input[index].name) }
        for index in result.initializer.indices {
            result.initializer[index].name = define(result.initializer[index].name)
        }
        // What a node of the graph makes hides a name outside, also where that is renamed.
        for node in graph.node { for output in node.output where !output.isEmpty { inner.names[output] = nil } }
        result.node = inner.applied(to: graph.node, &supply)
        for index in result.output.indices {
            let name = result.output[index].name
            result.output[index].name = inner.names[name] ?? name
        }
        return result
    }
}

extension GraphBuilder {
    /// Puts the body of a branch or loop into the graph.
    ///
    /// - Parameter inputs: what the body's inputs stand for; as many as it has.
    /// - Returns: the names of its outputs.
    mutating func instantiate(
        _ body: Onnx_GraphProto, inputs: [String], for node: NodeReader
    ) throws(ONNXError) -> [String] {
        guard body.input.count == inputs.count else {
            throw node.invalid("its body has \(body.input.count) inputs, it gives \(inputs.count)")
        }
        var renaming = Renaming(names: [:], attributes: nil)
        for (formal, actual) in zip(body.input, inputs) { renaming.names[formal.name] = actual }
        for tensor in body.initializer where renaming.names[tensor.name] == nil {
            var own = tensor
            own.name = inlining.names.fresh(tensor.name)
            renaming.names[tensor.name] = own.name
            try addInitializer(own)
        }
        try spend(nodes: body.node.count + 1, for: node)
        let nodes = renaming.applied(to: body.node, &inlining.names)
        try add(nodes)
        return body.output.map { renaming.names[$0.name] ?? $0.name }
    }

    /// Counts nodes about to be put in.
    mutating func spend(nodes count: Int, for node: NodeReader) throws(ONNXError) {
        guard count <= inlining.remainingNodes else {
            throw node.unsupported("bodies that come to more nodes than a network may have when written out")
        }
        inlining.remainingNodes -= count
    }

    /// The node's output of this name is what is called `source`: a value, or a list of them.
    mutating func bind(_ node: NodeReader, output name: String, to source: String) throws(ONNXError) {
        if let sequence = inlining.sequences[source] {
            inlining.sequences[name] = sequence
            return
        }
        guard let value = value(named: source) else { throw node.invalid("its body does not make '\(source)'") }
        try alias(node, output: name, of: value)
    }

    /// Shapes of all values as far as they can be told: where an extent of the network's inputs is free, that of some
    /// image. For ranks, and for extents that do not depend on what is free.
    func exampleShapes() -> Specialization? {
        var shapes: [ValueID: Shape] = [:]
        for input in graph.inputs {
            let extents = input.extents.enumerated().map { axis, extent in extent ?? (axis == 0 ? 2 : 224) }
            guard let shape = try? Shape(extents) else { return nil }
            shapes[input.value] = shape
        }
        return try? graph.specialized(for: shapes)
    }

    /// The number of axes of `value`; nil where it cannot be told.
    func rank(of value: ValueID) -> Int? {
        if let constant = graph.constants[value] { return constant.shape.rank }
        if let input = graph.inputs.first(where: { $0.value == value }) { return input.extents.count }
        return exampleShapes()?.shapes[value]?.rank
    }

    /// The shape of `value` once all extents of the network's inputs are known; nil where one is free.
    func staticShape(_ value: ValueID) throws(ONNXError) -> Shape? {
        if let constant = graph.constants[value] { return constant.shape }
        var shapes: [ValueID: Shape] = [:]
        for input in graph.inputs {
            let extents = input.extents.compactMap { $0 }
            guard extents.count == input.extents.count, let shape = try? Shape(extents) else { return nil }
            shapes[input.value] = shape
        }
        do { return try graph.specialized(for: shapes).shapes[value] } catch { throw .network(error) }
    }
}
