public import Networks
public import Tensors

/// What a plan computes. Equal requests share a plan.
public struct PlanRequest: Hashable, Sendable {
    /// Shapes of the graph's inputs, in their order.
    public var inputShapes: [Shape]
    /// Values to be readable after the pass, besides the graph's outputs.
    public var kept: [ValueID]
    public var derivatives: [Derivative]
    /// Values to stay in memory after the pass, in whatever layout they have.
    var resident: [ValueID] = []

    public init(inputShapes: [Shape], kept: [ValueID] = [], derivatives: [Derivative] = []) {
        self.inputShapes = inputShapes
        self.kept = kept
        self.derivatives = derivatives
    }
}

extension PlanRequest {
    /// Changes with everything that the speed of an arrangement depends on.
    func key(on graph: Graph) throws(ExecutionError) -> String {
        var shapes: [ValueID: Shape] = [:]
        for (input, shape) in zip(graph.inputs, inputShapes) { shapes[input.value] = shape }
        let specialization: Specialization
        do { specialization = try graph.specialized(for: shapes) } catch { throw .network(error) }
        var hash = Fingerprint()
        for node in graph.nodes {
            hash.add("\(node.operation) \(node.inputs.map { $0?.index ?? -1 }) \(node.outputs.map(\.index))")
            hash.add("\(node.outputs.map { specialization.shapes[$0]?.dimensions ?? [] })")
        }
        hash.add("\(kept.map(\.index))")
        for walk in derivatives {
            hash.add("\(walk.source.index) \(walk.targets.map(\.index)) \(walk.rule)")
        }
        return "\(graph.nodes.count) nodes \(hash)"
    }
}

/// FNV-1a, 64 bits: the same in every process, unlike Swift's own hashes.
private struct Fingerprint: CustomStringConvertible {
    private var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ text: String) {
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
        value = (value ^ 0xff) &* 0x100_0000_01b3
    }

    var description: String { String(value, radix: 16) }
}
