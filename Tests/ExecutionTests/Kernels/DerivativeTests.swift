import Execution
import Networks
import Tensors
import Testing

/// Every vector-Jacobian product against central differences of the operator itself.
@Suite struct DerivativeTests {
    /// Half of the smallest distance between two input values, so that no maximum changes hands.
    private static let step: Float = 4e-3

    @Test(arguments: OperatorCase.all)
    func derivativeAgreesWithFiniteDifferences(_ operatorCase: OperatorCase) async throws {
        let (graph, result) = try operatorCase.graph()
        let inputs = try operatorCase.tensors()
        let session = try InferenceSession(graph: graph, threads: 1)
        let derivative = Derivative(of: result, withRespectTo: graph.inputs.map(\.value))
        try await session.perform { evaluator in
            let pass = try evaluator.forward(inputs, derivatives: [derivative])
            let shape = try pass.output().shape
            let seed = Tensor(shape: shape) { values in
                for index in values.indices { values[index] = Float((index * 37 + 11) % 41 - 20) / 20 }
            }
            let exact = try pass.derivative(seed: seed)
            for (position, signal) in exact.enumerated() {
                let signal = try #require(signal)
                #expect(signal.shape == inputs[position].shape)
                let expected = try Tensor(
                    shape: signal.shape,
                    values: (0..<signal.count).map { index in
                        var sides: [Double] = []
                        for direction in [Self.step, -Self.step] {
                            var moved = inputs
                            moved[position][index] += direction
                            let y = try evaluator.forward(moved, derivatives: [derivative]).output()
                            sides.append(zip(y.values, seed.values).reduce(0) { $0 + Double($1.0) * Double($1.1) })
                        }
                        return Float((sides[0] - sides[1]) / (2 * Double(Self.step)))
                    })
                #expect(signal.relativeError(to: expected) < operatorCase.tolerance)
            }
        }
    }

    @Test(arguments: [Activation.Rounding.floor, .ceiling, .toNearestEven, .sign, .towardZero])
    func roundingPassesNothingBack(_ kind: Activation.Rounding) async throws {
        let operatorCase = OperatorCase("", .activation(.rounding(kind)), [[1, 2, 3, 4]])
        let (graph, result) = try operatorCase.graph()
        let inputs = try operatorCase.tensors()
        let session = try InferenceSession(graph: graph, threads: 1)
        let derivative = Derivative(of: result, withRespectTo: [graph.inputs[0].value])
        let signal = try await session.perform { evaluator in
            let pass = try evaluator.forward(inputs, derivatives: [derivative])
            return try pass.derivative(seed: Tensor(shape: inputs[0].shape, repeating: 1))[0]
        }
        #expect(try #require(signal).magnitude == 0)
    }

    /// Where one factor is 0, only its own derivative is not; where two are, none is.
    @Test func theDerivativeOfAProductCountsItsZeros() async throws {
        let operatorCase = OperatorCase(
            "", .reduction(Reduction(kind: .product, axes: [1], keepsAxes: false)), [[3, 3]])
        let (graph, result) = try operatorCase.graph()
        let x = try Tensor(shape: Shape([3, 3]), values: [2, 3, 5, 2, 0, 5, 0, 3, 0])
        let signal = try await InferenceSession(graph: graph, threads: 1).perform { evaluator in
            let derivative = Derivative(of: result, withRespectTo: [graph.inputs[0].value])
            let pass = try evaluator.forward([x], derivatives: [derivative])
            return try pass.derivative(seed: Tensor(shape: Shape([3]), repeating: 1))[0]
        }
        #expect(try #require(signal).values == [15, 10, 6, 0, 10, 0, 0, 0, 0])
    }

    /// Nothing is read or written outside of a tensor, whatever the indices are.
    @Test(arguments: [3, -4, 1e30, .nan] as [Float])
    func anIndexOutsideOfItsAxisIsAnError(_ index: Float) async throws {
        let operators: [Operator] = [
            .gather(axis: 0), .pick(.elements(axis: 0)),
            .scatter(Scatter(indexing: .elements(axis: 0), combination: .add)),
        ]
        for operation in operators {
            let operatorCase = OperatorCase("", operation, [[3], [1], [1]])
            var (graph, _) = try operatorCase.graph()
            if case .scatter = operation {
            } else {
                graph.nodes[0].inputs.removeLast()
                graph.inputs.removeLast()
            }
            let one = try Shape([1])
            let given = [
                Tensor(shape: try Shape([3]), repeating: 1), Tensor(shape: one, repeating: index),
                Tensor(shape: one, repeating: 1),
            ]
            let session = try InferenceSession(graph: graph, threads: 1)
            let inputs = Array(given.prefix(graph.inputs.count))
            await #expect(throws: ExecutionError.self) { try await session.perform { _ = try $0.forward(inputs) } }
        }
    }

    /// The tensors of max pooling with positions and of unpooling, which are a pair.
    @Test func unpoolingTakesValuesBackToTheirMaxima() async throws {
        var graph = Graph()
        let x = graph.intern("x")
        let pooled = graph.intern("pooled")
        let positions = graph.intern("positions")
        let y = graph.intern("y")
        let window = OperatorCase.window([2, 2], stride: [2, 2])
        graph.inputs = [Graph.Input(value: x, extents: [nil, nil, nil, nil])]
        graph.nodes = [
            Node(
                name: "pool", operation: .pooling(Pooling(kind: .maximum, window: window)), inputs: [x],
                outputs: [pooled, positions]),
            Node(name: "unpool", operation: .maximumUnpooling(window), inputs: [pooled, positions], outputs: [y]),
        ]
        graph.outputs = [y]
        let input = try Tensor(shape: Shape([1, 1, 2, 4]), values: [1, 5, -3, -2, 4, 2, -1, -7])
        let session = try InferenceSession(graph: graph, threads: 1)
        let (output, signal) = try await session.perform { evaluator in
            let pass = try evaluator.forward([input], derivatives: [Derivative(of: y, withRespectTo: [x])])
            let seed = try Tensor(shape: Shape([1, 1, 2, 4]), values: [1, 2, 3, 4, 5, 6, 7, 8])
            return (try pass.output(), try pass.derivative(seed: seed)[0])
        }
        #expect(output.values == [0, 5, 0, 0, 0, 0, -1, 0])
        #expect(try #require(signal).values == [0, 2, 0, 0, 0, 0, 7, 0])
    }
}

extension OperatorCase {
    /// The operator alone, and the value it makes.
    func graph() throws -> (Graph, ValueID) {
        var graph = Graph()
        var operands: [ValueID?] = []
        for (position, extents) in inputs.enumerated() {
            let value = graph.intern("input\(position)")
            graph.inputs.append(Graph.Input(value: value, extents: extents))
            operands.append(value)
        }
        for (position, constant) in constants.enumerated() {
            guard let constant else {
                operands.append(nil)
                continue
            }
            let value = graph.intern("constant\(position)")
            graph.constants[value] = constant
            operands.append(value)
        }
        let given = operands
        if let order { operands = order.map { given[$0] } }
        let result = graph.intern("result")
        graph.nodes = [Node(name: name, operation: operation, inputs: operands, outputs: [result])]
        graph.outputs = [result]
        return (graph, result)
    }

    /// Values spread over the range, no two of them and none of them and 0 closer than a hundredth.
    func tensors() throws -> [Tensor] {
        let total = inputs.reduce(0) { $0 + $1.reduce(1, *) }
        var next = 0
        return try inputs.map { extents in
            let shape = try Shape(extents)
            return try Tensor(
                shape: shape,
                values: (0..<shape.count).map { _ in
                    // A permutation of 0..<total, since the factor is a prime larger than any test.
                    let place = (next * 1009 + 3) % total
                    next += 1
                    return range.lowerBound + (Float(place) + 0.5) / Float(total)
                        * (range.upperBound - range.lowerBound)
                })
        }
    }
}
