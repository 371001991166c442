import Execution
import Networks
import Tensors
import Testing

/// Convolutions along one axis by way of values at points are sums of products all the same.
@Suite struct LineConvolutionTests {
    @Test(arguments: 0..<40)
    func itIsTheSumOfProducts(seed: Int) async throws {
        var generator = RandomNetwork.Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 99)
        let length = 3 + seed % 5
        let isDown = generator.chance(50)
        func along(_ length: Int, _ other: Int) -> [Int] { isDown ? [length, other] : [other, length] }
        let (begin, end) = (generator.below(length), generator.below(length))
        let window = Window(
            kernel: along(length, 1), stride: [1, 1], dilation: [1, 1],
            padding: .explicit(begin: along(begin, 0), end: along(end, 0)))
        let (channels, outputs) = (1 + generator.below(40), 1 + generator.below(40))
        let image = [1 + generator.below(3), channels, length + generator.below(20), length + generator.below(20)]
        let plane = try #require(window.outputExtents(for: Array(image.dropFirst(2))))
        let weights = try generator.tensor([outputs, channels] + window.kernel, scale: 0.3)
        let bias = generator.chance(50) ? try generator.tensor([outputs]) : nil
        let isRectified = generator.chance(50)

        let graph = Graph(
            ofLayer: "line", .convolution(Convolution(window: window, groups: 1)), image: image, weights: weights,
            bias: bias, isRectified: isRectified)

        let input = try generator.tensor(image)
        let session = try InferenceSession(
            graph: graph, threads: 1 + seed % 2,
            algorithms: .preferring(ConvolutionAlgorithm(.toomCook, .library)))
        let (found, steps) = try await session.perform { evaluator in
            (try evaluator.forward([input]).output(), try evaluator.profile([input], rounds: 1))
        }
        // It was computed that way, and not by the library's convolutions.
        #expect(steps.contains { $0.node == "line" && $0.implementation == "own" })

        let shape = try Shape([image[0], outputs] + plane)
        #expect(found.shape == shape)
        let expected = Tensor(shape: shape) { values in
            for index in values.indices {
                let (column, row) = (index % plane[1], index / plane[1] % plane[0])
                let (output, item) = (index / plane[1] / plane[0] % outputs, index / plane[1] / plane[0] / outputs)
                var sum = Double(bias?[output] ?? 0)
                for channel in 0..<channels {
                    for k in 0..<length {
                        let (r, c) = (row + (isDown ? k - begin : 0), column + (isDown ? 0 : k - begin))
                        guard image[2] > r, r >= 0, image[3] > c, c >= 0 else { continue }
                        let place = ((item * channels + channel) * image[2] + r) * image[3] + c
                        sum += Double(weights[(output * channels + channel) * length + k]) * Double(input[place])
                    }
                }
                values[index] = Float(isRectified ? max(sum, 0) : sum)
            }
        }
        #expect(found.relativeError(to: expected) < 2e-5)
    }
}
