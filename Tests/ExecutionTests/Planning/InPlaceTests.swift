import Execution
import Networks
import Tensors
import Testing

/// Steps that write over their operands, or are computed together, change nothing: random networks against the same
/// networks with every value kept, where nothing can be overwritten or left out.
@Suite struct InPlaceTests {
    @Test(arguments: 0..<60)
    func keepingEveryValueChangesNoOutput(seed: UInt64) async throws {
        var random = Random(seed: seed)
        let graph = try randomGraph(&random)
        let input = Tensor(shape: try Shape([2, 16, 7, 6])) { values in
            for index in values.indices { values[index] = Float((index * 37 + 11) % 41 - 20) / 20 }
        }
        let values = graph.nodes.map(\.output)
        let algorithms = [Arrangement.library, .channelsLast, .blocked].flatMap { arrangement in
            [false, true].map { ConvolutionAlgorithm(.direct, arrangement, turnsWeights: $0) }
        }
        for algorithm in algorithms {
            let session = try InferenceSession(graph: graph, threads: 2, algorithms: .preferring(algorithm))
            let (free, kept, gradients) = try await session.perform { evaluator in
                let free = try evaluator.forward([input])
                let outputs = try graph.outputs.map { try free.value($0) }
                let kept = try evaluator.forward([input], keeping: values)
                let keptOutputs = try graph.outputs.map { try kept.value($0) }
                // A derivative with respect to every value keeps them apart as well.
                var gradients: [Tensor?] = []
                let seed = Tensor(shape: outputs[0].shape, repeating: 1)
                for targets in [[graph.inputs[0].value], [graph.inputs[0].value] + values] {
                    let derivative = Derivative(of: graph.outputs[0], withRespectTo: targets)
                    let pass = try evaluator.forward([input], derivatives: [derivative])
                    gradients.append(try pass.derivative(seed: seed)[0])
                }
                return (outputs, keptOutputs, gradients)
            }
            for (a, b) in zip(free, kept) { #expect(a.relativeError(to: b) < 1e-5) }
            let (together, apart) = (try #require(gradients[0]), try #require(gradients[1]))
            #expect(together.relativeError(to: apart) < 1e-5)
        }
    }

    /// A signal that goes to a convolution and past it is what the convolution reads and what its result is added to.
    @Test(arguments: [Arrangement.library, .channelsLast, .blocked], [1, 3])
    func aConvolutionIsNotAddedToWhatItReads(arrangement: Arrangement, kernel: Int) async throws {
        var generator = RandomNetwork.Generator(state: UInt64(kernel) &* 0x9E37_79B9_7F4A_7C15)
        let window = OperatorCase.window([kernel, kernel], begin: [kernel / 2, kernel / 2])
        var graph = Graph(
            ofLayer: "first", .convolution(Convolution(window: window, groups: 1)), image: [2, 16, 7, 6],
            weights: try generator.tensor([16, 16, kernel, kernel], scale: 0.1), bias: nil, isRectified: true)
        let (x, beside) = (graph.outputs[0], graph.intern("beside"))
        let (second, sum, y) = (graph.intern("second"), graph.intern("sum"), graph.intern("y"))
        graph.constants[second] = .floats(try generator.tensor([16, 16, kernel, kernel], scale: 0.1))
        graph.nodes += [
            Node(
                name: "second", operation: .convolution(Convolution(window: window, groups: 1)),
                inputs: [x, second], outputs: [beside]),
            Node(name: "sum", operation: .arithmetic(.add), inputs: [beside, x], outputs: [sum]),
            Node(name: "relu", operation: .activation(.relu), inputs: [sum], outputs: [y]),
        ]
        graph.outputs = [y]
        let inputs = [try generator.tensor([2, 16, 7, 6])]
        let signal = try generator.tensor([2, 16, 7, 6])
        let session = try InferenceSession(
            graph: graph, threads: 1,
            algorithms: .preferring(ConvolutionAlgorithm(.direct, arrangement, turnsWeights: true)))
        let image = graph.inputs[0].value
        let found = try await session.perform { evaluator in
            try [[image], [image, x, beside, sum]].map { targets in
                let derivative = Derivative(of: y, withRespectTo: targets)
                return try evaluator.forward(inputs, derivatives: [derivative]).derivative(seed: signal)[0]
            }
        }
        let (together, apart) = (try #require(found[0]), try #require(found[1]))
        #expect(together.relativeError(to: apart) < 1e-6)
    }

    /// Convolutions, activations, sums and products of what came before, and channels scaled by what their means make of
    /// them.
    private func randomGraph(_ random: inout Random) throws -> Graph {
        var graph = Graph()
        let input = graph.intern("input")
        graph.inputs = [Graph.Input(value: input, extents: [2, 16, 7, 6])]
        var values = [input]
        func constant(_ name: String, _ extents: [Int]) throws -> ValueID {
            let value = graph.intern(name)
            let shape = try Shape(extents)
            let scale: Float = extents.count > 1 ? 600 : 300
            graph.constants[value] = .floats(
                Tensor(shape: shape) { numbers in
                    for index in numbers.indices { numbers[index] = Float((index * 7919 + 13) % 200 - 100) / scale }
                })
            return value
        }
        for index in 0..<(6 + random.below(10)) {
            // Recent values more often than old ones, as in networks.
            func pick(_ random: inout Random) -> ValueID {
                values[max(values.count - 1 - random.below(random.below(values.count) + 1), 0)]
            }
            let a = pick(&random)
            let b = pick(&random)
            let output = graph.intern("value \(index)")
            let operation: Operator
            var inputs: [ValueID?] = [a]
            func gate(by value: ValueID) -> ValueID {
                let (mean, gate) = (graph.intern("mean \(index)"), graph.intern("gate \(index)"))
                graph.nodes += [
                    Node(
                        name: "mean \(index)", operation: .globalPooling(.average), inputs: [value],
                        outputs: [mean]),
                    Node(
                        name: "gate \(index)", operation: .activation(.sigmoid), inputs: [mean],
                        outputs: [gate]),
                ]
                return gate
            }
            switch random.below(8) {
            case 7:
                operation = .arithmetic(.multiply)
                inputs = random.below(2) == 0 ? [a, gate(by: b)] : [gate(by: b), a]
            case 0, 1:
                operation = .convolution(
                    Convolution(window: OperatorCase.window([3, 3], begin: [1, 1]), groups: 1))
                inputs += [try constant("weights \(index)", [16, 16, 3, 3]), try constant("bias \(index)", [16])]
            case 2:
                operation = .activation(.relu)
            case 3:
                operation = .activation([.tanh, .clip(lowest: -0.5, highest: 0.5), .softsign][random.below(3)])
            case 4, 5:
                operation = .arithmetic(.add)
                inputs.append(b)
            default:
                operation = .arithmetic([.multiply, .subtract, .maximum][random.below(3)])
                inputs.append(b)
            }
            graph.nodes.append(Node(name: "node \(index)", operation: operation, inputs: inputs, outputs: [output]))
            values.append(output)
        }
        graph.outputs = [values[values.count - 1]]
        // Sometimes a value in the middle is wanted too.
        if random.below(2) == 0 { graph.outputs.append(values[values.count / 2 + 1]) }
        return graph
    }
}

/// A linear congruential generator: the same networks every time.
private struct Random {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }
}
