import Deconvolution
import Execution
import Networks
import Tensors
import Testing

/// Pooling and the way back by switches, against the engine's pooling, its vector-Jacobian product and `MaxUnpool`.
@Suite("Unpooling by switches") struct UnpoolingTests {
    @Test("agrees with the engine for every window, stride and padding", arguments: [[1, 9], [6, 5], [7, 8]])
    func agreement(extents: [Int]) async throws {
        let axes = extents.map { length in
            (1...3).flatMap { filter in
                (1...3).flatMap { stride in
                    (0..<filter).compactMap { padding in
                        try? WindowAxis(length: length, filter: filter, stride: stride, padding: padding)
                    }
                }
            }
        }
        for down in axes[0] {
            for across in axes[1] { try await compare(down, across) }
        }
    }

    private func compare(_ down: WindowAxis, _ across: WindowAxis) async throws {
        let pooling = try SwitchedPooling(vertical: down, horizontal: across)
        let x = try Numbers.tensor([1, 1, down.length, across.length], seed: 5)
        let item = WindowCase(axes: [down, across])
        var graph = Graph()
        let names = ["x", "maxima", "switches", "unpooled", "shape"].map { graph.intern($0) }
        graph.inputs = [.init(value: names[0], extents: x.shape.dimensions)]
        graph.constants[names[4]] = .integers(shape: try Shape([4]), values: x.shape.dimensions)
        graph.nodes = [
            Node(
                name: "pool", operation: .pooling(Pooling(kind: .maximum, window: item.window)), inputs: [names[0]],
                outputs: [names[1], names[2]]),
            Node(
                name: "unpool", operation: .maximumUnpooling(item.window), inputs: [names[1], names[2], names[4]],
                outputs: [names[3]]),
        ]
        graph.outputs = Array(names[1...3])
        // The plain pooling kernel keeps its switches to itself.
        var plain = Graph()
        let (image, maxima) = (plain.intern("x"), plain.intern("maxima"))
        plain.inputs = [.init(value: image, extents: x.shape.dimensions)]
        plain.nodes = [
            Node(
                name: "pool", operation: .pooling(Pooling(kind: .maximum, window: item.window)), inputs: [image],
                outputs: [maxima])
        ]
        plain.outputs = [maxima]

        let (values, switches) = try pooling.pooled(x.values.map(Double.init))
        let found = try await outputs(of: graph, x, walkFrom: names[1])
        #expect(Numbers.distance(found.outputs[0].values, values) == 0, "maxima, \(item)")
        #expect(found.outputs[1].values.map { Int($0) } == switches, "switches, \(item)")
        let unpooled = try pooling.unpooled(values, switches: switches)
        #expect(Numbers.distance(found.outputs[2].values, unpooled) == 0, "MaxUnpool, \(item)")
        let back = try pooling.transposed(values, switches: switches)
        #expect(Numbers.distance(found.signal.values, back) < 1e-6, "backward with switches, \(item)")
        let other = try await outputs(of: plain, x, walkFrom: maxima)
        #expect(Numbers.distance(other.signal.values, back) < 1e-6, "backward, \(item)")
    }

    /// The outputs, and the maxima sent back to the input.
    private func outputs(
        of graph: Graph, _ x: Tensor, walkFrom source: ValueID
    ) async throws -> (outputs: [Tensor], signal: Tensor) {
        let image = graph.inputs[0].value
        let session = try InferenceSession(graph: graph, threads: 1)
        let (outputs, signal) = try await session.perform { (evaluator) throws(ExecutionError) in
            let pass = try evaluator.forward([x], derivatives: [Derivative(of: source, withRespectTo: [image])])
            var outputs: [Tensor] = []
            for index in graph.outputs.indices { outputs.append(try pass.output(index)) }
            return (outputs, try pass.derivative(0, seed: outputs[0])[0])
        }
        return (outputs, try #require(signal))
    }

    @Test("windows that share a maximum: MaxUnpool keeps the last value, the transpose sums them")
    func sharedMaximum() throws {
        let pooling = try SwitchedPooling(axis: WindowAxis(length: 3, filter: 2, stride: 1))
        let (values, switches) = try pooling.pooled([1, 5, 2])
        #expect(values == [5, 5] && switches == [1, 1])
        #expect(try pooling.unpooled([3, 4], switches: switches) == [0, 4, 0])
        #expect(try pooling.transposed([3, 4], switches: switches) == [0, 7, 0])
    }

    @Test("switches of another pooling are refused")
    func strangeSwitches() throws {
        let pooling = try SwitchedPooling(axis: WindowAxis(length: 4, filter: 2, stride: 2))
        #expect(throws: DeconvolutionError.self) { try pooling.unpooled([1, 2], switches: [0, 4]) }
        #expect(throws: DeconvolutionError.self) { try pooling.unpooled([1, 2], switches: [0]) }
        #expect(throws: DeconvolutionError.self) {
            try SwitchedPooling(axis: WindowAxis(length: 4, filter: 2, stride: 2, padding: 2))
        }
    }
}
