import Execution
import Networks
import Tensors
import Testing

/// Numbers of fewer bits on the way through a network: what becomes of the values, and that the gradient passes straight
/// through (Bengio et al. 2013, arXiv:1308.3432).
@Suite struct NarrowingTests {
    /// y = 3·narrowed(x), and the signal of a seed of ones at x.
    private func evaluated(_ narrowing: Operator, _ x: [Float]) async throws -> (values: [Float], signal: [Float]) {
        var graph = Graph()
        let (input, narrow, factor, output) = (
            graph.intern("x"), graph.intern("narrow"), graph.intern("factor"), graph.intern("y")
        )
        graph.inputs = [Graph.Input(value: input, extents: [1, x.count])]
        graph.constants[factor] = .floats(Tensor(shape: .scalar, repeating: 3))
        graph.nodes = [
            Node(name: "narrowing", operation: narrowing, inputs: [input], outputs: [narrow]),
            Node(name: "product", operation: .arithmetic(.multiply), inputs: [narrow, factor], outputs: [output]),
        ]
        graph.outputs = [output]
        let tensor = try Tensor(shape: Shape([1, x.count]), values: x)
        let derivative = Derivative(of: output, withRespectTo: [input])
        return try await InferenceSession(graph: graph, threads: 1).perform { evaluator in
            let pass = try evaluator.forward([tensor], derivatives: [derivative])
            let signals = try pass.derivative(seed: Tensor(shape: tensor.shape, repeating: 1))
            return (try pass.output().values, signals.first?.map(\.values) ?? [])
        }
    }

    /// What a cast to float16 or bfloat16 becomes (`ImportTests`): 2049 and 65520 are numbers of neither and stay what they
    /// are, where a rounded gradient would be 0 almost everywhere.
    @Test func castsToHalfPrecisionRoundNothing() async throws {
        let x: [Float] = [0.1, -1.0009766, 2049, 65520]
        let (values, signal) = try await evaluated(.shapeArithmetic(.cast(.float)), x)
        #expect(values == x.map { $0 * 3 })
        #expect(signal == [3, 3, 3, 3])
    }

    /// Halves to the even one; beyond the largest, 448, the signal stops.
    @Test func numbersOfEightBitsAreRoundedAndTheSignalPassesStraightThrough() async throws {
        let narrowing = Activation.narrowing(.e4m3, saturates: true, direction: .up)
        let (values, signal) = try await evaluated(.activation(narrowing), [1.0625, 1.1, -17, 1000])
        #expect(values == [3, 3.375, -48, 1344])
        #expect(signal == [3, 3, 3, 0])
    }
}
