import Networks
import Tensors

/// A graph under construction. Operators are added in the order of the file, which ONNX requires to be topological.
struct GraphBuilder {
    private(set) var graph = Graph()
    let files: ExternalData
    private var known: Set<ValueID> = []

    init(files: ExternalData) { self.files = files }

    mutating func addInitializers(_ initializers: [Onnx_TensorProto]) throws(ONNXError) {
        for tensor in initializers {
            let value = try define(tensor.name, by: "initializer")
            graph.constants[value] = try tensor.constant(files: files)
        }
    }

    mutating func addInputs(_ inputs: [Onnx_ValueInfoProto]) throws(ONNXError) {
        for input in inputs {
            // Before IR version 4 initializers are listed among the inputs.
            if let value = graph.value(named: input.name), graph.constants[value] != nil { continue }
            guard input.type.tensorType.elemType == ElementType.float.rawValue else {
                throw .invalidTensor(name: input.name, reason: "the network's input must be float32")
            }
            var extents: [Int?] = []
            for dimension in input.type.tensorType.shape.dim {
                if dimension.dimValue == 0 || !dimension.dimParam.isEmpty {
                    extents.append(nil)
                } else {
                    guard let extent = Int(exactly: dimension.dimValue), extent > 0 else {
                        throw .invalidTensor(name: input.name, reason: "extent \(dimension.dimValue)")
                    }
                    extents.append(extent)
                }
            }
            let value = try define(input.name, by: "input")
            graph.inputs.append(Graph.Input(value: value, extents: extents))
        }
        guard !graph.inputs.isEmpty else { throw .malformed("its graph has no input") }
    }

    mutating func addOutputs(_ outputs: [Onnx_ValueInfoProto]) throws(ONNXError) {
        for output in outputs {
            guard let value = graph.value(named: output.name), known.contains(value) else {
                throw .malformed("its output '\(output.name)' is made by no node")
            }
            graph.outputs.append(value)
        }
        guard !graph.outputs.isEmpty else { throw .malformed("its graph has no output") }
    }

    mutating func add(_ node: NodeReader) throws(ONNXError) {
        guard node.domain.isEmpty || node.domain == "ai.onnx", let entry = OperatorTable.entries[node.operation] else {
            throw .unsupportedOperator(
                node: node.name, operation: node.operation, domain: node.domain, opset: node.opset)
        }
        guard (entry.inputs).contains(node.inputNames.count) else {
            throw node.invalid("has \(node.inputNames.count) inputs, the operator takes \(entry.inputs)")
        }
        for name in node.inputNames where !name.isEmpty {
            guard let value = graph.value(named: name), known.contains(value) else {
                throw node.invalid("its input '\(name)' is made by no node before it")
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

    /// Adds `node` as `operation` with the node's own inputs, or with `inputs`.
    mutating func append(_ node: NodeReader, _ operation: Operator, inputs: [ValueID?]? = nil) throws(ONNXError) {
        guard let outputName = node.outputNames.first, !outputName.isEmpty else { throw node.invalid("has no output") }
        if let extra = node.outputNames.dropFirst().first(where: { !$0.isEmpty }) {
            throw node.unsupported("the further output '\(extra)'")
        }
        let inputs = inputs ?? node.inputNames.indices.map { input(node, $0) }
        let output = try define(outputName, by: node.name)
        graph.nodes.append(Node(name: node.name, operation: operation, inputs: inputs, outputs: [output]))
    }

    /// Makes the node's output a constant.
    mutating func appendConstant(_ node: NodeReader, _ constant: Constant) throws(ONNXError) {
        guard let outputName = node.outputNames.first else { throw node.invalid("has no output") }
        graph.constants[try define(outputName, by: node.name)] = constant
    }

    /// A constant that the file does not have, derived from one it has.
    mutating func derive(_ name: String, _ tensor: Tensor) throws(ONNXError) -> ValueID {
        let value = try define(name, by: "import")
        graph.constants[value] = .floats(tensor)
        return value
    }

    private mutating func define(_ name: String, by definer: String) throws(ONNXError) -> ValueID {
        guard !name.isEmpty else { throw .malformed("\(definer) makes a value without a name") }
        let value = graph.intern(name)
        guard known.insert(value).inserted else { throw .malformed("two things are called '\(name)'") }
        return value
    }
}
