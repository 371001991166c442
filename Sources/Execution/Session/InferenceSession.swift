public import Networks
import Tensors

/// A loaded network that is asked by many and answers one at a time, on a thread of its own.
///
/// A computation is a closure over an ``Evaluator``. It has the session for a turn; between bounded pieces of its work
/// (a batch, a step) it calls ``Evaluator/endPiece()``, where whoever is more urgent gets a turn of its own. What it has
/// read into its own variables stays; a ``ForwardPass`` is readable until the piece ends.
///
/// ```swift
/// let scores = try await session.perform { evaluator in
///     try evaluator.forward(image).output(0)
/// }
/// ```
public actor InferenceSession {
    public nonisolated let graph: Graph
    private nonisolated let executor: ThreadExecutor
    private nonisolated let turns: SessionTurns
    private let evaluator: Evaluator
    /// Measures plans that were made in haste.
    private var measuring: Task<Void, Never>?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - threads: of the network's kernels; the processor's cores where nil.
    ///   - cachedPlans: how many combinations of input shape and request stay compiled.
    ///   - algorithms: how convolutions are computed.
    ///   - memory: what plans compute in.
    public init(
        graph: Graph, threads: Int? = nil, cachedPlans: Int = 8, algorithms: AlgorithmChoice = .standard,
        memory: PlanMemory = .shared
    ) throws(ExecutionError) {
        self.graph = graph
        turns = SessionTurns()
        executor = ThreadExecutor(name: "inference") { setThreadCount(KernelThreads(threads).count) }
        evaluator = try Evaluator(
            graph: graph, threads: KernelThreads(threads), cachedPlans: cachedPlans, algorithms: algorithms,
            turns: turns, memory: memory)
    }

    /// Runs `body` on the session's thread when its turn comes.
    public nonisolated func perform<R: Sendable, E: Error>(
        as urgency: Urgency = .question, _ body: @Sendable (Evaluator) async throws(E) -> R
    ) async throws(E) -> R {
        // Not on the actor: who computes between two suspensions would not let the question for a turn through.
        await turns.take(urgency)
        return try await compute(body)
    }

    private func compute<R: Sendable, E: Error>(
        _ body: @Sendable (Evaluator) async throws(E) -> R
    ) async throws(E) -> R {
        defer {
            turns.release()
            measureInTime()
        }
        // What `body` awaits outside of any actor would leave the thread otherwise.
        return try await withTaskExecutorPreference(executor) { () throws(E) in try await body(evaluator) }
    }

    // MARK: Measuring in time that nobody wants

    private func measureInTime() {
        guard measuring == nil, evaluator.hasUnmeasured else { return }
        measuring = Task.detached(priority: .background) { [weak self] in
            while await self?.takeTurnToMeasure() ?? false {}
        }
    }

    /// - Returns: whether something is left to measure.
    private nonisolated func takeTurnToMeasure() async -> Bool {
        await turns.take(.longQuestion)
        return await measure()
    }

    private func measure() -> Bool {
        defer { turns.release() }
        // What cannot be measured is left as it is; the plan in hand serves.
        try? evaluator.measureNext()
        if evaluator.hasUnmeasured { return true }
        measuring = nil
        return false
    }

    /// Waits until all plans that were made in haste are measured.
    package func untilMeasured() async { await measuring?.value }

    /// Lets go what is kept for later requests, but for small plans: when nothing has been asked for a while.
    public nonisolated func giveMemoryBack() async {
        await perform(as: .longQuestion) { $0.giveMemoryBack() }
    }

    /// How long the computation in hand has given no sign of progress; zero where there is none. A batch, a step and a
    /// plan that was tried are signs.
    public nonisolated var stalled: Duration { turns.stalled }
}
