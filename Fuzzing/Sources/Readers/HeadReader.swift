import Foundation
import Tensors

@testable import ONNXImport

/// An ONNX file whose head is replaced at several of its values; what comes out is read as a network is.
///
/// Beside it lies a file `weights`, for networks that keep their weights outside.
@Sendable func readHead(_ data: Data) {
    _ = weights
    let file = Scratch.file("head.onnx", data)
    let nodes = (try? Onnx_ModelProto(serializedBytes: data))?.graph.node ?? []
    let values = ["features"] + nodes.prefix(4).compactMap(\.output.first)
    let (matrix, bias) = (head.matrix, head.bias)
    for (number, value) in values.enumerated() {
        guard
            let composed = try? ONNXModel.replacingHead(
                of: file, at: value, weights: matrix, bias: bias, freesExtents: number % 2 == 0),
            composed.size <= 1 << 24, let bytes = try? composed.bytes(in: 0..<composed.size)
        else { continue }
        _ = try? ONNXModel.load(bytes, externalData: file)
    }
}

private let weights = Scratch.file("weights", Data((0..<4096).map { UInt8(truncatingIfNeeded: $0) }))

/// Two classes of three features.
private let head: (matrix: Tensor, bias: Tensor) = {
    guard let matrix = try? Shape([2, 3]), let bias = try? Shape([2]) else { fatalError("shapes of a head") }
    return (Tensor(shape: matrix, repeating: 0.5), Tensor(shape: bias, repeating: 0))
}()
