import Execution
import Networks
import Tensors
import Testing

/// Transposes and slices that leave every value where it is move nothing, and spoil nothing that is read afterwards.
@Suite struct RelabellingTests {
    @Test(arguments: 0..<24)
    func thereAndBackIsTheSame(seed: Int) async throws {
        var generator = RandomNetwork.Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 5)
        let (items, channels) = (1 + generator.below(2), [5, 16, 24][generator.below(3)])
        let extents = [items, channels, 3 + generator.below(4), 3 + generator.below(4)]
        let slope: Float = generator.chance(50) ? 0 : 0.1
        var graph = Graph()
        let image = graph.intern("image")
        graph.inputs = [Graph.Input(value: image, extents: extents.map(Optional.some))]
        let weights = graph.intern("weights")
        graph.constants[weights] = .floats(try generator.tensor([channels, channels, 1, 1], scale: 0.5))
        func integers(_ name: String, _ values: [Int]) throws -> ValueID {
            let value = graph.intern(name)
            graph.constants[value] = .integers(shape: try Shape([values.count]), values: values)
            return value
        }
        func add(_ name: String, _ operation: Operator, _ inputs: [ValueID]) -> ValueID {
            let output = graph.intern(name)
            graph.nodes.append(Node(name: name, operation: operation, inputs: inputs, outputs: [output]))
            return output
        }
        let sums = add(
            "sums", .convolution(Convolution(window: OperatorCase.window([1, 1]), groups: 1)), [image, weights])
        let rows = add("rows", .transpose(order: [0, 2, 3, 1]), [sums])
        let changed = add("changed", .activation(.leakyRelu(slope: slope)), [rows])
        let back = add("back", .transpose(order: [0, 3, 1, 2]), [changed])
        // What the transposed values were made of is still read here.
        let total = add("total", .arithmetic(.add), [sums, back])
        let all = add(
            "all", .slice(axes: [1, 2]), [total, try integers("from", [0, 0]), try integers("to", [channels, 99])])
        let result = add("result", .activation(.relu), [all])
        graph.outputs = [result, total]

        let input = try generator.tensor(extents)
        for arrangement in [Arrangement.library, .channelsLast, .blocked] {
            let session = try InferenceSession(
                graph: graph, threads: 1, algorithms: .preferring(ConvolutionAlgorithm(.direct, arrangement)))
            let (free, gradient, values, steps) = try await session.perform { evaluator in
                let pass = try evaluator.forward([input])
                let free = [try pass.value(result), try pass.value(total)]
                let kept = try evaluator.forward([input], keeping: [sums, rows, back])
                let values = [try kept.value(sums), try kept.value(rows), try kept.value(back)]
                let derivative = Derivative(of: result, withRespectTo: [sums])
                let walk = try evaluator.forward([input], derivatives: [derivative])
                let gradient = try walk.derivative(seed: Tensor(shape: input.shape, repeating: 1))[0]
                return (free, gradient, values, try evaluator.profile([input], rounds: 1))
            }
            let plane = extents[2] * extents[3]
            let sum = values[0]
            func leaky(_ x: Float) -> Float { x > 0 ? x : slope * x }
            for index in 0..<sum.count {
                let (item, channel, place) = (index / plane / channels, index / plane % channels, index % plane)
                let x = sum[index]
                #expect(values[1][(item * plane + place) * channels + channel] == x)
                #expect(abs(values[2][index] - leaky(x)) < 1e-6)
                #expect(abs(free[1][index] - x - leaky(x)) < 1e-5)
                #expect(abs(free[0][index] - max(x + leaky(x), 0)) < 1e-5)
                let slopes = x > 0 ? 2 : 0
                #expect(abs((try #require(gradient))[index] - Float(slopes)) < 1e-5)
            }
            #expect(steps.allSatisfy { $0.node != "all" })
            if arrangement == .channelsLast { #expect(steps.allSatisfy { $0.node != "rows" && $0.node != "back" }) }
        }
    }
}
