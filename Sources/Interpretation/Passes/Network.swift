public import Execution
public import Networks
public import Tensors

/// A loaded classifier: the graph, where its scores are, and the session that runs it.
public struct Network: Sendable {
    public let graph: Graph
    /// Nil where the graph has no output to classify with.
    public let classifier: Classifier?
    /// The outputs' shapes for one image; nil where they could not be worked out.
    public let outputs: [(name: String, shape: Shape?)]
    public let session: InferenceSession

    /// - Parameters:
    ///   - reading: the graph, and what its outputs mean.
    ///   - threads: of the network's kernels; the processor's cores where nil.
    ///   - algorithms: how convolutions are computed.
    public init(
        _ reading: OutputReading, threads: Int? = nil, algorithms: AlgorithmChoice = .standard
    ) throws(ExecutionError) {
        graph = reading.graph
        classifier = reading.classifier
        outputs = reading.outputs
        session = try InferenceSession(graph: reading.graph, threads: threads, algorithms: algorithms)
    }

    /// A network of whose outputs nothing is known but what the graph says.
    public init(
        graph: Graph, threads: Int? = nil, algorithms: AlgorithmChoice = .standard
    ) throws(ExecutionError) {
        let reading: OutputReading
        do {
            reading = try graph.readingOutputs()
        } catch {
            // Nothing was stated that could contradict the graph.
            throw .network(.invalidNode(name: "output", operation: "network", reason: error.description))
        }
        try self.init(reading, threads: threads, algorithms: algorithms)
    }

    /// Whether several images can be asked about at once; exporters may fix the number to one.
    public var takesBatches: Bool {
        classifier?.takesBatches ?? (graph.inputs.first?.extents.first != .some(1))
    }

    /// What the scores mean; raw numbers where there are none.
    public var kind: OutputKind { classifier?.kind ?? .raw }

    /// The image input, [N,C,H,W].
    public var image: ValueID { graph.inputs[0].value }
}
