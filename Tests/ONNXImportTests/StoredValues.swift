import Networks
import ONNXImport
import Tensors
import Testing

/// What import makes of nodes that read stored values alone: they are computed while a file is loaded.
func stored(
    _ nodes: [Message], _ initializers: [Message], outputs: [String] = ["y"], opset: Int64
) throws -> [Constant] {
    let graph = try ONNXModel.load(
        Message.model(.graph(nodes, initializers: initializers, outputs: outputs), opset: opset))
    return try graph.outputs.map { try #require(graph.constants[$0], "an output is not computed at load") }
}

/// The values of the first output, integers widened.
func storedNumbers(_ nodes: [Message], _ initializers: [Message], opset: Int64) throws -> [Float] {
    switch try stored(nodes, initializers, opset: opset)[0] {
    case .floats(let tensor): tensor.values
    case .integers(_, let values): values.map { Float($0) }
    }
}
