import Networks
import Tensors

/// Graphs written node by node.
struct GraphWriter {
    var graph = Graph()
    private var count = 0

    init() {}

    mutating func input(_ extents: [Int?]) -> ValueID {
        let value = graph.intern("input\(graph.inputs.count)")
        graph.inputs.append(Graph.Input(value: value, extents: extents))
        return value
    }

    mutating func constant(_ extents: [Int], _ values: (Int) -> Float = { Float($0 % 5) - 2 }) throws -> ValueID {
        let shape = try Shape(extents)
        return constant(.floats(try Tensor(shape: shape, values: (0..<shape.count).map(values))))
    }

    mutating func scalar(_ value: Float) -> ValueID { constant(.floats(Tensor(shape: .scalar, repeating: value))) }

    mutating func integers(_ values: [Int]) throws -> ValueID {
        constant(.integers(shape: try Shape([values.count]), values: values))
    }

    mutating func constant(_ constant: Constant) -> ValueID {
        count += 1
        let value = graph.intern("constant\(count)")
        graph.constants[value] = constant
        return value
    }

    mutating func node(_ operation: Operator, _ inputs: [ValueID?], _ name: String? = nil) -> ValueID {
        count += 1
        let output = graph.intern(name ?? "value\(count)")
        graph.nodes.append(
            Node(name: graph.name(of: output), operation: operation, inputs: inputs, outputs: [output]))
        return output
    }

    mutating func convolution(
        _ x: ValueID, channels: Int, to outputs: Int, kernel: Int = 3, stride: Int = 1, padding: Int = 0,
        _ name: String? = nil
    ) throws -> ValueID {
        let weights = try constant([outputs, channels, kernel, kernel])
        let window = Window(
            kernel: [kernel, kernel], stride: [stride, stride], dilation: [1, 1],
            padding: .explicit(begin: [padding, padding], end: [padding, padding]))
        return node(.convolution(Convolution(window: window, groups: 1)), [x, weights], name)
    }

    func finished(_ outputs: ValueID...) -> Graph {
        var graph = graph
        graph.outputs = outputs
        return graph
    }
}
