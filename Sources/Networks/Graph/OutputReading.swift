public import Tensors

/// What others than the graph say of a network's outputs.
public struct OutputStatement: Sendable {
    /// What a person says that the scores are.
    public var declared: OutputKind?
    /// The name of the output that a person means.
    public var output: String?
    /// What the network was trained as: its scores' kind, and the words it was said in.
    public var training: (kind: OutputKind, words: String)?
    /// How many classes have a name; 0 where none has.
    public var labelCount: Int
    /// How the scores are scaled before they become probabilities; nil for not at all.
    public var scaling: ScoreScaling?
    /// Some shape of the image that the network takes; worked out of the graph's input where nil.
    public var inputShape: Shape?

    public init(
        declared: OutputKind? = nil, output: String? = nil, training: (kind: OutputKind, words: String)? = nil,
        labelCount: Int = 0, scaling: ScoreScaling? = nil, inputShape: Shape? = nil
    ) {
        self.declared = declared
        self.output = output
        self.training = training
        self.labelCount = labelCount
        self.scaling = scaling
        self.inputShape = inputShape
    }
}

/// A graph, and what its outputs mean.
public struct OutputReading: Sendable {
    /// The graph, with the nodes that the scores need behind its own.
    public let graph: Graph
    /// Nil where no output is a row of class scores.
    public let classifier: Classifier?
    /// The outputs' shapes for one image; nil where they could not be worked out.
    public let outputs: [(name: String, shape: Shape?)]
}

/// What is said of a network's outputs does not fit them.
public struct OutputError: Error, CustomStringConvertible {
    public let description: String
}

extension Graph {
    /// Finds the class scores of a network and what they mean.
    ///
    /// Scores are what goes into the network's last softmax or sigmoid. Where it ends in probabilities that are mixed of
    /// several networks', they are made of these: log p, whose softmax is p, or log p/(1 − p), whose sigmoid is p, with p
    /// kept 10⁻⁷ away from 0 and 1. One output that two classes share becomes two scores, −s and s.
    ///
    /// The kind is what `statement` declares; else what the graph ends in; else what the network was trained as; else
    /// `independent` for one output, which a softmax would make 1 whatever it is; else it is taken to be `exclusive`,
    /// and that is said.
    ///
    /// - Throws: `OutputError` where the statement contradicts the graph.
    public func readingOutputs(_ statement: OutputStatement = OutputStatement()) throws(OutputError) -> OutputReading {
        let inputShapes = exampleShapes(statement.inputShape)
        let ending = NetworkEnding(self, inputShapes)
        let named = outputs.map { (name: name(of: $0), shape: ending.shapes?[$0]) }
        guard let (output, remarks) = try chosenOutput(statement, ending) else {
            return OutputReading(graph: self, classifier: nil, outputs: named)
        }
        var reader = OutputReader(
            graph: self, ending: ending, output: output, statement: statement, remarks: remarks,
            takesBatches: takesBatches(output, statement.inputShape))
        let classifier = try reader.read()
        return OutputReading(graph: reader.graph, classifier: classifier, outputs: named)
    }

    /// A shape for each input: `image` for the first, and for others the extents that the file names.
    private func exampleShapes(_ image: Shape?, batch: Int = 1) -> [ValueID: Shape]? {
        var shapes: [ValueID: Shape] = [:]
        for (index, input) in inputs.enumerated() {
            let usual = index == 0 && input.extents.count == 4 ? [batch, 3, 224, 224] : [batch]
            var extents = input.extents.enumerated().map { axis, extent in
                extent ?? (axis < usual.count ? usual[axis] : 1)
            }
            if index == 0, let image {
                extents = image.dimensions
                if input.extents.first == .some(nil), !extents.isEmpty { extents[0] = batch }
            }
            guard let shape = try? Shape(extents) else { return nil }
            shapes[input.value] = shape
        }
        return shapes
    }

    /// Whether two images give twice the numbers.
    private func takesBatches(_ output: ValueID, _ image: Shape?) -> Bool {
        guard inputs.first?.extents.first != .some(1) else { return false }
        guard let one = exampleShapes(image).flatMap({ try? shapes(for: $0)[output] }),
            let two = exampleShapes(image, batch: 2)
        else { return true }
        guard let both = try? shapes(for: two)[output] else { return false }
        return both.count == 2 * one.count && both.dimensions.first == 2
    }

    // MARK: Several outputs

    /// The output that holds class scores: the one that was named; else of those that are rows of numbers the only one,
    /// or the only one with as many as there are labels, or the first of those that are called so.
    private func chosenOutput(
        _ statement: OutputStatement, _ ending: NetworkEnding
    ) throws(OutputError) -> (output: ValueID, remarks: [String])? {
        func names(_ values: [ValueID]) -> String { values.map { "'\(name(of: $0))'" }.joined(separator: ", ") }
        if let wanted = statement.output {
            guard let output = outputs.first(where: { name(of: $0) == wanted }) else {
                throw OutputError(description: "the network has no output '\(wanted)'; it has \(names(outputs))")
            }
            guard ending.shapes == nil || ending.isRow(output) else {
                let shape = ending.shapes?[output].map { "\($0)" } ?? "of another kind"
                throw OutputError(description: "output '\(wanted)' is \(shape), not a row of class scores")
            }
            return (output, [])
        }
        // Without shapes there is nothing to choose by.
        guard ending.shapes != nil else { return outputs.first.map { ($0, []) } }
        let rows = outputs.filter(ending.isRow)
        let fitting = rows.filter { output in
            let count = ending.rowCount(output) ?? 0
            return statement.labelCount == 0 || count == statement.labelCount || count == 1 && statement.labelCount == 2
        }
        let longer = rows.filter { ending.rowCount($0) ?? 0 > 1 }
        let candidates = [fitting, longer, rows].first { !$0.isEmpty } ?? []
        let words = ["logit", "prob", "score", "softmax", "class", "pred", "output"]
        let called = words.lazy.compactMap { word in
            candidates.first { self.name(of: $0).lowercased().contains(word) }
        }.first
        guard let output = called ?? candidates.first else { return nil }
        guard outputs.count > 1 else { return (output, []) }
        return (
            output,
            [
                "of the outputs \(names(outputs)) the scores are read from '\(name(of: output))'; "
                    + "another one is named by \"output\" in interpret.json"
            ]
        )
    }
}

/// Makes a classifier of an output that is a row of numbers.
private struct OutputReader {
    var graph: Graph
    let ending: NetworkEnding
    let output: ValueID
    let statement: OutputStatement
    var remarks: [String]
    let takesBatches: Bool
    private var added: Set<ValueID> = []

    init(
        graph: Graph, ending: NetworkEnding, output: ValueID, statement: OutputStatement, remarks: [String],
        takesBatches: Bool
    ) {
        self.graph = graph
        self.ending = ending
        self.output = output
        self.statement = statement
        self.remarks = remarks
        self.takesBatches = takesBatches
    }

    /// Probabilities are kept so far away from 0 and 1 before their logarithm is taken.
    private static let margin: Float = 1e-7

    mutating func read() throws(OutputError) -> Classifier {
        var found = ending.scores(of: output)
        let count = ending.rowCount(output)
        if found.kind == nil { found = saidByOthers(found) }
        let (kind, reason, isAssumed) = try kind(of: found, count)
        if kind == .raw {
            // As the network gives them, whatever made them.
            found = NetworkEnding.Scores(value: ending.behindMoves(output))
        }
        let activation = found.mass == nil ? Classifier.ClassActivation(scores: found.value, in: ending) : nil
        var scores = found.value
        if let mass = found.mass { scores = score(ofProbability: scores, kind, mass) }
        scores = row(scores, count)
        let isBinary = count == 1 && statement.labelCount == 2
        if isBinary {
            guard kind == .independent else {
                throw OutputError(
                    description: "there are two labels and one output, which is a raw number; name one label")
            }
            scores = opposites(scores)
        }
        let classes = isBinary ? 2 : count
        var head = isBinary ? activation?.withOpposite : activation
        if let scaling = statement.scaling {
            scores = try scaled(scores, scaling, kind, classes)
            head = head?.scaled(by: scaling)
        }
        return Classifier(
            output: output, scores: scores, classes: classes, kind: kind, isBinary: isBinary,
            scaling: statement.scaling,
            reason: reason, isAssumed: isAssumed, remarks: remarks, takesBatches: takesBatches, added: added,
            classActivation: head)
    }

    /// A network may give its scores and their probabilities side by side.
    private func saidByOthers(_ found: NetworkEnding.Scores) -> NetworkEnding.Scores {
        for other in graph.outputs where other != output && ending.isRow(other) {
            let said = ending.scores(of: other)
            if said.kind != nil, said.kind != .raw, said.mass == nil, said.value == found.value { return said }
        }
        return found
    }

    // MARK: The kind

    private mutating func kind(
        of found: NetworkEnding.Scores, _ count: Int?
    ) throws(OutputError) -> (OutputKind, reason: String, isAssumed: Bool) {
        if let declared = statement.declared {
            if let kind = found.kind, let finding = found.finding, kind != declared, declared != .raw {
                throw OutputError(
                    description: "\"outputs\" is \"\(declared.rawValue)\", but \(finding), so they are "
                        + "\(kind.rawValue); write \"\(kind.rawValue)\" or leave \"outputs\" out")
            }
            if declared == .exclusive, count == 1 {
                throw OutputError(
                    description: "\"outputs\" is \"exclusive\", but the network has one output, of which a softmax "
                        + "would always make 100 %; write \"independent\" or \"raw\"")
            }
            return (declared, "interpret.json says so", false)
        }
        if let kind = found.kind, let finding = found.finding {
            if let (trained, words) = statement.training, trained != kind {
                remarks.append("\(words) does not fit: \(finding)")
            }
            return (kind, finding, false)
        }
        if let (trained, words) = statement.training {
            guard trained != .exclusive || count != 1 else {
                return (.independent, "\(words), and the network has one output", false)
            }
            return (trained, words, false)
        }
        if count == 1 {
            let known = statement.labelCount == 2 ? "two labels" : statement.labelCount == 1 ? "one label" : nil
            guard let known else {
                return (
                    .independent, "nothing says what the one output means, so it is taken for a score before a sigmoid",
                    true
                )
            }
            return (.independent, "the network has one output and \(known)", false)
        }
        return (
            .exclusive,
            "nothing says what the scores mean, so they are taken for those before a softmax, of which one "
                + "class holds", true
        )
    }

    // MARK: Nodes for the scores

    private mutating func add(_ operation: Operator, _ inputs: [ValueID?]) -> ValueID {
        let value = graph.freshValue("\(graph.name(of: output)).score")
        graph.nodes.append(
            Node(name: graph.name(of: value), operation: operation, inputs: inputs, outputs: [value]))
        added.insert(value)
        return value
    }

    /// log p, or log p − log(1 − p).
    private mutating func score(ofProbability value: ValueID, _ kind: OutputKind, _ mass: Float) -> ValueID {
        var probability = value
        if abs(mass - 1) > 1e-3 { probability = add(.activation(.linear(factor: 1 / mass, summand: 0)), [value]) }
        let bounds = Activation.clip(lowest: Self.margin, highest: 1)
        let logarithm = add(.activation(.logarithm), [add(.activation(bounds), [probability])])
        guard kind == .independent else { return logarithm }
        let other = add(.activation(.linear(factor: -1, summand: 1)), [probability])
        let otherLogarithm = add(.activation(.logarithm), [add(.activation(bounds), [other])])
        return add(.arithmetic(.subtract), [logarithm, otherLogarithm])
    }

    /// a·s + b.
    private mutating func scaled(
        _ value: ValueID, _ scaling: ScoreScaling, _ kind: OutputKind, _ classes: Int?
    ) throws(OutputError) -> ValueID {
        guard kind.hasProbabilities else {
            throw OutputError(description: "\"calibration\" is for probabilities, and this network gives raw numbers")
        }
        guard scaling.fits(classes: classes) else {
            throw OutputError(
                description: "\"calibration\" should have one scale and at most one shift for each of the network's "
                    + "\(classes.map(String.init) ?? "unknown") classes, scales from 0.001 to 1000")
        }
        func constant(_ numbers: [Double], _ name: String) -> ValueID {
            let row = Tensor(shape: (try? Shape([1, numbers.count])) ?? .scalar) { values in
                for index in values.indices { values[index] = Float(numbers[index]) }
            }
            return graph.addConstant("\(graph.name(of: output)).\(name)", .floats(row))
        }
        let product = add(.arithmetic(.multiply), [value, constant(scaling.scale, "scale")])
        return scaling.shift.isEmpty ? product : add(.arithmetic(.add), [product, constant(scaling.shift, "shift")])
    }

    /// [N,classes] of a row of whatever shape.
    private mutating func row(_ value: ValueID, _ count: Int?) -> ValueID {
        guard let count, let shape = ending.shapes?[value], shape.dimensions != [ending.batch, count],
            let two = try? Shape([2])
        else { return value }
        let isBatchFirst = shape.rank > 1 && shape[0] == ending.batch
        let extents = isBatchFirst ? [0, -1] : count == 1 ? [-1, 1] : [1, -1]
        let target = graph.addConstant(
            "\(graph.name(of: output)).row", .integers(shape: two, values: extents))
        return add(.reshape, [value, target])
    }

    /// [N,1] → [N,2]: −s and s.
    private mutating func opposites(_ value: ValueID) -> ValueID {
        let signs = Tensor(shape: (try? Shape([2, 1])) ?? .scalar) { values in
            for index in values.indices { values[index] = index == 0 ? -1 : 1 }
        }
        return add(.fullyConnected, [value, graph.addConstant("\(graph.name(of: output)).signs", .floats(signs))])
    }
}

extension Classifier.ClassActivation {
    /// Of scores that are scaled. Where the pooled maps are the classes' own, they stay as they are.
    fileprivate func scaled(by scaling: ScoreScaling) -> Self {
        guard let weights, weights.shape.rank == 2 else { return self }
        let columns = weights.shape[1]
        let scaled = Tensor(shape: weights.shape) { values in
            for index in values.indices {
                values[index] = weights[index] * Float(scaling.scale[scaling.scale.count == 1 ? 0 : index / columns])
            }
        }
        return Self(features: features, weights: scaled)
    }

    /// Of the scores −s and s.
    fileprivate var withOpposite: Self? {
        let rows = weights ?? Tensor(shape: (try? Shape([1, 1])) ?? .scalar, repeating: 1)
        guard rows.shape.rank == 2, rows.shape[0] == 1, let shape = try? Shape([2, rows.shape[1]]) else { return nil }
        let both = Tensor(shape: shape) { values in
            for index in values.indices {
                values[index] = index < rows.count ? -rows[index] : rows[index - rows.count]
            }
        }
        return Self(features: features, weights: both)
    }
}
