import Tensors

/// What a model folder says of its network's inputs.
public struct InputStatement: Sendable {
    /// Nil where the graph is to say.
    public var layout: ImageLayout?
    /// Values of inputs beside the image, by name: one for all places, or as many as the input has.
    public var values: [String: [Double]]

    public init(layout: ImageLayout? = nil, values: [String: [Double]] = [:]) {
        self.layout = layout
        self.values = values
    }
}

/// A graph whose first input is the image [N,C,H,W], whatever the file's is.
public struct InputReading: Sendable {
    public let graph: Graph
    /// The file's own.
    public let layout: ImageLayout
    /// The names of the inputs beside the image that have no value: photos do not give them.
    public let unbound: [String]
}

/// Why the inputs are not what the folder says, or do not suffice.
public enum InputError: Error, CustomStringConvertible, Sendable {
    /// The network has several inputs, of which these have no value.
    case missingValues([String])
    case unknownInput(String, known: [String])
    case wrongCount(String, expected: Int, got: Int)
    case wrongLayout(String)

    public var description: String {
        switch self {
        case .missingValues(let names):
            "the network takes \(names.joined(separator: ", ")) beside the photo; give "
                + "\(names.count == 1 ? "its value" : "their values") in interpret.json, for example "
                + "{\"inputs\": {\"\(names[0])\": 0}}, or remove preprocessor_config.json to use the network for tensors"
        case .unknownInput(let name, let known):
            "interpret.json gives a value for '\(name)', the network has \(known.joined(separator: ", "))"
        case .wrongCount(let name, let expected, let got):
            "interpret.json gives \(got) values for '\(name)', which takes 1 or \(expected)"
        case .wrongLayout(let reason): reason
        }
    }
}

extension Graph {
    /// The same network with the image as its first input, in planes, and the inputs that have a value bound to it.
    ///
    /// - Throws: `InputError` naming the input.
    public func readingInputs(_ statement: InputStatement = InputStatement()) throws(InputError) -> InputReading {
        var graph = self
        let names = inputs.map { name(of: $0.value) }
        if let stranger = statement.values.keys.sorted().first(where: { !names.contains($0) }) {
            throw .unknownInput(stranger, known: names)
        }
        graph.inputs = []
        for input in inputs {
            guard let values = statement.values[name(of: input.value)] else {
                graph.inputs.append(input)
                continue
            }
            graph.constants[input.value] = try bound(input, to: values)
        }
        if let image = graph.inputs.firstIndex(where: { $0.mayBeImage }), image > 0 {
            graph.inputs.insert(graph.inputs.remove(at: image), at: 0)
        }
        guard let image = graph.inputs.first else { throw .missingValues(names) }
        let unbound = graph.inputs.dropFirst().map { name(of: $0.value) }
        guard image.extents.count == 4 else {
            guard statement.layout == nil || statement.layout == .planes else {
                throw .wrongLayout(
                    "the layout is of inputs with four axes, '\(name(of: image.value))' has \(image.extents)")
            }
            return InputReading(graph: graph, layout: .planes, unbound: unbound)
        }
        let layout = statement.layout ?? graph.layout(of: image)
        if layout == .pixels { graph.turnIntoPlanes() }
        return InputReading(graph: graph, layout: layout, unbound: unbound)
    }

    private func bound(_ input: Input, to values: [Double]) throws(InputError) -> Constant {
        let name = name(of: input.value)
        guard let shape = try? Shape(input.extents.map { $0 ?? 1 }), values.count == 1 || values.count == shape.count
        else {
            throw .wrongCount(name, expected: input.extents.reduce(1) { $0 * ($1 ?? 1) }, got: values.count)
        }
        func value(_ index: Int) -> Double { values.count == 1 ? values[0] : values[index] }
        guard element(of: input.value) != .float else {
            return .floats(
                Tensor(shape: shape) { target in for index in target.indices { target[index] = Float(value(index)) } })
        }
        return .integers(shape: shape, values: (0..<shape.count).map { Int(exactly: value($0).rounded()) ?? 0 })
    }

    // MARK: Layout

    /// What the graph says: a transpose to planes behind the input, else where the few channels are.
    private func layout(of image: Input) -> ImageLayout {
        if let said = layout(behind: image.value) { return said }
        let channels = [1, 3, 4]
        let (second, last) = (image.extents[1], image.extents[3])
        let secondMayBe = second.map(channels.contains) ?? true
        let lastIs = last.map(channels.contains) ?? false
        if second.map(channels.contains) ?? false { return .planes }
        return lastIs && (!secondMayBe || second == nil) ? .pixels : .planes
    }

    /// Follows operators that leave every value in its place.
    private func layout(behind image: ValueID) -> ImageLayout? {
        var reached: Set<ValueID> = [image]
        for node in nodes where node.inputs.contains(where: { $0.map(reached.contains) ?? false }) {
            switch node.operation {
            case .transpose(let order):
                if order == [0, 3, 1, 2] { return .pixels }
            case .convolution:
                if node.input(0).map(reached.contains) ?? false { return .planes }
            case .activation, .arithmetic, .identity, .padding, .shapeArithmetic(.cast): reached.insert(node.output)
            default: continue
            }
        }
        return nil
    }

    /// Puts a transpose in front, which then goes as far back as it can.
    private mutating func turnIntoPlanes() {
        let image = inputs[0]
        let inner = freshValue("\(name(of: image.value)).nhwc")
        elements[inner] = elements[image.value]
        for index in nodes.indices {
            nodes[index].inputs = nodes[index].inputs.map { $0 == image.value ? inner : $0 }
        }
        outputs = outputs.map { $0 == image.value ? inner : $0 }
        nodes.insert(
            Node(
                name: "\(name(of: image.value)).transpose", operation: .transpose(order: [0, 2, 3, 1]),
                inputs: [image.value], outputs: [inner]), at: 0)
        let extents = [image.extents[0], image.extents[3], image.extents[1], image.extents[2]]
        inputs[0] = Input(value: image.value, extents: extents)
        self = canonicalized()
    }

    // MARK: Remarks

    /// Whether the first thing that happens to the image is scaling or shifting: preprocessing inside of the network.
    public var scalesItsImage: Bool {
        guard let image = inputs.first?.value else { return false }
        var reached: Set<ValueID> = [image]
        for node in nodes where node.inputs.contains(where: { $0.map(reached.contains) ?? false }) {
            switch node.operation {
            case .activation(.linear), .batchNormalization: return true
            case .arithmetic:
                return node.inputs.contains { $0.map { constants[$0] != nil } ?? false }
            case .transpose, .identity, .shapeArithmetic(.cast): reached.insert(node.output)
            default: return false
            }
        }
        return false
    }
}

extension Graph.Input {
    /// [N,C,H,W] or [N,H,W,C].
    fileprivate var mayBeImage: Bool {
        let channels: [Int?] = [1, 3, 4, nil]
        return extents.count == 4 && (channels.contains(extents[1]) || channels.contains(extents[3]))
    }
}
