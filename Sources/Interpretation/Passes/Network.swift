public import Execution
public import Networks

/// A loaded classifier: the graph, where its scores are, and the session that runs it.
public struct Network: Sendable {
    public let graph: Graph
    /// Nil where the graph has no output to classify with.
    public let classifier: Classifier?
    public let session: InferenceSession

    /// - Parameters:
    ///   - threads: of the network's kernels; the processor's cores where nil.
    ///   - algorithms: how convolutions are computed.
    public init(
        graph: Graph, threads: Int? = nil, algorithms: AlgorithmChoice = .standard
    ) throws(ExecutionError) {
        self.graph = graph
        classifier = Classifier(graph)
        session = try InferenceSession(graph: graph, threads: threads, algorithms: algorithms)
    }

    /// Whether several images can be asked about at once; exporters may fix the number to one.
    public var takesBatches: Bool { graph.inputs.first?.extents.first != .some(1) }

    /// The image input, [N,C,H,W].
    public var image: ValueID { graph.inputs[0].value }
}
