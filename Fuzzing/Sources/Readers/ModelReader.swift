import Execution
import Foundation
import Networks
import ONNXImport
import Tensors

/// Networks above this many values in all are read and measured, but not run: what the bytes may do wrong shows in
/// small ones too, and sooner.
private let largestNetwork = 100_000

/// An ONNX file: refused, or read, given shapes, and run.
@Sendable func readModel(_ data: Data) {
    guard let graph = try? ONNXModel.load(data) else { return }
    for free in [[1, 3, 8, 8], [2, 3, 5, 9]] {
        guard let inputs = inputShapes(of: graph, free: free),
            let shapes = try? graph.shapes(
                for: Dictionary(zip(graph.inputs.map(\.value), inputs)) { first, _ in first })
        else { continue }
        if shapes.values.reduce(0, { $0 + $1.count }) <= largestNetwork { run(graph, inputs) }
    }
}

/// A shape for each input: its own where the file fixes it, `free` extents elsewhere.
private func inputShapes(of graph: Graph, free: [Int]) -> [Shape]? {
    let shapes = graph.inputs.map { input in
        try? Shape(input.extents.enumerated().map { $1 ?? ($0 < free.count ? free[$0] : 2) })
    }
    let known = shapes.compactMap(\.self)
    return known.count == shapes.count ? known : nil
}

/// One forward pass, and one way back from the first output to the first input.
private func run(_ graph: Graph, _ inputs: [Shape]) {
    waiting {
        guard let session = try? InferenceSession(graph: graph, threads: 1) else { return }
        try? await session.perform { (evaluator) throws(any Error) in
            let tensors = inputs.map { Tensor(shape: $0, repeating: 0.5) }
            _ = try evaluator.forward(tensors).output(0)
            let derivative = Derivative(of: graph.outputs[0], withRespectTo: [graph.inputs[0].value])
            let pass = try evaluator.forward(tensors, derivatives: [derivative])
            _ = try pass.derivative(seed: Tensor(shape: pass.output(0).shape, repeating: 1))
        }
    }
}
