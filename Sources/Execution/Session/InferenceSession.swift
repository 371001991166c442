public import Networks
import Tensors

/// A loaded network that answers one request at a time, on a thread of its own.
///
/// A computation is written as a synchronous closure over an ``Evaluator`` and runs on that thread as a whole, so that
/// everything it reads belongs to one forward pass:
///
/// ```swift
/// let scores = try await session.perform { evaluator in
///     try evaluator.forward(image).output(0)
/// }
/// ```
public actor InferenceSession {
    public nonisolated let graph: Graph
    private nonisolated let executor: ThreadExecutor
    private let evaluator: Evaluator

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - threads: of the network's kernels; the processor's cores where nil.
    ///   - cachedPlans: how many combinations of input shape and request stay compiled.
    ///   - algorithms: how convolutions are computed.
    public init(
        graph: Graph, threads: Int? = nil, cachedPlans: Int = 8, algorithms: AlgorithmChoice = .standard
    ) throws(ExecutionError) {
        self.graph = graph
        executor = ThreadExecutor(name: "inference") { setThreadCount(KernelThreads(threads).count) }
        evaluator = try Evaluator(
            graph: graph, threads: KernelThreads(threads), cachedPlans: cachedPlans, algorithms: algorithms)
    }

    public func perform<R: Sendable, E: Error>(_ body: @Sendable (Evaluator) throws(E) -> R) throws(E) -> R {
        try body(evaluator)
    }
}
