import Execution
import Networks
import Tensors
import Testing

/// A convolution by way of its output's phases, transposed or with few channels, puts every product where it belongs.
@Suite struct OutputPhasesTests {
    @Test(arguments: 0..<60)
    func itIsTheScatteredProducts(seed: Int) async throws {
        var generator = RandomNetwork.Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 7)
        let kernel = [1 + generator.below(5), 1 + generator.below(5)]
        let stride = [1 + generator.below(3), 1 + generator.below(3)]
        let dilation = [1 + generator.below(2), 1 + generator.below(2)]
        let begin = kernel.map { generator.below($0) }
        let outputPadding = stride.map { generator.below($0) }
        let groups = generator.chance(30) ? 2 : 1
        let (channels, outputs) = (groups * (1 + generator.below(20)), 1 + generator.below(20))
        let image = [1 + generator.below(2), channels, 3 + generator.below(6), 3 + generator.below(6)]
        let operation = TransposedConvolution(
            window: Window(
                kernel: kernel, stride: stride, dilation: dilation, padding: .explicit(begin: begin, end: begin)),
            groups: groups, outputPadding: outputPadding, outputExtents: nil)
        let plane = try #require(operation.output(for: Array(image.dropFirst(2)))?.extents)
        let weights = try generator.tensor([channels, outputs] + kernel, scale: 0.3)
        let bias = try generator.tensor([groups * outputs])
        let isRectified = generator.chance(50)

        let graph = Graph(
            ofLayer: "up", .transposedConvolution(operation), image: image, weights: weights, bias: bias,
            isRectified: isRectified)

        let input = try generator.tensor(image)
        let shape = try Shape([image[0], groups * outputs] + plane)
        var expected = [Double](repeating: 0, count: shape.count)
        for index in expected.indices {
            expected[index] = Double(bias[index / (plane[0] * plane[1]) % (groups * outputs)])
        }
        for source in 0..<input.count {
            let (column, row) = (source % image[3], source / image[3] % image[2])
            let (channel, item) = (source / image[3] / image[2] % channels, source / image[3] / image[2] / channels)
            let group = channel / (channels / groups)
            for output in 0..<outputs {
                for tap in 0..<kernel[0] * kernel[1] {
                    let (k, l) = tap.quotientAndRemainder(dividingBy: kernel[1])
                    let r = row * stride[0] + k * dilation[0] - begin[0]
                    let c = column * stride[1] + l * dilation[1] - begin[1]
                    guard (0..<plane[0]).contains(r), (0..<plane[1]).contains(c) else { continue }
                    let place = ((item * groups + group) * outputs + output) * plane[0] * plane[1] + r * plane[1] + c
                    let weight = weights[(channel * outputs + output) * kernel[0] * kernel[1] + tap]
                    expected[place] += Double(input[source]) * Double(weight)
                }
            }
        }
        if isRectified { expected = expected.map { max($0, 0) } }

        for arrangement in [Arrangement.channelsLast, .blocked] {
            let session = try InferenceSession(
                graph: graph, threads: 1 + seed % 2,
                algorithms: .preferring(ConvolutionAlgorithm(.direct, arrangement)))
            let found = try await session.perform { evaluator in try evaluator.forward([input]).output() }
            #expect(found.shape == shape)
            let distance = zip(found.values, expected).map { abs(Double($0) - $1) }.max() ?? 0
            #expect(distance < 1e-4, "\(arrangement) kernel \(kernel) stride \(stride) dilation \(dilation)")
        }
    }

    @Test(arguments: 0..<40)
    func fewChannelsAreTheSumsOfTheirProducts(seed: Int) async throws {
        var generator = RandomNetwork.Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 9)
        let kernel = [3 + generator.below(6), 3 + generator.below(6)]
        let (channels, outputs) = (15 + generator.below(20), 1 + generator.below(4))
        let (begin, end) = (kernel.map { generator.below($0) }, kernel.map { generator.below($0) })
        let image = [1 + generator.below(2), channels, 9 + generator.below(8), 9 + generator.below(8)]
        let plane = (0..<2).map { (axis: Int) -> Int in
            let padded: Int = image[2 + axis] + begin[axis] + end[axis]
            return padded - kernel[axis] + 1
        }
        let weights = try generator.tensor([outputs, channels] + kernel, scale: 0.2)
        let bias = try generator.tensor([outputs])
        let isRectified = generator.chance(50)

        let window = Window(
            kernel: kernel, stride: [1, 1], dilation: [1, 1], padding: .explicit(begin: begin, end: end))
        let graph = Graph(
            ofLayer: "few", .convolution(Convolution(window: window, groups: 1)), image: image, weights: weights,
            bias: bias,
            isRectified: isRectified)

        let input = try generator.tensor(image)
        let shape = try Shape([image[0], outputs] + plane)
        let expected = (0..<shape.count).map { (place: Int) -> Double in
            let (row, column) = (place / plane[1] % plane[0], place % plane[1])
            let (item, output) = (place / plane[0] / plane[1]).quotientAndRemainder(dividingBy: outputs)
            var sum = Double(bias[output])
            for channel in 0..<channels {
                for tap in 0..<kernel[0] * kernel[1] {
                    let r: Int = row + tap / kernel[1] - begin[0]
                    let c: Int = column + tap % kernel[1] - begin[1]
                    guard (0..<image[2]).contains(r), (0..<image[3]).contains(c) else { continue }
                    let matrix: Int = output * channels + channel
                    let weight = weights[matrix * kernel[0] * kernel[1] + tap]
                    let plane: Int = item * channels + channel
                    let value = input[(plane * image[2] + r) * image[3] + c]
                    sum += Double(weight) * Double(value)
                }
            }
            return isRectified ? max(sum, 0) : sum
        }

        for arrangement in [Arrangement.library, .channelsLast, .blocked] {
            let session = try InferenceSession(
                graph: graph, threads: 1 + seed % 2,
                algorithms: .preferring(ConvolutionAlgorithm(.direct, arrangement)))
            let (found, steps) = try await session.perform { evaluator in
                (try evaluator.forward([input]).output(), try evaluator.profile([input], rounds: 1))
            }
            #expect(found.shape == shape)
            let distance = zip(found.values, expected).map { abs(Double($0) - $1) }.max() ?? 0
            #expect(distance < 1e-4, "\(arrangement) kernel \(kernel) begin \(begin) end \(end)")
            // It is computed by phases indeed: something puts them where they belong.
            #expect(steps.contains { $0.node == "few" && $0.implementation == "own" })
        }
    }

    @Test(arguments: 0..<40)
    func theWayBackToFewChannelsIsTheScatteredSignal(seed: Int) async throws {
        var generator = RandomNetwork.Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 11)
        var stride = [2 + generator.below(3), 2 + generator.below(3)]
        var kernel = stride.map { $0 + generator.below(5) }
        var begin = kernel.map { generator.below(($0 + 1) / 2) }
        // The first layers of ResNet, EfficientNet, ConvNeXt and AlexNet, which are computed this way.
        // Kernels of eight channels leave too few places empty for two of them.
        let known: [(kernel: [Int], stride: [Int], begin: [Int], isNarrow: Bool)] = [
            ([7, 7], [2, 2], [3, 3], true), ([3, 3], [2, 2], [1, 1], false), ([4, 4], [4, 4], [0, 0], true),
            ([11, 11], [4, 4], [2, 2], false),
        ]
        if known.indices.contains(seed) { (kernel, stride, begin, _) = known[seed] }
        let (channels, outputs) = (known.indices.contains(seed) ? 3 : 1 + generator.below(4), 1 + generator.below(20))
        let image = [1 + generator.below(2), channels, 12 + generator.below(8), 12 + generator.below(8)]
        let window = Window(
            kernel: kernel, stride: stride, dilation: [1, 1], padding: .explicit(begin: begin, end: begin))
        let plane = try #require(window.outputExtents(for: Array(image.dropFirst(2))))
        let weights = try generator.tensor([outputs, channels] + kernel, scale: 0.3)
        let graph = Graph(
            ofLayer: "down", .convolution(Convolution(window: window, groups: 1)), image: image, weights: weights,
            bias: nil, isRectified: false)
        let signal = try generator.tensor([image[0], outputs] + plane)
        var expected = [Double](repeating: 0, count: image.reduce(1, *))
        for source in 0..<signal.count {
            let (column, row) = (source % plane[1], source / plane[1] % plane[0])
            let (item, output) = (source / plane[1] / plane[0]).quotientAndRemainder(dividingBy: outputs)
            for channel in 0..<channels {
                for tap in 0..<kernel[0] * kernel[1] {
                    let r: Int = row * stride[0] + tap / kernel[1] - begin[0]
                    let c: Int = column * stride[1] + tap % kernel[1] - begin[1]
                    guard (0..<image[2]).contains(r), (0..<image[3]).contains(c) else { continue }
                    let place = ((item * channels + channel) * image[2] + r) * image[3] + c
                    let weight = weights[(output * channels + channel) * kernel[0] * kernel[1] + tap]
                    expected[place] += Double(signal[source]) * Double(weight)
                }
            }
        }

        let input = try generator.tensor(image)
        let derivative = Derivative(of: graph.outputs[0], withRespectTo: [graph.inputs[0].value])
        for arrangement in [Arrangement.library, .channelsLast, .blocked] {
            let session = try InferenceSession(
                graph: graph, threads: 1 + seed % 2,
                algorithms: .preferring(ConvolutionAlgorithm(.direct, arrangement)))
            let (found, steps) = try await session.perform { evaluator in
                let pass = try evaluator.forward([input], derivatives: [derivative])
                return (
                    try pass.derivative(seed: signal)[0],
                    try evaluator.profile([input], derivatives: [derivative], rounds: 1)
                )
            }
            let distance = zip(try #require(found).values, expected).map { abs(Double($0) - $1) }.max() ?? 0
            #expect(distance < 1e-4, "\(arrangement) kernel \(kernel) stride \(stride) begin \(begin)")
            let isWide = steps.contains { $0.implementation.contains("avx512") }
            if known.indices.contains(seed), isWide || known[seed].isNarrow {
                #expect(steps.contains { $0.isBackward && $0.implementation == "own" })
            }
        }
    }
}
