import Networks
import Tensors
import Testing

@Suite struct CanonicalizationTests {
    private let toFirst = Operator.transpose(order: [0, 3, 1, 2])
    private let toLast = Operator.transpose(order: [0, 2, 3, 1])

    /// As tf2onnx writes: every convolution between two transposes, bias, activation and padding in [N,H,W,C].
    @Test func transposesAroundConvolutionsVanish() throws {
        var writer = GraphWriter()
        let input = writer.input([nil, 12, 14, 3])
        var x = input
        for (channels, outputs) in [(3, 4), (4, 5)] {
            x = writer.node(toFirst, [x])
            x = try writer.convolution(x, channels: channels, to: outputs)
            x = writer.node(toLast, [x])
            x = writer.node(.arithmetic(.add), [x, try writer.constant([outputs])])
            x = writer.node(.activation(.relu), [x])
            x = writer.node(
                .padding(Padding(mode: .constant, axes: nil)), [x, try writer.integers([0, 1, 0, 0, 0, 0, 2, 0])])
        }
        x = writer.node(.reduction(Reduction(kind: .mean, axes: [1, 2], keepsAxes: false)), [x], "scores")
        let graph = writer.finished(x)
        let canonical = graph.canonicalized()
        #expect(canonical.nodes.count { if case .transpose = $0.operation { true } else { false } } == 1)
        #expect(
            canonical.nodes.map(\.operation.name) == [
                "transpose", "convolution", "ReLU", "padding", "convolution", "ReLU", "padding",
                "reduction to the mean",
            ])
        let shapes: [ValueID: Shape] = [input: try Shape([2, 12, 14, 3])]
        #expect(try canonical.shapes(for: shapes)[x]?.dimensions == (try graph.shapes(for: shapes)[x]?.dimensions))
    }

    @Test func aTransposeThatIsTheOutputStays() throws {
        var writer = GraphWriter()
        let x = writer.input([1, 3, 8, 8])
        let y = writer.node(toLast, [try writer.convolution(x, channels: 3, to: 2)], "result")
        let canonical = writer.finished(y).canonicalized()
        #expect(canonical.nodes.map(\.operation).last == toLast)
        #expect(canonical.name(of: canonical.outputs[0]) == "result")
    }

    @Test func activationsWrittenOutOfPiecesAreRecognized() throws {
        let half = Float(0.5)
        let cases: [(Activation, (inout GraphWriter, ValueID) -> ValueID)] = [
            (.silu, { $0.node(.arithmetic(.multiply), [$1, $0.node(.activation(.sigmoid), [$1])]) }),
            (
                .mish,
                {
                    let gate = $0.node(.activation(.tanh), [$0.node(.activation(.softplus), [$1])])
                    return $0.node(.arithmetic(.multiply), [gate, $1])
                }
            ),
            (
                .hardSwish,
                {
                    let shifted = $0.node(.arithmetic(.add), [$1, $0.scalar(3)])
                    let clipped = $0.node(.activation(.clip(lowest: 0, highest: 6)), [shifted])
                    let product = $0.node(.arithmetic(.multiply), [$1, clipped])
                    return $0.node(.arithmetic(.divide), [product, $0.scalar(6)])
                }
            ),
            (
                .hardSigmoid(alpha: 1 / 6, beta: 0.5),
                {
                    let shifted = $0.node(.arithmetic(.add), [$1, $0.scalar(3)])
                    let clipped = $0.node(.activation(.clip(lowest: 0, highest: 6)), [shifted])
                    return $0.node(.arithmetic(.divide), [clipped, $0.scalar(6)])
                }
            ),
            (
                .hardSigmoid(alpha: 0.25, beta: 0.5),
                {
                    let scaled = $0.node(.arithmetic(.multiply), [$1, $0.scalar(0.25)])
                    let shifted = $0.node(.arithmetic(.add), [scaled, $0.scalar(half)])
                    return $0.node(.activation(.clip(lowest: 0, highest: 1)), [shifted])
                }
            ),
            (
                .hardSwish,
                {
                    let scaled = $0.node(.arithmetic(.divide), [$1, $0.scalar(6)])
                    let shifted = $0.node(.arithmetic(.add), [scaled, $0.scalar(half)])
                    let gate = $0.node(.activation(.clip(lowest: 0, highest: 1)), [shifted])
                    return $0.node(.arithmetic(.multiply), [$1, gate])
                }
            ),
            (
                .gelu(isApproximate: false),
                {
                    let scaled = $0.node(.arithmetic(.divide), [$1, $0.scalar(1.414_213_5)])
                    let one = $0.node(.arithmetic(.add), [$0.node(.activation(.erf), [scaled]), $0.scalar(1)])
                    let product = $0.node(.arithmetic(.multiply), [$1, one])
                    return $0.node(.arithmetic(.multiply), [product, $0.scalar(half)])
                }
            ),
        ]
        for (activation, write) in cases {
            var writer = GraphWriter()
            let x = writer.input([1, 3])
            let y = write(&writer, x)
            let canonical = writer.finished(y).canonicalized()
            #expect(canonical.nodes.map(\.operation) == [.activation(activation)])
            #expect(canonical.nodes.first?.outputs == [y])
        }
    }

    @Test func aGateThatSomebodyElseReadsStays() throws {
        var writer = GraphWriter()
        let x = writer.input([1, 3])
        let gate = writer.node(.activation(.sigmoid), [x])
        let y = writer.node(.arithmetic(.multiply), [x, gate])
        let canonical = writer.finished(y, gate).canonicalized()
        #expect(canonical.nodes.map(\.operation) == [.activation(.sigmoid), .arithmetic(.multiply)])
    }

    @Test func constantsPerChannelGoIntoTheConvolution() throws {
        var writer = GraphWriter()
        let x = writer.input([1, 3, 8, 8])
        var y = try writer.convolution(x, channels: 3, to: 4)
        y = writer.node(.arithmetic(.multiply), [y, try writer.constant([4, 1, 1])])
        y = writer.node(.arithmetic(.add), [try writer.constant([1, 4, 1, 1]), y], "result")
        let canonical = writer.finished(y).canonicalized()
        #expect(canonical.nodes.map(\.operation.name) == ["convolution"])
        #expect(canonical.nodes.first?.outputs == [y])
        // Along a row it is not per channel.
        var other = GraphWriter()
        let z = other.input([1, 4, 8, 8])
        let product = other.node(
            .arithmetic(.multiply), [try other.convolution(z, channels: 4, to: 8, kernel: 1), try other.constant([8])])
        #expect(other.finished(product).canonicalized().nodes.count == 2)
    }

    /// The head of a network with its mean written as a reduction is still recognized for class activation mapping.
    @Test func aMeanOverPlanesCountsAsGlobalAveragePooling() throws {
        var writer = GraphWriter()
        let x = writer.input([nil, 3, nil, nil])
        let features = try writer.convolution(x, channels: 3, to: 4, "features")
        let mean = writer.node(.reduction(Reduction(kind: .mean, axes: [-1, -2], keepsAxes: true)), [features])
        let flat = writer.node(.reshape, [mean, try writer.integers([0, -1])])
        let scores = writer.node(.fullyConnected, [flat, try writer.constant([2, 4])])
        let classifier = try #require(Classifier(writer.finished(scores)))
        #expect(classifier.classActivation?.features == features)
    }
}
