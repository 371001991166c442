import Execution
import Networks
import Tensors
import Testing

/// What rounding makes of numbers, and what passes back through it.
@Suite struct QuantizationTests {
    private static let bytes = Quantization.IntegerRange(0...255)

    /// The results of one operator on `x` [2,1,3] and its signal for a signal of ones, or of `seed`.
    private func evaluated(
        _ quantization: Quantization, _ x: [[Float]], constants: [Constant?] = [], shape: [Int] = [1, 2, 3]
    ) async throws -> (values: [[Float]], signals: [[Float]]) {
        var graph = Graph()
        var operands: [ValueID?] = []
        for (position, _) in x.enumerated() {
            let value = graph.intern("x\(position)")
            graph.inputs.append(Graph.Input(value: value, extents: shape))
            operands.append(value)
        }
        for (position, constant) in constants.enumerated() {
            let value = constant.map { _ in graph.intern("c\(position)") }
            if let value { graph.constants[value] = constant }
            operands.append(value)
        }
        let names = quantization == .dynamic ? ["q", "scale", "zero"] : ["q"]
        let results = names.map { graph.intern($0) }
        graph.nodes = [
            Node(name: "node", operation: .quantization(quantization), inputs: operands, outputs: results)
        ]
        graph.outputs = results
        let inputs = try x.map { try Tensor(shape: Shape(shape), values: $0) }
        let derivative = Derivative(of: results[0], withRespectTo: graph.inputs.map(\.value))
        let session = try InferenceSession(graph: graph, threads: 1)
        let outputs = results
        let (values, signals) = try await session.perform { evaluator in
            let pass = try evaluator.forward(inputs, derivatives: [derivative])
            var values: [[Float]] = []
            for output in outputs { values.append(try pass.value(output).values) }
            let signals = try pass.derivative(seed: Tensor(shape: inputs[0].shape, repeating: 1))
            return (values, signals.map { $0?.values ?? [] })
        }
        return (values, signals)
    }

    private func floats(_ values: [Float]) throws -> Constant {
        .floats(try Tensor(shape: Shape([values.count]), values: values))
    }

    @Test func halvesGoToTheEvenIntegerAndWhatIsOutsideIsCutOff() async throws {
        let (values, signals) = try await evaluated(
            .quantize(Self.bytes, Quantization.Grouping(axis: 1)), [[0.25, 0.75, 1.25, -6, 200, 0.5]],
            constants: [try floats([0.5]), .integers(shape: .scalar, values: [10])])
        // 0.5 → 0, 1.5 → 2, 2.5 → 2.
        #expect(values[0] == [10, 12, 12, 0, 255, 11])
        // Straight through: 1/scale, and nothing where it was cut off.
        #expect(signals[0] == [2, 2, 2, 0, 0, 2])
    }

    @Test func eachChannelHasItsScale() async throws {
        let (values, _) = try await evaluated(
            .quantize(Quantization.IntegerRange(-128...127), Quantization.Grouping(axis: 1)),
            [[1, 2, 3, 1, 2, 300]], constants: [try floats([0.5, 2]), OperatorCase.integers([0, -1])])
        #expect(values[0] == [2, 4, 6, -1, 0, 127])
    }

    @Test func theValuesDecideTheRange() async throws {
        let (values, signals) = try await evaluated(.dynamic, [[-1, 0, 0.5, 1.5, 0.2, -0.3]])
        let scale: Float = 2.5 / 255
        #expect(values[1] == [scale])
        #expect(values[2] == [102])
        #expect(values[0] == [0, 102, 153, 255, 122, 71])
        #expect(signals[0] == [Float](repeating: 1 / scale, count: 6))
    }

    /// 2²⁴ + 1 is no number of single precision; as digits it is brought to another scale without a loss.
    @Test func sumsOfDigitsAreExact() async throws {
        let (values, signals) = try await evaluated(
            .restore(Quantization.Restoration(factors: [16, 1], axis: 1, range: nil)),
            [[1_048_576, 1_048_576, 1, 2, 3, 4], [1, 3, 0, 0, 0, 0]],
            constants: [OperatorCase.integers([-16_777_216, 5]), nil, nil])
        #expect(values[0] == [1, 3, -16_777_200, 37, 53, 69])
        #expect(signals == [[16, 16, 16, 16, 16, 16], [1, 1, 1, 1, 1, 1]])
    }

    @Test func sumsAreBroughtToAnotherScale() async throws {
        let (values, signals) = try await evaluated(
            .restore(Quantization.Restoration(factors: [1], axis: 1, range: Self.bytes)), [[3, 5, 1000, 3, 5, -1000]],
            constants: [nil, try floats([0.5, 0.25]), .integers(shape: .scalar, values: [3])])
        #expect(values[0] == [5, 5, 255, 4, 4, 0])
        #expect(signals[0] == [0.5, 0.5, 0, 0.25, 0.25, 0])
    }
}
