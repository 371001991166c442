import Execution
import Foundation
import Networks
import Tensors
import Testing

private let multipliesBytes: Bool = {
    let processor = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    return ["avx512_vnni", "avx_vnni", "amx_int8"].contains(where: processor.contains)
}()

/// Sums of products of values and weights that are rounded to eight bits.
@Suite(.enabled(if: multipliesBytes, "this processor has no instructions for products of eight bits"))
struct EightBitProductTests {
    private typealias Generator = RandomNetwork.Generator

    /// One layer, with what is computed along with it.
    private struct Layer {
        var graph = Graph()
        /// [N,C,H,W] or [rows,C]; where a sum follows, what is added as well.
        var inputs: [Tensor]
        let weights: Tensor
        let bias: Tensor?
        let isRectified: Bool

        /// - Parameter extents: of the output.
        init(
            _ operation: Operator, _ x: Tensor, _ weights: Tensor, output extents: [Int],
            _ generator: inout Generator, scale: Float
        ) throws {
            (inputs, self.weights) = ([x], weights)
            bias = generator.chance(50) ? try generator.tensor([weights.shape[0]], scale: scale) : nil
            isRectified = generator.chance(50)
            if extents.count == 4, generator.chance(50) { inputs.append(try generator.tensor(extents, scale: scale)) }
            let names = ["x", "beside"].map { graph.intern($0) }
            graph.inputs = zip(names, inputs).map { name, tensor in
                Graph.Input(value: name, extents: tensor.shape.dimensions.map(Optional.some))
            }
            let constants = zip([weights] + [bias].compactMap { $0 }, ["weights", "bias"]).map { tensor, name in
                let value = graph.intern(name)
                graph.constants[value] = .floats(tensor)
                return value
            }
            var y = graph.intern("sums")
            graph.nodes = [Node(name: "layer", operation: operation, inputs: [names[0]] + constants, outputs: [y])]
            func append(_ name: String, _ operation: Operator, _ further: [ValueID] = []) {
                let before = y
                y = graph.intern("\(name) of sums")
                graph.nodes.append(Node(name: name, operation: operation, inputs: [before] + further, outputs: [y]))
            }
            if inputs.count > 1 { append("sum", .arithmetic(.add), [names[1]]) }
            if isRectified { append("relu", .activation(.relu)) }
            graph.outputs = [y]
        }

        /// In eight bits, which is checked.
        func computed(threads: Int) async throws -> Tensor {
            let (graph, inputs) = (graph, inputs)
            let session = try InferenceSession(
                graph: graph, threads: threads, algorithms: .preferring(ConvolutionAlgorithm(.eightBit, .library)))
            let (found, steps) = try await session.perform { evaluator in
                (try evaluator.forward(inputs).output(), try evaluator.profile(inputs, rounds: 1))
            }
            #expect(steps.contains { $0.node == "layer" && $0.implementation.contains(/vnni|amx/) })
            return found
        }

        /// Σ w·x at each output [N,O,H′,W′], with the bias and so on where `isWhole`; of the absolute values else.
        func sums(
            _ window: Window, isWhole: Bool = true, _ w: (Int) -> Double, _ x: (Int) -> Double, _ extents: [Int]
        ) -> [Double] {
            let (image, count) = (inputs[0].shape.dimensions, extents.reduce(1, *))
            let (channels, height, width) = (image[1], image[2], image[3])
            let begin = window.padding(for: [height, width]).begin
            return (0..<count).map { index in
                let (column, row) = (index % extents[3], index / extents[3] % extents[2])
                let output = index / extents[3] / extents[2] % extents[1]
                let item = index / extents[3] / extents[2] / extents[1]
                var sum = 0.0
                for channel in 0..<channels {
                    for i in 0..<window.kernel[0] {
                        for j in 0..<window.kernel[1] {
                            let r = row * window.stride[0] + i * window.dilation[0] - begin[0]
                            let c = column * window.stride[1] + j * window.dilation[1] - begin[1]
                            guard height > r, r >= 0, width > c, c >= 0 else { continue }
                            let weight = ((output * channels + channel) * window.kernel[0] + i) * window.kernel[1] + j
                            sum += w(weight) * x(((item * channels + channel) * height + r) * width + c)
                        }
                    }
                }
                guard isWhole else { return sum }
                sum += Double(bias?[output] ?? 0) + (inputs.count > 1 ? Double(inputs[1][index]) : 0)
                return isRectified ? max(sum, 0) : sum
            }
        }
    }

    private static func window(_ generator: inout Generator) -> Window {
        func pair(_ most: Int) -> [Int] { [1 + generator.below(most), 1 + generator.below(most)] }
        let (kernel, stride, dilation) = (pair(4), pair(3), pair(2))
        let begin = kernel.map { generator.below($0) }
        let end = kernel.map { generator.below($0) }
        return Window(
            kernel: kernel, stride: stride, dilation: dilation, padding: .explicit(begin: begin, end: end))
    }

    /// A convolution's window, its image of at most so many channels and rows, and the extents of its output.
    private static func geometry(
        channels most: Int, side: Int, _ generator: inout Generator
    ) throws -> (window: Window, image: [Int], extents: [Int]) {
        let window = window(&generator)
        let (channels, outputs) = (1 + generator.below(most), 1 + generator.below(most))
        let image = [1 + generator.below(3), channels, 8 + generator.below(side), 8 + generator.below(side)]
        return (window, image, [image[0], outputs] + (try #require(window.outputExtents(for: Array(image.suffix(2))))))
    }

    /// Integers −most…most, or 0…most, the largest among them in each part of so many.
    private static func integers(
        _ extents: [Int], most: Int, isSigned: Bool, per part: Int, _ generator: inout Generator
    ) throws -> Tensor {
        let values = (0..<extents.reduce(1, *)).map { index in
            if index.isMultiple(of: part) { return Float(most) }
            return Float(isSigned ? generator.below(2 * most + 1) - most : generator.below(most + 1))
        }
        return try Tensor(shape: try Shape(extents), values: values)
    }

    @Test(arguments: 0..<40)
    func whatFitsIntoEightBitsIsExact(seed: Int) async throws {
        var generator = Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 7)
        let (window, image, extents) = try Self.geometry(channels: 40, side: 12, &generator)
        let isSigned = generator.chance(50)
        let x = try Self.integers(
            image, most: isSigned ? 127 : 255, isSigned: isSigned, per: image.dropFirst().reduce(1, *), &generator)
        let weights = try Self.integers(
            [extents[1], image[1]] + window.kernel, most: 127, isSigned: true,
            per: window.kernel.reduce(image[1], *), &generator)
        let layer = try Layer(
            .convolution(Convolution(window: window, groups: 1)), x, weights, output: extents, &generator, scale: 1e4)
        let found = try await layer.computed(threads: 1 + seed % 2)
        let expected = layer.sums(window, { Double(weights[$0]) }, { Double(x[$0]) }, extents)
        #expect(found.shape.dimensions == extents)
        #expect(found.relativeError(to: try Tensor(shape: found.shape, values: expected.map(Float.init))) < 1e-6)
    }

    @Test(arguments: 0..<40)
    func whatDoesNotIsRoundedToTheNearest(seed: Int) async throws {
        var generator = Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 8)
        let (window, image, extents) = try Self.geometry(channels: 20, side: 8, &generator)
        var x = try generator.tensor(image)
        let isSigned = generator.chance(50)
        if !isSigned { for index in 0..<x.count { x[index] = abs(x[index]) } }
        let weights = try generator.tensor([extents[1], image[1]] + window.kernel, scale: 0.3)
        let layer = try Layer(
            .convolution(Convolution(window: window, groups: 1)), x, weights, output: extents, &generator, scale: 1)
        let found = try await layer.computed(threads: 1 + seed % 2)
        let (values, filter) = (x, weights)
        let expected = layer.sums(window, { Double(filter[$0]) }, { Double(values[$0]) }, extents)

        // Half a step of a value times the weight, and the other way round.
        let (item, kernel) = (image.dropFirst().reduce(1, *), window.kernel.reduce(image[1], *))
        func largest(_ tensor: Tensor, _ part: Range<Int>) -> Double {
            part.reduce(0) { max($0, abs(Double(tensor[$1]))) }
        }
        let steps = (0..<image[0]).map {
            largest(values, $0 * item..<($0 + 1) * item) / (isSigned ? 127 : 255)
        }
        let weightSteps = (0..<extents[1]).map { largest(filter, $0 * kernel..<($0 + 1) * kernel) / 127 }
        let bySizes = layer.sums(
            window, isWhole: false, { abs(Double(filter[$0])) + weightSteps[$0 / kernel] / 2 },
            { steps[$0 / item] / 2 }, extents)
        let byWeightSteps = layer.sums(
            window, isWhole: false, { weightSteps[$0 / kernel] / 2 }, { abs(Double(values[$0])) }, extents)
        for index in expected.indices {
            let bound = bySizes[index] + byWeightSteps[index] + 1e-4 * (1 + abs(expected[index]))
            #expect(abs(Double(found[index]) - expected[index]) <= bound)
        }
        #expect(found.relativeError(to: try Tensor(shape: found.shape, values: expected.map(Float.init))) > 1e-6)
    }

    @Test(arguments: 0..<10)
    func rowsOfAFullyConnectedLayerHaveScalesOfTheirOwn(seed: Int) async throws {
        var generator = Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 9)
        let (rows, channels, outputs) = (1 + generator.below(9), 1 + generator.below(99), 1 + generator.below(40))
        let isSigned = generator.chance(50)
        var x = try Self.integers(
            [rows, channels], most: isSigned ? 127 : 255, isSigned: isSigned, per: channels, &generator)
        // Of rows that differ by far, none is lost.
        for index in 0..<x.count { x[index] *= index / channels % 2 == 0 ? 1 : 1 / 4096 }
        let weights = try Self.integers([outputs, channels], most: 127, isSigned: true, per: channels, &generator)
        let layer = try Layer(.fullyConnected, x, weights, output: [rows, outputs], &generator, scale: 1)
        let found = try await layer.computed(threads: 1)
        for row in 0..<rows {
            for output in 0..<outputs {
                var sum = Double(layer.bias?[output] ?? 0)
                var size = abs(sum)
                for channel in 0..<channels {
                    let product = Double(weights[output * channels + channel]) * Double(x[row * channels + channel])
                    sum += product
                    size += abs(product)
                }
                let expected = layer.isRectified ? max(sum, 0) : sum
                #expect(abs(Double(found[row * outputs + output]) - expected) <= 1e-6 * size)
            }
        }
    }

    @Test func whatIsNoNumberStaysInItsItem() async throws {
        var generator = Generator(state: 3)
        let window = Window(
            kernel: [3, 3], stride: [1, 1], dilation: [1, 1], padding: .explicit(begin: [1, 1], end: [1, 1]))
        let weights = try generator.tensor([4, 5, 3, 3])
        var x = try generator.tensor([3, 5, 6, 6])
        for (index, strange) in [Float.nan, .infinity, -.infinity].enumerated() { x[180 + index * 7] = strange }
        let extents = [3, 4, 6, 6]
        let layer = try Layer(
            .convolution(Convolution(window: window, groups: 1)), x, weights, output: extents, &generator, scale: 1)
        let found = try await layer.computed(threads: 1)
        let (values, filter) = (x, weights)
        let expected = layer.sums(window, { Double(filter[$0]) }, { Double(values[$0]) }, extents)
        for item in [0, 2] {
            for index in item * 144..<(item + 1) * 144 { #expect(abs(Double(found[index]) - expected[index]) < 0.2) }
        }
    }
}
