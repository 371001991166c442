import Networks
import Tensors

/// A graph under construction. Operators are added in the order of the file, which ONNX requires to be topological.
/// Whatever depends on constants alone is computed at once and becomes a constant itself.
struct GraphBuilder {
    private(set) var graph = Graph()
    /// The element types of inputs and stored tensors, and of what keeps them, by which integers of few bits are told apart.
    var elementTypes: [ValueID: ElementType] = [:]
    let files: ExternalData
    /// The version of the standard operators; a function's body may have another than the model.
    var opset: Int
    /// What concerns bodies of functions, branches and loops.
    var inlining = InliningState()
    private var known: Set<ValueID> = []
    /// Of the positions of maxima as ONNX counts them, through the tensor, those that count through a plane.
    var planePositions: [ValueID: ValueID] = [:]
    /// Why a further output of a node is not there, such as the statistics that training keeps; by its name.
    private var omitted: [String: ONNXError] = [:]
    /// How many values may still be computed from constants: so many, and of each stored weight as many as it takes to
    /// normalize it.
    private var foldingBudget = 1 << 26
    private static let stepsOfWeights = 8
    /// How many values a file of a few bytes may still ask for as weights that are all alike: 1 GiB of them.
    private var fillingBudget = 1 << 28

    init(files: ExternalData, opset: Int) {
        self.files = files
        self.opset = opset
    }

    /// Keeps the names of the model's own graph, and of its initializers, from those that are made up.
    mutating func reserveNames(of graph: Onnx_GraphProto, and initializers: [String]) {
        inlining.names = NameSupply(
            reserved: Set(graph.node.flatMap(\.output) + graph.input.map(\.name) + initializers))
    }

    /// - Parameter values: the tensor's bytes where they are not in the message.
    mutating func addInitializer(
        _ tensor: Onnx_TensorProto, values: PlacedBytes? = nil
    ) throws(ONNXError) {
        let value = try define(tensor.name, by: "initializer")
        let constant = try tensor.constant(values: values, files: files)
        foldingBudget += GraphBuilder.stepsOfWeights * constant.shape.count
        graph.constants[value] = constant
        graph.elements[value] = tensor.element
        elementTypes[value] = ElementType(rawValue: tensor.dataType)
    }

    mutating func addInputs(_ inputs: [Onnx_ValueInfoProto]) throws(ONNXError) {
        for input in inputs {
            // Before IR version 4 initializers are listed among the inputs.
            if let value = graph.value(named: input.name), graph.constants[value] != nil { continue }
            guard let type = ElementType(rawValue: input.type.tensorType.elemType) else {
                throw .invalidTensor(name: input.name, reason: "the network's input must be numbers")
            }
            var extents: [Int?] = []
            for dimension in input.type.tensorType.shape.dim {
                // -1 is what some write for an extent of any size.
                if dimension.dimValue == 0 || dimension.dimValue == -1 || !dimension.dimParam.isEmpty {
                    extents.append(nil)
                } else {
                    guard let extent = Int(exactly: dimension.dimValue), extent > 0 else {
                        throw .invalidTensor(name: input.name, reason: "extent \(dimension.dimValue)")
                    }
                    extents.append(extent)
                }
            }
            let value = try define(input.name, by: "input")
            graph.elements[value] = type.element
            elementTypes[value] = type
            graph.inputs.append(Graph.Input(value: value, extents: extents))
        }
        guard !graph.inputs.isEmpty else { throw .malformed("its graph has no input") }
    }

    mutating func addOutputs(_ outputs: [Onnx_ValueInfoProto]) throws(ONNXError) {
        for output in outputs {
            guard let value = graph.value(named: output.name), known.contains(value) else {
                throw omitted[output.name] ?? .malformed("its output '\(output.name)' is made by no node")
            }
            graph.outputs.append(value)
        }
        guard !graph.outputs.isEmpty else { throw .malformed("its graph has no output") }
    }

    mutating func add(_ nodes: [Onnx_NodeProto]) throws(ONNXError) {
        for (index, node) in nodes.enumerated() { try add(NodeReader(node, index: index, opset: opset)) }
    }

    private mutating func add(_ node: NodeReader) throws(ONNXError) {
        let key = LocalFunction.Key(domain: node.domain, name: node.operation)
        if let function = inlining.functions[key] { return try call(function, key, node) }
        if key.domain.isEmpty, let build = OperatorTable.structural[node.operation] {
            // These look for their inputs themselves: some are lists of tensors.
            if try build(node, &self) { return }
        }
        guard let entry = OperatorTable.entry(domain: key.domain, operation: node.operation) else {
            if ["", "com.microsoft"].contains(key.domain), let reason = OperatorTable.refused[node.operation] {
                throw node.invalid("is not supported: \(reason)")
            }
            throw .unsupportedOperator(
                node: node.name, operation: node.operation, domain: node.domain, opset: node.opset)
        }
        guard (entry.inputs).contains(node.inputNames.count) else {
            throw node.invalid("has \(node.inputNames.count) inputs, the operator takes \(entry.inputs)")
        }
        for (position, name) in node.inputNames.enumerated() {
            if name.isEmpty {
                guard position >= entry.inputs.lowerBound else {
                    throw node.invalid("its input \(position) is missing")
                }
                continue
            }
            guard let value = graph.value(named: name), known.contains(value) else {
                throw omitted[name] ?? node.invalid("its input '\(name)' is made by no node before it")
            }
        }
        try entry.build(node, &self)
    }

    // MARK: For the operator builders

    /// The value of input `position`, nil where it is left out.
    func input(_ node: NodeReader, _ position: Int) -> ValueID? {
        guard position < node.inputNames.count, !node.inputNames[position].isEmpty else { return nil }
        return graph.value(named: node.inputNames[position])
    }

    func constant(_ node: NodeReader, _ position: Int) -> Constant? {
        input(node, position).flatMap { graph.constants[$0] }
    }

    /// Integers that are an attribute in old opsets and an input that must be constant in new ones; nil where left out.
    func integers(
        _ node: NodeReader, attribute: String, input position: Int
    ) throws(ONNXError) -> [Int]? {
        if let values = try node.integers(attribute) { return values }
        guard input(node, position) != nil else { return nil }
        guard let values = constant(node, position)?.integers else {
            throw node.unsupported("\(attribute) that are computed by other nodes")
        }
        return values
    }

    /// Adds `node` as `operation` with the node's own inputs, or with `inputs`. Further outputs are what training
    /// needs and nothing else reads; where something does, it is refused there.
    mutating func append(_ node: NodeReader, _ operation: Operator, inputs: [ValueID?]? = nil) throws(ONNXError) {
        try append(node, operation, inputs: inputs ?? node.inputNames.indices.map { input(node, $0) }, outputs: [0])
    }

    /// Adds `node` as `operation` that makes the outputs at these positions.
    mutating func append(
        _ node: NodeReader, _ operation: Operator, inputs: [ValueID?], outputs: [Int]
    ) throws(ONNXError) {
        var values: [ValueID] = []
        for position in outputs {
            guard position < node.outputNames.count else { throw node.invalid("has no output \(position)") }
            let name = node.outputNames[position]
            // An output that nobody reads may have no name, though one behind it is read.
            values.append(try define(name.isEmpty ? derivedName(node, "output\(position)") : name, by: node.name))
        }
        for (position, name) in node.outputNames.enumerated() where !name.isEmpty && !outputs.contains(position) {
            omitted[name] = node.unsupported("its output \(position) ('\(name)') in use")
        }
        try place(Node(name: node.name, operation: operation, inputs: inputs, outputs: values))
    }

    /// Adds a pooling that makes the node's first output and the positions of the maxima, which it returns.
    mutating func appendPooling(
        _ node: NodeReader, _ pooling: Operator, _ inputs: [ValueID?]
    ) throws(ONNXError) -> ValueID {
        let name = node.outputNames[0]
        let values = try define(name.isEmpty ? derivedName(node, "values") : name, by: node.name)
        let positions = try define(derivedName(node, "positions"), by: node.name)
        try place(Node(name: node.name, operation: pooling, inputs: inputs, outputs: [values, positions]))
        return positions
    }

    /// Adds a step of several outputs that the file does not have.
    mutating func step(
        _ node: NodeReader, _ operation: Operator, _ inputs: [ValueID?], named suffixes: [String]
    ) throws(ONNXError) -> [ValueID] {
        var outputs: [ValueID] = []
        for suffix in suffixes { outputs.append(try define(derivedName(node, suffix), by: node.name)) }
        try place(Node(name: node.name, operation: operation, inputs: inputs, outputs: outputs))
        return outputs
    }

    /// Adds a step that the file does not have, on the way to the node's output.
    mutating func step(
        _ node: NodeReader, _ operation: Operator, _ inputs: [ValueID?], named suffix: String
    ) throws(ONNXError) -> ValueID {
        let name = derivedName(node, suffix)
        let output = try define(name, by: node.name)
        try place(Node(name: name, operation: operation, inputs: inputs, outputs: [output]))
        return output
    }

    /// Makes the node's output a constant.
    mutating func appendConstant(
        _ node: NodeReader, _ constant: Constant, as type: ElementType? = nil
    ) throws(ONNXError) {
        guard let outputName = node.outputNames.first else { throw node.invalid("has no output") }
        let value = try define(outputName, by: node.name)
        graph.constants[value] = constant
        graph.elements[value] = type?.element ?? constant.element
        elementTypes[value] = type
    }

    /// Makes the node's first outputs constants, as far as they have names.
    mutating func appendConstants(_ node: NodeReader, _ constants: [Constant]) throws(ONNXError) {
        for (name, constant) in zip(node.outputNames, constants) where !name.isEmpty {
            let value = try define(name, by: node.name)
            graph.constants[value] = constant
            graph.elements[value] = constant.element
        }
    }

    /// What the numbers of the node's input stand for; nil where it is left out.
    func element(_ node: NodeReader, _ position: Int) -> Element? { input(node, position).map(graph.element) }

    /// Whether the value is flags.
    func isFlag(_ value: ValueID) -> Bool { graph.element(of: value) == .flag }

    /// A constant that the file does not have, derived from one it has.
    mutating func derive(_ node: NodeReader, _ suffix: String, _ constant: Constant) throws(ONNXError) -> ValueID {
        let value = try define(derivedName(node, suffix), by: "import")
        graph.constants[value] = constant
        graph.elements[value] = constant.element
        return value
    }

    /// Integers of one axis.
    mutating func derive(_ node: NodeReader, _ suffix: String, _ values: [Int]) throws(ONNXError) -> ValueID {
        do {
            return try derive(node, suffix, .integers(shape: try Shape([values.count]), values: values))
        } catch let error as ONNXError {
            throw error
        } catch {
            throw node.invalid("\(error)")
        }
    }

    /// A scalar.
    mutating func derive(_ node: NodeReader, _ suffix: String, _ value: Float) throws(ONNXError) -> ValueID {
        try derive(node, suffix, .floats(Tensor(shape: .scalar, repeating: value)))
    }

    /// What `value` is known to be once all extents of the network's inputs are; nil where one is free.
    func staticConstant(_ value: ValueID) throws(ONNXError) -> Constant? {
        if let constant = graph.constants[value] { return constant }
        var shapes: [ValueID: Shape] = [:]
        for input in graph.inputs {
            let extents = input.extents.compactMap { $0 }
            guard extents.count == input.extents.count, let shape = try? Shape(extents) else { return nil }
            shapes[input.value] = shape
        }
        do { return try graph.specialized(for: shapes).constants[value] } catch { throw .network(error) }
    }

    /// Another name for a value that exists.
    mutating func alias(_ node: NodeReader, output name: String, of value: ValueID) throws(ONNXError) {
        let output = try define(name, by: node.name)
        try place(Node(name: node.name, operation: .identity, inputs: [value], outputs: [output]))
    }

    /// Whether a value of this name exists already.
    func value(named name: String) -> ValueID? { graph.value(named: name).flatMap { known.contains($0) ? $0 : nil } }

    /// A name that nothing has yet: a file may well call its own constants `logits.bias`.
    private mutating func derivedName(_ node: NodeReader, _ suffix: String) -> String {
        inlining.names.fresh("\(node.outputNames.first ?? node.name).\(suffix)")
    }

    private mutating func place(_ node: Node) throws(ONNXError) {
        let elements = node.inputs.map { $0.map(graph.element) }
        for (position, output) in node.outputs.enumerated() {
            graph.elements[output] = node.operation.element(ofOutput: position, given: elements)
        }
        if let first = node.inputs.first ?? nil, node.operation.keepsElementType {
            elementTypes[node.output] = elementTypes[first]
        }
        do {
            if let constant = try graph.folded(node, fillingAtMost: fillingBudget) {
                if case .shapeArithmetic(.filled(.float)) = node.operation {
                    fillingBudget -= constant.shape.count
                    foldingBudget += 2 * constant.shape.count
                } else {
                    foldingBudget -= constant.shape.count
                }
                guard foldingBudget >= 0 else {
                    throw ONNXError.malformed("the constants it computes would take too much memory")
                }
                graph.constants[node.output] = constant
            } else {
                graph.nodes.append(node)
            }
        } catch let error as NetworkError {
            throw .network(error)
        } catch let error as ONNXError {
            throw error
        } catch {
            throw .malformed("\(error)")
        }
    }

    private mutating func define(_ name: String, by definer: String) throws(ONNXError) -> ValueID {
        guard !name.isEmpty else { throw .malformed("\(definer) makes a value without a name") }
        let value = graph.intern(name)
        guard known.insert(value).inserted else { throw .malformed("two things are called '\(name)'") }
        return value
    }
}

extension Constant {
    fileprivate var element: Element {
        switch self {
        case .floats: .float
        case .integers: .integer
        }
    }
}
