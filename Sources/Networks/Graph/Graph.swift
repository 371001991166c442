public import Tensors

/// A neural network: operators in execution order, connected by named values.
///
/// Made by an importer, then canonicalized and never changed again; all state of a computation lives elsewhere.
public struct Graph: Sendable {
    /// A tensor that the caller supplies. An extent of nil is free (batch, height or width of any size).
    public struct Input: Sendable {
        public let value: ValueID
        public let extents: [Int?]

        public init(value: ValueID, extents: [Int?]) {
            self.value = value
            self.extents = extents
        }
    }

    public var inputs: [Input]
    public var outputs: [ValueID]
    /// The nodes in topological order: a node's inputs are graph inputs, constants, or outputs of earlier nodes.
    public var nodes: [Node]
    /// Weights, and the integers that shape arithmetic needs.
    public var constants: [ValueID: Constant]
    /// What the numbers of a value stand for, where they are integers or flags.
    public var elements: [ValueID: Element] = [:]
    /// The name of each value, by `ValueID.index`; the names are those of the ONNX file.
    public private(set) var names: [String]

    private var valuesByName: [String: ValueID]

    public init() {
        inputs = []
        outputs = []
        nodes = []
        constants = [:]
        names = []
        valuesByName = [:]
    }

    /// The value called `name`, made where there is none yet.
    public mutating func intern(_ name: String) -> ValueID {
        if let known = valuesByName[name] { return known }
        let value = ValueID(index: names.count)
        names.append(name)
        valuesByName[name] = value
        return value
    }

    public func value(named name: String) -> ValueID? { valuesByName[name] }
    public func name(of value: ValueID) -> String { names[value.index] }

    /// What the numbers of `value` stand for.
    public func element(of value: ValueID) -> Element { elements[value] ?? .float }

    /// How many node inputs and graph outputs read each value.
    public func useCounts() -> [ValueID: Int] {
        var counts: [ValueID: Int] = [:]
        for node in nodes {
            for case let input? in node.inputs { counts[input, default: 0] += 1 }
        }
        for output in outputs { counts[output, default: 0] += 1 }
        return counts
    }

    /// The node that makes each value.
    public func producers() -> [ValueID: Node] {
        var producers: [ValueID: Node] = [:]
        for node in nodes {
            for output in node.outputs { producers[output] = node }
        }
        return producers
    }

    /// The part of the network that `target` depends on, with it as the only output.
    public func ending(at target: ValueID) -> Graph {
        var part = self
        part.nodes = nodes(neededFor: target)
        let needed = Set(part.nodes.flatMap(\.inputs).compactMap { $0 } + [target])
        part.constants = constants.filter { needed.contains($0.key) }
        part.outputs = [target]
        return part
    }

    /// The nodes that have to run for `target` to be there, in order, without those that make what is given.
    package func nodes(neededFor target: ValueID, given: (ValueID) -> Bool = { _ in false }) -> [Node] {
        var needed: Set<ValueID> = [target]
        return nodes.reversed().filter { node in
            guard node.outputs.contains(where: needed.contains), !given(node.output) else { return false }
            needed.formUnion(node.inputs.compactMap { $0 })
            return true
        }.reversed()
    }

    /// The values on some way from `starts` to `end`, both ends included.
    package func path(from starts: [ValueID], to end: ValueID) -> Set<ValueID> {
        var downstream = Set(starts)
        for node in nodes where node.inputs.contains(where: { $0.map(downstream.contains) ?? false }) {
            downstream.formUnion(node.outputs)
        }
        var upstream: Set<ValueID> = [end]
        for node in nodes.reversed() where node.outputs.contains(where: upstream.contains) {
            upstream.formUnion(node.inputs.compactMap { $0 })
        }
        return downstream.intersection(upstream)
    }

    /// The number of trained weights.
    public var parameterCount: Int { constants.values.reduce(0) { $0 + ($1.tensor?.count ?? 0) } }
}

/// Identity of a value within one graph.
public struct ValueID: Hashable, Sendable, Comparable {
    public let index: Int

    public init(index: Int) { self.index = index }
    public static func < (a: ValueID, b: ValueID) -> Bool { a.index < b.index }
}

/// One operator at work: which values it reads and which it makes.
public struct Node: Sendable {
    /// The ONNX node name, or the name of its first output where it has none.
    public let name: String
    public var operation: Operator
    /// An optional input that is left out is nil.
    public var inputs: [ValueID?]
    public var outputs: [ValueID]

    public init(name: String, operation: Operator, inputs: [ValueID?], outputs: [ValueID]) {
        self.name = name
        self.operation = operation
        self.inputs = inputs
        self.outputs = outputs
    }

    public var output: ValueID { outputs[0] }

    /// Input `position`, where the node has one.
    public func input(_ position: Int) -> ValueID? { position < inputs.count ? inputs[position] : nil }
}

/// A value that is known before any input is.
public enum Constant: Sendable, Equatable {
    case floats(Tensor)
    /// Row-major integers, as ONNX uses them for shapes and axes.
    case integers(shape: Shape, values: [Int])

    public var shape: Shape {
        switch self {
        case .floats(let tensor): tensor.shape
        case .integers(let shape, _): shape
        }
    }

    public var tensor: Tensor? {
        if case .floats(let tensor) = self { tensor } else { nil }
    }

    public var integers: [Int]? {
        if case .integers(_, let values) = self { values } else { nil }
    }
}
