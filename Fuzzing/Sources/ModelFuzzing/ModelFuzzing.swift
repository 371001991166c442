import Dispatch
import Execution
import Foundation
import Networks
import ONNXImport
import Tensors

/// Networks above this many values in all are read and measured, but not run: what the bytes may do wrong shows in
/// small ones too, and sooner.
private let largestNetwork = 100_000

/// The bytes of an ONNX file that may be anything: they are refused, or read, given shapes, and run.
///
/// Errors are what is expected of most files, and are dropped here; traps, overruns and endless loops are found by
/// libFuzzer and the address sanitizer.
@_cdecl("interpretd_fuzz_model")
public func fuzzModel(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let data = bytes.map { Data(bytes: $0, count: count) } ?? Data()
    guard let graph = try? ONNXModel.load(data) else { return 0 }
    for free in [[1, 3, 8, 8], [2, 3, 5, 9]] {
        guard let inputs = inputShapes(of: graph, free: free),
            let shapes = try? graph.shapes(
                for: Dictionary(zip(graph.inputs.map(\.value), inputs)) { first, _ in first })
        else { continue }
        if shapes.values.reduce(0, { $0 + $1.count }) <= largestNetwork { run(graph, inputs) }
    }
    return 0
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
    let finished = DispatchSemaphore(value: 0)
    Task {
        if let session = try? InferenceSession(graph: graph, threads: 1) {
            try? await session.perform { (evaluator) throws(any Error) in
                let tensors = inputs.map { Tensor(shape: $0, repeating: 0.5) }
                _ = try evaluator.forward(tensors).output(0)
                let derivative = Derivative(of: graph.outputs[0], withRespectTo: [graph.inputs[0].value])
                let pass = try evaluator.forward(tensors, derivatives: [derivative])
                _ = try pass.derivative(seed: Tensor(shape: pass.output(0).shape, repeating: 1))
            }
        }
        finished.signal()
    }
    finished.wait()
}
