import Execution
import Networks
import Tensors
import Testing

/// Concatenations whose parts are written where they belong hold what concatenations hold.
@Suite struct JoiningTests {
    private static let arrangements = [Arrangement.library, .channelsLast, .blocked]

    /// Random networks of joined, normalized and overwritten values against the same computed by the book.
    @Test(arguments: 0..<60)
    func itIsWhatItIsByTheBook(seed: Int) async throws {
        let network = try JoinedNetwork(seed: seed)
        let expected = network.expected
        for arrangement in JoiningTests.arrangements {
            let session = try InferenceSession(
                graph: network.graph, threads: 1 + seed % 2,
                algorithms: .preferring(ConvolutionAlgorithm(.direct, arrangement)))
            let values = network.graph.nodes.map(\.output)
            let (free, kept, gradients) = try await session.perform { evaluator in
                let free = try evaluator.forward([network.input])
                let outputs = try network.graph.outputs.map { try free.value($0) }
                let kept = try evaluator.forward([network.input], keeping: values)
                let all = try values.map { try kept.value($0) }
                // A derivative with respect to every value keeps them apart.
                var gradients: [Tensor?] = []
                let seed = Tensor(shape: outputs[0].shape, repeating: 1)
                let x = network.graph.inputs[0].value
                for targets in [[x], [x] + values] {
                    let derivative = Derivative(of: network.graph.outputs[0], withRespectTo: targets)
                    let pass = try evaluator.forward([network.input], derivatives: [derivative])
                    gradients.append(try pass.derivative(seed: seed)[0])
                }
                return (outputs, all, gradients)
            }
            for (value, found) in zip(network.graph.outputs + values, free + kept) {
                let numbers = try #require(expected[value])
                let largest = max(numbers.map(abs).max() ?? 0, 1)
                let distance = zip(found.values, numbers).map { abs(Double($0) - $1) }.max() ?? 0
                #expect(found.count == numbers.count)
                #expect(distance < 1e-5 * largest, "\(arrangement), \(network.graph.name(of: value))")
            }
            let (together, apart) = (try #require(gradients[0]), try #require(gradients[1]))
            #expect(together.relativeError(to: apart) < 1e-5, "\(arrangement)")
        }
    }

    /// Of one image and with whole blocks of channels, the growing concatenations of a dense block move nothing.
    @Test func aDenseBlockCopiesNothing() async throws {
        var network = try JoinedNetwork(seed: 1, isEmpty: true)
        var parts = [try network.convolution(of: network.graph.inputs[0].value, to: 16)]
        for _ in 0..<4 {
            let joined = try network.joined(parts)
            parts.append(try network.convolution(of: try network.normalized(joined), to: 32))
        }
        network.graph.outputs = [try network.convolution(of: try network.joined(parts), to: 16)]
        let graph = network.graph
        let session = try InferenceSession(
            graph: graph, threads: 1, algorithms: .preferring(ConvolutionAlgorithm(.direct, .blocked)))
        let input = network.input
        let (steps, output) = try await session.perform { evaluator in
            (try evaluator.profile([input], rounds: 1), try evaluator.forward([input]).output())
        }
        #expect(steps.count > 9)
        #expect(steps.allSatisfy { !$0.node.hasPrefix("join") })
        let expected = try #require(network.expected[graph.outputs[0]])
        #expect(zip(output.values, expected).allSatisfy { abs(Double($0) - $1) < 1e-4 })
    }
}

/// Convolutions of one tap, concatenations, normalizations, activations and sums of values [N,C,5,6], and what they are.
private struct JoinedNetwork {
    var graph = Graph()
    let input: Tensor
    private(set) var expected: [ValueID: [Double]] = [:]
    private var channels: [ValueID: Int] = [:]
    private var values: [ValueID] = []
    private var generator: RandomNetwork.Generator
    private let items: Int
    private static let plane = 30

    /// - Parameter isEmpty: whether nothing is in it yet but one image.
    init(seed: Int, isEmpty: Bool = false) throws {
        generator = RandomNetwork.Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 3)
        let isPair = generator.chance(30)
        items = isPair && !isEmpty ? 2 : 1
        input = try generator.tensor([items, 16, 5, 6])
        let x = graph.intern("image")
        graph.inputs = [Graph.Input(value: x, extents: [items, 16, 5, 6])]
        add(x, 16, input.values.map(Double.init))
        if isEmpty { return }
        var grown: [ValueID] = []
        for _ in 0..<8 + generator.below(10) {
            let a = pick()
            switch generator.below(8) {
            case 0, 1: _ = try convolution(of: a, to: [8, 9, 12, 16, 32][generator.below(5)])
            case 2: _ = activation(a)
            case 3:
                let result = try normalized(a)
                if generator.chance(60) { _ = activation(result) }
            case 4:
                let alike = values.filter { channels[$0] == channels[a] }
                _ = sum(a, alike[generator.below(alike.count)])
            case 5: _ = try joined((0..<1 + generator.below(3)).map { _ in pick() } + [a])
            case 6: _ = try joined([generator.chance(50) ? try constant() : pick(), a])
            default:
                grown.append(a)
                _ = try joined(grown)
            }
        }
        graph.outputs = [values[values.count - 1]]
        if generator.chance(50) { graph.outputs.append(values[values.count / 2]) }
    }

    // MARK: Layers

    mutating func convolution(of x: ValueID, to outputs: Int) throws -> ValueID {
        let inputs = channels[x] ?? 0
        let weights = try generator.tensor([outputs, inputs, 1, 1], scale: 1 / Float(inputs).squareRoot())
        let result = node(
            "convolution",
            .convolution(Convolution(window: OperatorCase.window([1, 1]), groups: 1)), [x, stored(weights)])
        let numbers = expected[x] ?? []
        add(
            result, outputs,
            places(outputs).map { item, output, place in
                (0..<inputs).reduce(0) { sum, input in
                    sum + Double(weights[output * inputs + input])
                        * numbers[(item * inputs + input) * JoinedNetwork.plane + place]
                }
            })
        return result
    }

    mutating func joined(_ parts: [ValueID]) throws -> ValueID {
        let total = parts.reduce(0) { $0 + (channels[$1] ?? 0) }
        guard total <= 160 else { return parts[0] }
        let result = node("join", .concatenation(axis: 1), parts)
        var numbers: [Double] = []
        for item in 0..<items {
            for part in parts {
                let size = (channels[part] ?? 0) * JoinedNetwork.plane
                numbers += (expected[part] ?? [])[(item * size)..<((item + 1) * size)]
            }
        }
        add(result, total, numbers)
        return result
    }

    mutating func normalized(_ x: ValueID) throws -> ValueID {
        let count = channels[x] ?? 0
        let (scale, shift) = (try generator.tensor([count]), try generator.tensor([count]))
        let mean = try generator.tensor([count], scale: 0.3)
        let variance = try Tensor(shape: Shape([count]), values: (0..<count).map { 0.5 + Float($0 % 7) / 5 })
        let result = node(
            "normalize", .batchNormalization(epsilon: 0.01), [x] + [scale, shift, mean, variance].map { stored($0) })
        let numbers = expected[x] ?? []
        add(
            result, count,
            places(count).enumerated().map { index, place in
                let channel = place.channel
                let deviation = (Double(variance[channel]) + 0.01).squareRoot()
                return (numbers[index] - Double(mean[channel])) / deviation * Double(scale[channel])
                    + Double(shift[channel])
            })
        return result
    }

    private mutating func activation(_ x: ValueID) -> ValueID {
        let isSoft = generator.chance(30)
        let result = node("activation", .activation(isSoft ? .softsign : .relu), [x])
        add(result, channels[x] ?? 0, (expected[x] ?? []).map { isSoft ? $0 / (1 + abs($0)) : max($0, 0) })
        return result
    }

    private mutating func sum(_ a: ValueID, _ b: ValueID) -> ValueID {
        let result = node("sum", .arithmetic(.add), [a, b])
        add(result, channels[a] ?? 0, zip(expected[a] ?? [], expected[b] ?? []).map { $0 + $1 })
        return result
    }

    private mutating func constant() throws -> ValueID {
        let tensor = try generator.tensor([items, 16, 5, 6])
        let value = stored(tensor)
        channels[value] = 16
        expected[value] = tensor.values.map(Double.init)
        return value
    }

    // MARK: Helpers

    /// Recent values more often than old ones.
    private mutating func pick() -> ValueID {
        values[max(values.count - 1 - generator.below(generator.below(values.count) + 1), 0)]
    }

    private mutating func node(_ name: String, _ operation: Operator, _ inputs: [ValueID]) -> ValueID {
        let output = graph.intern("\(name) \(graph.nodes.count)")
        graph.nodes.append(
            Node(name: "\(name) \(graph.nodes.count)", operation: operation, inputs: inputs, outputs: [output]))
        return output
    }

    private mutating func stored(_ tensor: Tensor) -> ValueID {
        let value = graph.intern("constant \(graph.constants.count)")
        graph.constants[value] = .floats(tensor)
        return value
    }

    private mutating func add(_ value: ValueID, _ count: Int, _ numbers: [Double]) {
        channels[value] = count
        expected[value] = numbers
        values.append(value)
    }

    /// Every value of a tensor with so many channels, in order.
    private func places(_ channels: Int) -> [(item: Int, channel: Int, place: Int)] {
        (0..<items).flatMap { item in
            (0..<channels).flatMap { channel in
                (0..<JoinedNetwork.plane).map { place in (item, channel, place) }
            }
        }
    }
}
