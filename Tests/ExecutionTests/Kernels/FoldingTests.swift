import Execution
import Networks
import Tensors
import Testing

/// What is computed before the network runs is what running it would give.
@Suite struct FoldingTests {
    @Test(arguments: OperatorCase.all)
    func aFoldedOperatorGivesWhatItsKernelGives(_ operatorCase: OperatorCase) async throws {
        let (graph, result) = try operatorCase.graph()
        let inputs = try operatorCase.tensors()
        var known = graph
        for (input, tensor) in zip(graph.inputs, inputs) { known.constants[input.value] = .floats(tensor) }
        guard let folded = try known.folded(known.nodes[0]) else { return }
        let session = try InferenceSession(graph: graph, threads: 1)
        let computed = try await session.perform { try $0.forward(inputs).value(result) }
        #expect(folded.shape == computed.shape)
        #expect(try #require(folded.tensor).relativeError(to: computed) < 1e-5)
    }

    /// Integers by their own arithmetic, which knows no rounding.
    @Test(arguments: [
        (Arithmetic.truncatedQuotient, [-7, 7, 1 << 40], [2, -2, 3], [-3, -3, 366_503_875_925]),
        (.remainder, [-7, 7, -6], [3, -3, 3], [2, -2, 0]),
        (.truncatedRemainder, [-7, 7, -6], [3, -3, 3], [-1, 1, 0]),
    ])
    func integersAreDividedAsIntegers(_ kind: Arithmetic, _ a: [Int], _ b: [Int], _ expected: [Int]) throws {
        var graph = Graph()
        let values = ["a", "b", "y"].map { graph.intern($0) }
        graph.constants[values[0]] = OperatorCase.integers(a)
        graph.constants[values[1]] = OperatorCase.integers(b)
        let node = Node(
            name: "y", operation: .arithmetic(kind), inputs: [values[0], values[1]], outputs: [values[2]])
        #expect(try graph.folded(node)?.integers == expected)
    }

    /// The same numbers when only running the network tells them.
    @Test(arguments: [
        (Arithmetic.truncatedQuotient, [-7, 7, 41] as [Float], [2, -2, 41] as [Float], [-3, -3, 1] as [Float]),
        (.remainder, [-7, 7, -6], [3, -3, 3], [2, -2, 0]),
        (.truncatedRemainder, [-7, 7, -6], [3, -3, 3], [-1, 1, 0]),
    ])
    func integersOfTheInputAreDividedAsIntegers(
        _ kind: Arithmetic, _ a: [Float], _ b: [Float], _ expected: [Float]
    ) async throws {
        let (graph, _) = try OperatorCase("", .arithmetic(kind), [[3], [3]]).graph()
        let inputs = try [a, b].map { try Tensor(shape: Shape([3]), values: $0) }
        let y = try await InferenceSession(graph: graph, threads: 1).perform { try $0.forward(inputs).output() }
        #expect(y.values == expected)
    }
}
