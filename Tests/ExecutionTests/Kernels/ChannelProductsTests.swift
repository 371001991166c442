import Execution
import Networks
import Tensors
import Testing

/// The derivative with respect to one factor for each channel is a sum of products, however the channels lie.
@Suite struct ChannelProductsTests {
    @Test(arguments: [1, 4, 15, 16, 17, 20, 37], [Arrangement.library, .channelsLast, .blocked])
    func itIsTheSumOfProducts(channels: Int, arrangement: Arrangement) async throws {
        var generator = RandomNetwork.Generator(state: UInt64(channels) &* 0x9E37_79B9_7F4A_7C15 &+ 3)
        let window = Window(
            kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding: .explicit(begin: [1, 1], end: [1, 1]))
        var graph = Graph(
            ofLayer: "sums", .convolution(Convolution(window: window, groups: 1)), image: [2, 9, 7, 5],
            weights: try generator.tensor([channels, 9, 3, 3]), bias: nil, isRectified: false)
        let (sums, gates, y) = (graph.outputs[0], graph.intern("gates"), graph.intern("y"))
        graph.inputs.append(Graph.Input(value: gates, extents: [2, channels, 1, 1]))
        graph.nodes.append(
            Node(name: "gated", operation: .arithmetic(.multiply), inputs: [sums, gates], outputs: [y]))
        graph.outputs = [y]

        let inputs = [try generator.tensor([2, 9, 7, 5]), try generator.tensor([2, channels, 1, 1])]
        let signal = try generator.tensor([2, channels, 7, 5])
        let derivative = Derivative(of: y, withRespectTo: [gates, sums])
        let session = try InferenceSession(
            graph: graph, threads: 1, algorithms: .preferring(ConvolutionAlgorithm(.direct, arrangement)))
        let (values, found) = try await session.perform { evaluator in
            let pass = try evaluator.forward(inputs, keeping: [sums], derivatives: [derivative])
            return (try pass.value(sums), try pass.derivative(seed: signal))
        }
        let (ofGates, ofSums) = (try #require(found[0]), try #require(found[1]))
        for channel in 0..<2 * channels {
            let plane = channel * 35..<channel * 35 + 35
            let expected = plane.reduce(0.0) { $0 + Double(values[$1]) * Double(signal[$1]) }
            #expect(abs(Double(ofGates[channel]) - expected) < 1e-4)
            for place in plane { #expect(ofSums[place] == signal[place] * inputs[1][channel]) }
        }
    }
}
