import Execution
import Interpretation
import Networks
import Tensors
import Testing

/// Probabilities and their derivatives, held against what the network itself gives: whatever it ends in, the probability
/// that is explained is the number that comes out of it.
@Suite struct OutputKindTests {
    struct Ending: CustomTestStringConvertible {
        let testDescription: String
        var classes = 3
        let kind: OutputKind
        let write: @Sendable (inout Graph, ValueID) -> ValueID
    }

    static let endings: [Ending] = [
        Ending(testDescription: "softmax", kind: .exclusive) { $0.softmax($1) },
        Ending(testDescription: "softmax at a temperature", kind: .exclusive) { graph, x in
            graph.softmax(graph.node(.activation(.linear(factor: 0.25, summand: 0)), [x]))
        },
        Ending(testDescription: "sigmoid", kind: .independent) { $0.node(.activation(.sigmoid), [$1]) },
        Ending(testDescription: "one sigmoid", classes: 1, kind: .independent) {
            $0.node(.activation(.sigmoid), [$1])
        },
        Ending(testDescription: "mixture of softmaxes", kind: .exclusive) { graph, x in
            let other = graph.softmax(graph.node(.activation(.linear(factor: -2, summand: 0)), [x]))
            let sum = graph.node(.arithmetic(.add), [graph.softmax(x), other])
            return graph.node(.activation(.linear(factor: 0.5, summand: 0)), [sum])
        },
        Ending(testDescription: "mixture of sigmoids", kind: .independent) { graph, x in
            let other = graph.node(
                .activation(.sigmoid), [graph.node(.activation(.linear(factor: -2, summand: 1)), [x])])
            let first = graph.node(.activation(.sigmoid), [x])
            let parts = [(first, Float(0.75)), (other, 0.25)].map { value, share in
                graph.node(.activation(.linear(factor: share, summand: 0)), [value])
            }
            return graph.node(.arithmetic(.add), parts)
        },
    ]

    /// Central differences of the network's own output; the step is small against the image's values, and the sums are
    /// those of single precision, hence the tolerance.
    @Test(arguments: endings) func theProbabilityAndItsDerivativeAreTheNetworksOwn(_ ending: Ending) async throws {
        let network = try Network(graph: Graph.small(ending.classes, ending.write))
        #expect(network.kind == ending.kind)
        let input = Tensor(shape: try Shape([1, 2, 5, 5])) { values in
            for index in values.indices { values[index] = Float((index * 7919) % 23) / 11.5 - 1 }
        }
        try await network.session.perform { (evaluator) throws(any Error) in
            func output(_ image: Tensor) throws -> [Float] { try evaluator.forward([image]).output(0).values }
            let own = try output(input)
            let derivatives: [(targets: [ValueID], rule: BackwardRule)] = [([network.image], .gradient)]
            for classIndex in 0..<ending.classes {
                let pass = try ClassificationPass(network, input, on: evaluator, derivatives: derivatives)
                let probabilities = try #require(pass.probabilities)
                for (mine, its) in zip(probabilities, own) { #expect(abs(mine - its) < 2e-6) }
                let other = ending.classes > 1 ? (classIndex + 1) % ending.classes : nil
                let target = ScoreTarget(
                    classIndex: classIndex, against: other, isProbability: true, kind: pass.kind)
                let gradient = try #require(try pass.signals(of: target)[0]).values
                let size = gradient.map(abs).max() ?? 0
                #expect(size > 1e-4)
                for index in stride(from: 0, to: input.count, by: 7) {
                    func value(_ step: Float) throws -> Float {
                        var moved = input
                        moved.withUnsafeMutableValues { $0[index] += step }
                        let values = try output(moved)
                        return values[classIndex] - (other.map { values[$0] } ?? 0)
                    }
                    let difference = try (value(0.01) - value(-0.01)) / 0.02
                    #expect(abs(difference - gradient[index]) < 0.03 * size + 1e-4)
                }
            }
        }
    }

    @Test func occlusionShowsTheProbabilityOrTheScoreThatThereIs() async throws {
        for kind in OutputKind.allCases {
            let graph = Graph.small(3) { graph, x in
                switch kind {
                case .exclusive: graph.softmax(x)
                case .independent: graph.node(.activation(.sigmoid), [x])
                case .raw: graph.node(.activation(.tanh), [x])
                }
            }
            let network = try Network(graph: graph)
            let input = Tensor(shape: try Shape([1, 2, 5, 5]), repeating: 0.7)
            let answer = try await network.explain("occlusion", input, ["window": .number(5), "stride": .number(5)])
            // One window, which hides everything: what the network says of nothing.
            let nothing = try await network.session.perform { (evaluator) throws(any Error) in
                try evaluator.forward([Tensor(shape: input.shape)]).output(0).values
            }
            #expect(answer.map.count == 1 && abs(answer.map[0] - nothing[answer.classIndex]) < 1e-5)
            if kind == .raw {
                await #expect(throws: InterpretationError.self) {
                    try await network.explain("gradient", input, isProbability: true)
                }
                #expect(try await network.explain("rise", input, ["samples": .number(20)]).map.isFinite)
            }
        }
    }

    /// A network whose scores are means of maps: the map's mean is the score.
    @Test func aClassActivationMapOfTheClassesOwnMapsIsExact() async throws {
        var graph = Graph.small(3) { graph, x in x }
        // The planes before the pooling are made the classes' own.
        let features = try #require(graph.value(named: "features"))
        graph.nodes.removeAll { ["pooled", "row", "scores"].contains($0.name) }
        let maps = graph.node(.activation(.relu), [features])
        graph.outputs = [graph.node(.globalPooling(.average), [maps])]
        let network = try Network(graph: graph)
        let input = Tensor(shape: try Shape([1, 2, 5, 5])) { values in
            for index in values.indices { values[index] = Float(index % 5) / 3 }
        }
        let answer = try await network.explain("cam", input, classIndex: 2)
        let mean = answer.map.values.reduce(0, +) / Float(answer.map.count)
        #expect(answer.scores.count == 4 && abs(mean - answer.scores[2]) < 1e-5 && mean != 0)
    }
}

extension Graph {
    /// Convolution → ReLU → global average pooling → linear, and an ending, of [N,2,5,5].
    fileprivate static func small(_ classes: Int, _ ending: (inout Graph, ValueID) -> ValueID) -> Graph {
        var graph = Graph()
        let x = graph.intern("x")
        graph.inputs = [Input(value: x, extents: [nil, 2, 5, 5])]
        func constant(_ name: String, _ extents: [Int], _ scale: Float) -> ValueID {
            let value = graph.intern(name)
            let tensor = Tensor(shape: (try? Shape(extents)) ?? .scalar) { values in
                for index in values.indices { values[index] = scale * (Float((index * 31 + 7) % 17) / 8 - 1) }
            }
            graph.constants[value] = .floats(tensor)
            return value
        }
        let kernel = constant("kernel", [4, 2, 3, 3], 0.4)
        let weights = constant("weights", [classes, 4], 2.5)
        let window = Window(
            kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding: .explicit(begin: [1, 1], end: [1, 1]))
        let convolved = graph.node(.convolution(Convolution(window: window, groups: 1)), [x, kernel])
        let features = graph.node(.activation(.softplus), [convolved], "features")
        let pooled = graph.node(.globalPooling(.average), [features], "pooled")
        let row = graph.node(.flatten(axis: 1), [pooled], "row")
        let scores = graph.node(.fullyConnected, [row, weights], "scores")
        graph.outputs = [ending(&graph, scores)]
        return graph
    }

    fileprivate mutating func node(_ operation: Operator, _ inputs: [ValueID?], _ name: String? = nil) -> ValueID {
        let name = name ?? "value\(nodes.count)"
        let output = intern(name)
        nodes.append(Node(name: name, operation: operation, inputs: inputs, outputs: [output]))
        return output
    }

    fileprivate mutating func softmax(_ x: ValueID) -> ValueID {
        node(.softmax(Softmax(axis: 1, isLogarithmic: false, flattensTail: false)), [x])
    }
}
