public import Tensors

/// What is known of a graph once the shapes of its inputs are: the shape of every value, the value of everything that
/// depends on shapes and constants alone, and how rearranging operators move values.
public struct Specialization: Sendable {
    /// The shape of every value that exists.
    public internal(set) var shapes: [ValueID: Shape] = [:]
    /// Values that are known without running anything, besides the graph's own constants.
    public internal(set) var constants: [ValueID: Constant] = [:]
    /// How a rearranging operator moves values, by its output.
    public internal(set) var movements: [ValueID: Movement] = [:]
}

extension Graph {
    /// Works out everything that input shapes decide. No operator is run on tensors that depend on input values.
    ///
    /// - Throws: `NetworkError` naming the node whose inputs do not fit.
    public func specialized(for inputShapes: [ValueID: Shape]) throws(NetworkError) -> Specialization {
        let specializer = Specializer(graph: self)
        for input in inputs {
            guard let shape = inputShapes[input.value] else { throw .missingInput(name: name(of: input.value)) }
            let fits =
                shape.rank == input.extents.count
                && zip(shape.dimensions, input.extents).allSatisfy { $1 == nil || $0 == $1 }
            guard fits, shape.count > 0 else {
                let expected = input.extents.map { $0.map(String.init) ?? "any" }.joined(separator: ",")
                throw .wrongInput(name: name(of: input.value), expected: "[\(expected)]", got: shape)
            }
            specializer.result.shapes[input.value] = shape
        }
        for node in nodes { try specializer.take(node) }
        for (value, constant) in constants { specializer.result.shapes[value] = constant.shape }
        return specializer.result
    }

    /// The shape of every value for these input shapes.
    ///
    /// - Throws: `NetworkError` naming the node whose inputs do not fit.
    public func shapes(for inputShapes: [ValueID: Shape]) throws(NetworkError) -> [ValueID: Shape] {
        try specialized(for: inputShapes).shapes
    }

    /// What `node` makes of the graph's constants, nil where it reads anything else or cannot be computed beforehand.
    ///
    /// - Parameter limit: so many values may be made that are all alike; nil for as many as of all others.
    /// - Throws: `NetworkError` where the constants do not fit the node.
    public func folded(_ node: Node, fillingAtMost limit: Int? = nil) throws(NetworkError) -> Constant? {
        guard node.outputs.count == 1 else { return nil }
        for case let input? in node.inputs where constants[input] == nil { return nil }
        let specializer = Specializer(graph: self)
        if let limit, case .shapeArithmetic(.filled(.float)) = node.operation { specializer.allow(limit) }
        try specializer.take(node)
        return specializer.result.constants[node.output]
    }

    /// How many values a specialization may compute: folding grows no memory without bound, whatever a file says.
    var largestFoldedCount: Int {
        constants.values.reduce(1 << 24) { min($0 + 2 * $1.shape.count, Shape.largestCount) }
    }
}

/// Takes one node after the other and notes what is known of its outputs. The inference of shapes stands in
/// `ShapeInference*.swift`, the computation of constants in `ConstantFolding*.swift`.
final class Specializer {
    let graph: Graph
    var result = Specialization()
    private(set) var node = Node(name: "", operation: .identity, inputs: [], outputs: [])
    private var remainingValues: Int

    init(graph: Graph) {
        self.graph = graph
        remainingValues = graph.largestFoldedCount
    }

    func take(_ node: Node) throws(NetworkError) {
        self.node = node
        let shapes = try outputShapes()
        for (output, shape) in zip(node.outputs, shapes) { result.shapes[output] = shape }
        guard let shape = shapes.first, let constant = try folded(to: shape) else { return }
        result.constants[node.output] = constant
    }

    /// Lets so many values be computed.
    func allow(_ count: Int) { remainingValues = count }

    /// Counts values about to be computed.
    func spend(_ count: Int) throws(NetworkError) {
        guard count <= remainingValues else {
            let (needed, left) = (count >> 18, remainingValues >> 18)
            throw invalid(
                "its \(count) values would take \(needed) MiB, of which \(left) MiB are left for what a network computes "
                    + "from its constants; store them in the file as weights")
        }
        remainingValues -= count
    }

    // MARK: What is known of the node's inputs

    func input(_ position: Int) throws(NetworkError) -> Shape {
        guard let shape = try optionalInput(position) else { throw invalid("input \(position) is missing") }
        return shape
    }

    func optionalInput(_ position: Int) throws(NetworkError) -> Shape? {
        guard let value = node.input(position) else { return nil }
        guard let shape = result.shapes[value] ?? graph.constants[value]?.shape else {
            throw invalid("input '\(graph.name(of: value))' is made by no node")
        }
        return shape
    }

    func constant(_ position: Int) -> Constant? {
        node.input(position).flatMap { graph.constants[$0] ?? result.constants[$0] }
    }

    /// An input that must be known integers; floats that are integers count as such.
    func integers(_ position: Int, _ what: String) throws(NetworkError) -> [Int] {
        guard let constant = constant(position), case .integers(_, let values) = constant else {
            throw .notConstant(node: node.name, operation: node.operation.name, input: what)
        }
        return values
    }

    func optionalIntegers(_ position: Int, _ what: String) throws(NetworkError) -> [Int]? {
        node.input(position) == nil ? nil : try integers(position, what)
    }

    // MARK: Checks

    func normalized(axis: Int, rank: Int) throws(NetworkError) -> Int {
        let normalized = axis < 0 ? axis + rank : axis
        guard (0..<rank).contains(normalized) else { throw invalid("axis \(axis) is outside of rank \(rank)") }
        return normalized
    }

    func normalized(axes: [Int], rank: Int) throws(NetworkError) -> [Int] {
        var result: [Int] = []
        for axis in axes {
            let axis = try normalized(axis: axis, rank: rank)
            guard !result.contains(axis) else { throw invalid("axis \(axis) is named twice") }
            result.append(axis)
        }
        return result
    }

    func shape(_ extents: [Int]) throws(NetworkError) -> Shape {
        do { return try Shape(extents) } catch { throw invalid("its output cannot be made: \(error)") }
    }

    func invalid(_ reason: String) -> NetworkError {
        .invalidNode(name: node.name, operation: node.operation.name, reason: reason)
    }
}
