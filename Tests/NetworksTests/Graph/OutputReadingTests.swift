import Networks
import Tensors
import Testing

/// What a network's last operators, its labels and its folder say of its scores.
@Suite struct OutputReadingTests {
    /// What stands behind the scores [1,classes], and what is to come of it.
    struct Ending: CustomTestStringConvertible {
        let testDescription: String
        var classes = 3
        var labels = 0
        var statement = OutputStatement()
        let write: @Sendable (inout GraphWriter, ValueID) throws -> ValueID
        let kind: OutputKind
        var isAssumed = false
        /// Whether the scores are the linear layer's own output.
        var keepsScores = true
    }

    private static let softmax = Operator.softmax(Softmax(axis: -1, isLogarithmic: false, flattensTail: false))
    private static let logSoftmax = Operator.softmax(Softmax(axis: 1, isLogarithmic: true, flattensTail: false))

    static let endings: [Ending] = [
        Ending(testDescription: "nothing", write: { $1 }, kind: .exclusive, isAssumed: true),
        Ending(testDescription: "softmax", write: { $0.node(softmax, [$1]) }, kind: .exclusive),
        Ending(testDescription: "log softmax", write: { $0.node(logSoftmax, [$1]) }, kind: .exclusive),
        Ending(
            testDescription: "logarithm of softmax",
            write: { $0.node(.activation(.logarithm), [$0.node(softmax, [$1])]) }, kind: .exclusive),
        Ending(
            testDescription: "exp over its sum",
            write: {
                let largest = $0.node(.reduction(Reduction(kind: .maximum, axes: [1], keepsAxes: true)), [$1])
                let above = $0.node(.activation(.exponential), [$0.node(.arithmetic(.subtract), [$1, largest])])
                let below = $0.node(.reduction(Reduction(kind: .sum, axes: [-1], keepsAxes: true)), [above])
                return $0.node(.arithmetic(.divide), [above, below])
            }, kind: .exclusive),
        Ending(testDescription: "sigmoid", write: { $0.node(.activation(.sigmoid), [$1]) }, kind: .independent),
        Ending(
            testDescription: "1 / (1 + exp −x)",
            write: {
                let minus = $0.node(.activation(.linear(factor: -1, summand: 0)), [$1])
                let plus = $0.node(
                    .activation(.linear(factor: 1, summand: 1)), [$0.node(.activation(.exponential), [minus])])
                return $0.node(.activation(.reciprocal), [plus])
            }, kind: .independent),
        Ending(
            testDescription: "sigmoid, clipped and reshaped",
            write: {
                let clipped = $0.node(
                    .activation(.clip(lowest: 1e-6, highest: 0.999)), [$0.node(.activation(.sigmoid), [$1])])
                return $0.node(.reshape, [clipped, try $0.integers([1, 3, 1, 1])])
            }, kind: .independent),
        Ending(testDescription: "tanh", write: { $0.node(.activation(.tanh), [$1]) }, kind: .raw, keepsScores: false),
        Ending(
            testDescription: "sigmoid times 100",
            write: {
                $0.node(.activation(.linear(factor: 100, summand: 0)), [$0.node(.activation(.sigmoid), [$1])])
            }, kind: .raw, keepsScores: false),
        Ending(
            testDescription: "mean of two softmaxes",
            write: {
                let other = $0.node(softmax, [$0.node(.activation(.linear(factor: 2, summand: 0)), [$1])])
                let sum = $0.node(.arithmetic(.add), [$0.node(softmax, [$1]), other])
                return $0.node(.activation(.linear(factor: 0.5, summand: 0)), [sum])
            }, kind: .exclusive, keepsScores: false),
        Ending(
            testDescription: "weighted sum of three softmaxes in a stack",
            write: {
                var members: [ValueID] = []
                for factor in [Float(1), 2, 3] {
                    let scaled = $0.node(.activation(.linear(factor: factor, summand: 0)), [$1])
                    members.append($0.node(.unsqueeze(axes: [0]), [$0.node(softmax, [scaled])]))
                }
                let stack = $0.node(.concatenation(axis: 0), members)
                let weights = try $0.constant([3, 1, 1]) { [0.5, 0.3, 0.2][$0] }
                let weighted = $0.node(.arithmetic(.multiply), [stack, weights])
                return $0.node(.reduction(Reduction(kind: .sum, axes: [0], keepsAxes: false)), [weighted])
            }, kind: .exclusive, keepsScores: false),
        Ending(
            testDescription: "mean of two sigmoids",
            write: {
                let other = $0.node(.activation(.sigmoid), [$0.node(.activation(.linear(factor: 2, summand: 0)), [$1])])
                let sum = $0.node(.arithmetic(.add), [$0.node(.activation(.sigmoid), [$1]), other])
                return $0.node(.arithmetic(.multiply), [sum, $0.scalar(0.5)])
            }, kind: .independent, keepsScores: false),
        Ending(
            testDescription: "said in interpret.json", statement: OutputStatement(declared: .independent),
            write: { $1 },
            kind: .independent),
        Ending(
            testDescription: "said in config.json",
            statement: OutputStatement(training: (.independent, "multi-label")), write: { $1 }, kind: .independent),
        Ending(
            testDescription: "config.json against the graph",
            statement: OutputStatement(training: (.exclusive, "single-label")),
            write: { $0.node(.activation(.sigmoid), [$1]) }, kind: .independent),
        Ending(
            testDescription: "raw by wish", statement: OutputStatement(declared: .raw),
            write: { $0.node(.activation(.sigmoid), [$1]) }, kind: .raw, keepsScores: false),
        Ending(testDescription: "one output and one label", classes: 1, labels: 1, write: { $1 }, kind: .independent),
        Ending(testDescription: "one output", classes: 1, write: { $1 }, kind: .independent, isAssumed: true),
        Ending(
            testDescription: "one output of a regression", classes: 1,
            statement: OutputStatement(training: (.raw, "regression")), write: { $1 }, kind: .raw),
    ]

    @Test(arguments: endings) func theKindIsKnown(_ ending: Ending) throws {
        var writer = GraphWriter()
        let (linear, output) = try Self.head(&writer, ending)
        var statement = ending.statement
        statement.labelCount = ending.labels
        let reading = try writer.finished(output).readingOutputs(statement)
        let classifier = try #require(reading.classifier)
        #expect(classifier.kind == ending.kind)
        #expect(classifier.isAssumed == ending.isAssumed)
        #expect((classifier.scores == linear) == ending.keepsScores)
        #expect(classifier.classes == ending.classes && classifier.takesBatches == false)
        let shapes = try reading.graph.shapes(for: [reading.graph.inputs[0].value: Shape([1, 2, 4, 4])])
        #expect(shapes[classifier.scores]?.dimensions == [1, ending.classes])
        #expect(classifier.output == output && reading.graph.outputs == [output])
    }

    /// Convolution → global average pooling → linear, and what the ending writes behind it.
    private static func head(_ writer: inout GraphWriter, _ ending: Ending) throws -> (ValueID, ValueID) {
        let x = writer.input([1, 2, 4, 4])
        let features = try writer.convolution(x, channels: 2, to: 4)
        let pooled = writer.node(.flatten(axis: 1), [writer.node(.globalPooling(.average), [features])])
        let linear = writer.node(.fullyConnected, [pooled, try writer.constant([ending.classes, 4])], "linear")
        return (linear, try ending.write(&writer, linear))
    }

    @Test func whatIsSaidAgainstTheGraphIsRefusedInWords() throws {
        var writer = GraphWriter()
        let x = writer.input([1, 3])
        let y = writer.node(.activation(.sigmoid), [x])
        let graph = writer.finished(y)
        let error = #expect(throws: OutputError.self) {
            try graph.readingOutputs(OutputStatement(declared: .exclusive))
        }
        #expect(error?.description.contains("ends in a sigmoid") == true)
        #expect(throws: OutputError.self) { try graph.readingOutputs(OutputStatement(output: "y")) }
        var single = GraphWriter()
        let one = single.node(.activation(.relu), [single.input([1, 1])])
        #expect(throws: OutputError.self) {
            try single.finished(one).readingOutputs(OutputStatement(declared: .exclusive))
        }
        #expect(throws: OutputError.self) {
            try single.finished(one).readingOutputs(OutputStatement(declared: .raw, labelCount: 2))
        }
    }

    @Test func oneOutputAndTwoLabelsAreTwoOppositeScores() throws {
        var writer = GraphWriter()
        let x = writer.input([nil, 2, 4, 4])
        let features = try writer.convolution(x, channels: 2, to: 4)
        let pooled = writer.node(.flatten(axis: 1), [writer.node(.globalPooling(.average), [features])])
        let weights = try writer.constant([1, 4])
        let y = writer.node(.activation(.sigmoid), [writer.node(.fullyConnected, [pooled, weights])])
        let classifier = try #require(
            try writer.finished(y).readingOutputs(OutputStatement(labelCount: 2)).classifier)
        #expect(classifier.isBinary && classifier.classes == 2 && classifier.kind == .independent)
        let rows = try #require(classifier.classActivation?.weights)
        #expect(rows.shape.dimensions == [2, 4])
        #expect((0..<4).allSatisfy { rows[$0] == -rows[4 + $0] && rows[$0] != 0 || rows[4 + $0] == 0 })
    }

    // MARK: Shapes

    @Test(arguments: [[1, 3, 1, 1], [1, 1, 3], [3], [1, 3, 1]]) func aRowIsReadWhateverItsShape(_ extents: [Int]) throws
    {
        var writer = GraphWriter()
        let x = writer.input([1, 3])
        let y = writer.node(.reshape, [writer.node(.activation(.relu), [x]), try writer.integers(extents)])
        let softmax = Softmax(axis: extents.firstIndex(of: 3) ?? 0, isLogarithmic: false, flattensTail: false)
        for (output, kind) in [(y, OutputKind.exclusive), (writer.node(.softmax(softmax), [y]), .exclusive)] {
            let reading = try writer.finished(output).readingOutputs()
            let classifier = try #require(reading.classifier)
            let shapes = try reading.graph.shapes(for: [x: Shape([1, 3])])
            #expect(shapes[classifier.scores]?.dimensions == [1, 3] && classifier.kind == kind)
        }
    }

    @Test func aBatchIsWhatMakesTwiceTheNumbers() throws {
        for (shape, takesBatches) in [([-1, 3, 1, 1], true), ([1, -1], false), ([-1, 1, 3], true)] {
            var writer = GraphWriter()
            let x = writer.input([nil, 3])
            let y = writer.node(.reshape, [writer.node(.activation(.relu), [x]), try writer.integers(shape)])
            let reading = try writer.finished(y).readingOutputs()
            #expect(try #require(reading.classifier).takesBatches == takesBatches)
            guard takesBatches else { continue }
            let shapes = try reading.graph.shapes(for: [x: Shape([5, 3])])
            #expect(shapes[try #require(reading.classifier).scores]?.dimensions == [5, 3])
        }
        var writer = GraphWriter()
        let x = writer.input([nil, 1])
        let y = writer.node(.squeeze(axes: [1]), [writer.node(.activation(.relu), [x])])
        let reading = try writer.finished(y).readingOutputs()
        let shapes = try reading.graph.shapes(for: [x: Shape([5, 1])])
        #expect(shapes[try #require(reading.classifier).scores]?.dimensions == [5, 1])
    }

    @Test(arguments: [[1, 84, 30], [1, 3, 4, 4], [7, 1, 9]]) func detectorsReadersAndMapsAreNoClassifiers(
        _ extents: [Int]
    ) throws {
        var writer = GraphWriter()
        let x = writer.input([1, extents.reduce(1, *)])
        let y = writer.node(.reshape, [writer.node(.activation(.sigmoid), [x]), try writer.integers(extents)])
        let reading = try writer.finished(y).readingOutputs()
        #expect(reading.classifier == nil && reading.outputs.first?.shape?.dimensions == extents)
    }

    // MARK: Several outputs

    @Test func ofSeveralOutputsTheOneThatFitsIsChosenAndSaid() throws {
        var writer = GraphWriter()
        let x = writer.input([1, 5])
        let embedding = writer.node(.activation(.relu), [x], "embedding")
        let logits = writer.node(.fullyConnected, [embedding, try writer.constant([3, 5])], "head")
        let graph = writer.finished(embedding, logits)
        let fitting = try #require(try graph.readingOutputs(OutputStatement(labelCount: 3)).classifier)
        #expect(fitting.output == logits && fitting.remarks.first?.contains("'head'") == true)
        #expect(try graph.readingOutputs().classifier?.output == embedding)
        #expect(try graph.readingOutputs(OutputStatement(output: "head")).classifier?.output == logits)
        // The same with names that tell, and the probabilities beside.
        let named = writer.node(.activation(.linear(factor: 1, summand: 1)), [logits], "class_logits")
        let probabilities = writer.node(.activation(.sigmoid), [named], "other")
        let both = try #require(try writer.finished(embedding, probabilities, named).readingOutputs().classifier)
        #expect(both.output == named && both.scores == named && both.kind == .independent && !both.isAssumed)
    }

    // MARK: Class activation mapping

    /// Each of these heads is the mean of a linear function of maps.
    @Test func classActivationIsFoundWhereItIsExact() throws {
        func classActivation(
            _ write: (inout GraphWriter, ValueID) throws -> ValueID
        ) throws -> (Classifier.ClassActivation?, features: ValueID) {
            var writer = GraphWriter()
            let x = writer.input([1, 2, 4, 4])
            let features = writer.node(.activation(.relu), [try writer.convolution(x, channels: 2, to: 4, padding: 1)])
            let scores = try write(&writer, features)
            return (
                try writer.finished(scores).readingOutputs().classifier?.classActivation, features
            )
        }
        let average = Operator.globalPooling(.average)
        // A 1×1 convolution behind the pooling, and before it.
        for isBehind in [true, false] {
            let (found, features) = try classActivation { writer, features in
                let x = isBehind ? writer.node(average, [features]) : features
                let y = try writer.convolution(x, channels: 4, to: 3, kernel: 1)
                return isBehind ? y : writer.node(.flatten(axis: 1), [writer.node(average, [y])])
            }
            #expect(found?.features == features && found?.weights?.shape.dimensions == [3, 4])
        }
        // Maps of the classes themselves (SqueezeNet).
        var maps: ValueID?
        let (own, _) = try classActivation { writer, features in
            let y = writer.node(.activation(.relu), [try writer.convolution(features, channels: 4, to: 3, kernel: 1)])
            maps = y
            return writer.node(average, [y])
        }
        #expect(own != nil && own?.features == maps && own?.weights == nil)
        // A temperature scales the weights.
        let (scaled, _) = try classActivation { writer, features in
            let pooled = writer.node(.flatten(axis: 1), [writer.node(average, [features])])
            let y = writer.node(.fullyConnected, [pooled, try writer.constant([3, 4]) { _ in 2 }])
            return writer.node(Self.softmax, [writer.node(.activation(.linear(factor: 0.5, summand: 0)), [y])])
        }
        #expect(scaled?.weights?.values == [Float](repeating: 1, count: 12))
        // A ReLU between pooling and linear layer, and a mixture, are not linear.
        let (gated, _) = try classActivation { writer, features in
            let pooled = writer.node(.flatten(axis: 1), [writer.node(average, [features])])
            let hidden = writer.node(.activation(.relu), [pooled])
            return writer.node(.fullyConnected, [hidden, try writer.constant([3, 4])])
        }
        #expect(gated == nil)
    }
}
