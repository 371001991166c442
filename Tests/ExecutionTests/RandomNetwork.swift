import Networks
import Tensors

/// Random classifiers, drawn from a seed: windows of all kinds, branches, sums, concatenations, channel-wise scales.
struct RandomNetwork {
    let graph: Graph
    let imageShape: Shape
    let scores: ValueID
    var generator: Generator

    /// A small linear congruential generator (Knuth's constants): the same networks everywhere.
    struct Generator {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }

        mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

        mutating func tensor(_ extents: [Int], scale: Float = 1) throws -> Tensor {
            let shape = try Shape(extents)
            var values: [Float] = []
            for _ in 0..<shape.count { values.append((Float(below(2001)) / 1000 - 1) * scale) }
            return try Tensor(shape: shape, values: values)
        }
    }

    init(seed: Int) throws {
        var builder = Builder(seed: seed)
        try builder.build()
        graph = builder.graph
        imageShape = try Shape(builder.image)
        scores = graph.outputs[0]
        generator = builder.generator
    }

    private struct Builder {
        var graph = Graph()
        var generator: Generator
        var image: [Int] = []
        private var value = ValueID(index: 0)
        /// [C,H,W] of `value`.
        private var extents: [Int] = []
        private var count = 0

        init(seed: Int) { generator = Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 12345) }

        mutating func build() throws {
            extents = [[1, 3, 4][generator.below(3)], 18 + generator.below(24), 18 + generator.below(24)]
            image = [1] + extents
            value = graph.intern("image")
            graph.inputs = [Graph.Input(value: value, extents: [nil] + extents.map(Optional.some))]
            for _ in 0..<3 + generator.below(6) { try addBlock() }
            try addHead()
            graph.outputs = [value]
        }

        private mutating func addBlock() throws {
            switch generator.below(10) {
            case 0...3:
                try convolution()
                if generator.chance(70) { add(.activation(.relu), to: extents) }
            case 4: try pooling()
            case 5: try residual()
            case 6: try branches()
            case 7: try padded()
            case 8:
                if generator.chance(40) { try squeezeAndExcite() } else { try normalization() }
            default: add(.activation([.sigmoid, .hardSwish, .leakyRelu(slope: 0.1)][generator.below(3)]), to: extents)
            }
        }

        private mutating func constant(_ extents: [Int], scale: Float = 1) throws -> ValueID {
            count += 1
            let value = graph.intern("constant \(count)")
            graph.constants[value] = .floats(try generator.tensor(extents, scale: scale))
            return value
        }

        private mutating func add(_ operation: Operator, _ inputs: [ValueID] = [], to extents: [Int]) {
            count += 1
            let output = graph.intern("value \(count)")
            graph.nodes.append(
                Node(
                    name: "node \(count)", operation: operation, inputs: inputs.isEmpty ? [value] : inputs,
                    outputs: [output]))
            value = output
            self.extents = extents
        }

        private mutating func window(largest: Int, keepsExtents: Bool = false) -> Window? {
            var (kernel, stride, dilation): ([Int], [Int], [Int]) = ([], [], [])
            var (begin, end): ([Int], [Int]) = ([], [])
            for _ in 0..<2 {
                kernel.append(1 + generator.below(largest))
                stride.append(keepsExtents || generator.chance(65) ? 1 : 2)
                dilation.append(generator.chance(85) ? 1 : 2)
                let span = (kernel[kernel.count - 1] - 1) * dilation[dilation.count - 1] + 1
                begin.append(keepsExtents ? (span - 1) / 2 : generator.below(min(span, 3)))
                end.append(keepsExtents ? span - 1 - (span - 1) / 2 : generator.below(min(span, 3)))
            }
            let same = !keepsExtents && generator.chance(15)
            let padding: Window.Padding =
                same ? .same(oddAtEnd: generator.chance(50)) : .explicit(begin: begin, end: end)
            let window = Window(kernel: kernel, stride: stride, dilation: dilation, padding: padding)
            guard let outputs = window.outputExtents(for: Array(extents.dropFirst())), outputs.allSatisfy({ $0 >= 3 })
            else { return nil }
            return window
        }

        private mutating func convolution(channels: Int? = nil, keepsExtents: Bool = false) throws {
            guard let window = window(largest: 5, keepsExtents: keepsExtents) else { return }
            let isDepthwise = channels == nil && generator.chance(25)
            let outputs = isDepthwise ? extents[0] : channels ?? [4, 7, 16, 20, 32][generator.below(5)]
            let inputs = isDepthwise ? 1 : extents[0]
            let size = window.kernel.reduce(inputs, *)
            let weights = try constant([outputs, inputs] + window.kernel, scale: 2 / Float(size).squareRoot())
            let bias = try constant([outputs])
            let plane = window.outputExtents(for: Array(extents.dropFirst())) ?? []
            add(
                .convolution(Convolution(window: window, groups: isDepthwise ? extents[0] : 1)),
                [value, weights, bias], to: [outputs] + plane)
        }

        private mutating func pooling() throws {
            guard var window = window(largest: 3) else { return }
            window.dilation = [1, 1]
            window.roundsUp = generator.chance(30)
            guard let plane = window.outputExtents(for: Array(extents.dropFirst())), plane.allSatisfy({ $0 >= 3 })
            else {
                return
            }
            let kinds: [Pooling.Kind] = [.maximum, .averageIncludingPadding, .averageExcludingPadding]
            // Padding as wide as the window would leave windows of nothing but padding.
            let (begin, end) = window.padding(for: Array(extents.dropFirst()))
            guard (0..<2).allSatisfy({ begin[$0] < window.kernel[$0] && end[$0] < window.kernel[$0] }) else { return }
            add(.pooling(Pooling(kind: kinds[generator.below(3)], window: window)), to: [extents[0]] + plane)
        }

        private mutating func residual() throws {
            let (start, before) = (value, extents)
            try convolution(channels: before[0], keepsExtents: true)
            if generator.chance(60) {
                add(.activation(.relu), to: extents)
                try convolution(channels: before[0], keepsExtents: true)
            }
            guard extents == before, value != start else { return }
            add(.arithmetic([.add, .multiply, .maximum][generator.below(3)]), [value, start], to: before)
            if generator.chance(60) { add(.activation(.relu), to: extents) }
        }

        private mutating func branches() throws {
            let (start, before) = (value, extents)
            var results: [ValueID] = []
            var channels = 0
            for _ in 0..<2 + generator.below(2) {
                (value, extents) = (start, before)
                try convolution(channels: 4 + generator.below(14), keepsExtents: true)
                results.append(value)
                channels += extents[0]
            }
            add(.concatenation(axis: 1), results, to: [channels] + before.dropFirst())
        }

        private mutating func padded() throws {
            let counts = (0..<4).map { _ in generator.below(3) }
            let name = graph.intern("counts \(count)")
            graph.constants[name] = .integers(
                shape: try Shape([8]), values: [0, 0, counts[0], counts[1], 0, 0, counts[2], counts[3]])
            add(
                .padding(Padding(mode: .constant, axes: nil)), [value, name],
                to: [extents[0], extents[1] + counts[0] + counts[2], extents[2] + counts[1] + counts[3]])
        }

        private mutating func normalization() throws {
            if generator.chance(50) {
                add(
                    .localResponseNormalization(
                        LocalResponseNormalization(size: 3, alpha: 0.1, beta: 0.75, bias: 1)), to: extents)
            } else {
                let scale = try constant([extents[0], 1, 1])
                add(.arithmetic(.multiply), [value, scale], to: extents)
            }
        }

        private mutating func squeezeAndExcite() throws {
            let (start, before) = (value, extents)
            add(.globalPooling(.average), to: [before[0], 1, 1])
            let weights = try constant([before[0], before[0], 1, 1], scale: 1 / Float(before[0]).squareRoot())
            let window = Window(
                kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: .explicit(begin: [0, 0], end: [0, 0]))
            add(.convolution(Convolution(window: window, groups: 1)), [value, weights], to: [before[0], 1, 1])
            add(.activation(.sigmoid), to: extents)
            add(.arithmetic(.multiply), [start, value], to: before)
        }

        private mutating func addHead() throws {
            if generator.chance(50) {
                add(.globalPooling(generator.chance(80) ? .average : .maximum), to: [extents[0], 1, 1])
            }
            let features = extents.reduce(1, *)
            add(.flatten(axis: 1), to: [features])
            let weights = try constant([5, features], scale: 2 / Float(features).squareRoot())
            let bias = try constant([5])
            add(.fullyConnected, [value, weights, bias], to: [5])
        }
    }
}
