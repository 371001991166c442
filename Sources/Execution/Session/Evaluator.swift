import CDNN
import Foundation
public import Networks
public import Tensors

/// Runs a network on the session's thread. Not to be kept beyond the closure it was handed to.
public final class Evaluator {
    public let graph: Graph
    let engine: Engine
    let weights: WeightStore
    let threads: KernelThreads
    let algorithms: AlgorithmChoice
    let turns: SessionTurns
    let share: PlanShare
    let sweeps: KeptForLater<WindowSweep.Request, WindowSweep>
    /// What was found to be faster for a request: computing what changes, or every image whole.
    var sweepModes: [WindowSweep.Request: WindowSweep.Request.Mode] = [:]
    private let plans: KeptForLater<PlanRequest, Plan>
    /// Requests whose plans were made before anything was measured.
    private var unmeasured: [PlanRequest] = []

    init(
        graph: Graph, threads: KernelThreads, cachedPlans: Int, algorithms: AlgorithmChoice, turns: SessionTurns,
        memory: PlanMemory
    ) throws(ExecutionError) {
        self.graph = graph
        share = PlanShare(of: memory) { turns.noteProgress() }
        sweeps = KeptForLater(Evaluator.cachedSweeps, of: memory)
        plans = KeptForLater(cachedPlans, of: memory)
        self.turns = turns
        self.algorithms = algorithms
        self.threads = threads
        do {
            engine = try Engine()
        } catch {
            throw .kernel(node: "-", operation: "engine", status: error.code)
        }
        weights = WeightStore(engine: engine)
    }

    /// Says that a bounded piece of work is done. Whoever is more urgent gets its turn here, and passes made before are
    /// not readable afterwards. Somebody who has been cancelled should look for that then.
    public func endPiece() async {
        turns.noteProgress()
        if turns.isWanted { await turns.passOn() }
    }

    /// One forward pass, ready for the derivatives named.
    ///
    /// - Parameters:
    ///   - inputs: one tensor per graph input, in their order; an image batch is [N,C,H,W].
    ///   - keeping: values to be readable afterwards, besides the graph's outputs.
    ///   - derivatives: backward walks that the pass shall be able to run.
    public func forward(
        _ inputs: [Tensor], keeping: [ValueID] = [], derivatives: [Derivative] = []
    ) throws(ExecutionError) -> ForwardPass {
        guard inputs.count == graph.inputs.count else {
            let missing = graph.inputs.dropFirst(inputs.count).first.map { graph.name(of: $0.value) } ?? "-"
            throw .network(.missingInput(name: missing))
        }
        let plan = try plan(
            for: PlanRequest(inputShapes: inputs.map(\.shape), kept: keeping, derivatives: derivatives))
        try plan.run(inputs)
        turns.noteProgress()
        return ForwardPass(plan: plan, graph: graph)
    }

    /// Bytes of activations that such a pass needs, besides the weights.
    public func planBytes(
        inputShapes: [Shape], derivatives: [Derivative] = []
    ) throws(ExecutionError) -> Int {
        try plan(for: PlanRequest(inputShapes: inputShapes, derivatives: derivatives)).arenaBytes
    }

    /// The same without making the plan, which would bring the weights into its kernels' orders; of one that is not measured
    /// yet, as the library would choose.
    public func estimatedPlanBytes(
        inputShapes: [Shape], derivatives: [Derivative] = []
    ) throws(ExecutionError) -> Int {
        let request = PlanRequest(inputShapes: inputShapes, derivatives: derivatives)
        if let known = plans.value(for: request) { return known.arenaBytes }
        var (arrangement, choice) = (Arrangement.library, AlgorithmChoice.standard)
        if case .measured(let table) = algorithms, let known = table.arrangement(for: try request.key(on: graph)) {
            (arrangement, choice) = (known, algorithms)
        }
        return try PlanBuilder(
            graph: graph, request: request, engine: engine, weights: WeightStore(engine: engine, holdsValues: false),
            algorithms: choice, arrangement: arrangement, threads: threads
        ).stepList().placed().bytes
    }

    /// The shortest time of each step of such a pass and of its backward walks in `rounds` runs.
    public func profile(
        _ inputs: [Tensor], derivatives: [Derivative] = [], rounds: Int = 10
    ) throws(ExecutionError) -> [StepTime] {
        _ = try forward(inputs, derivatives: derivatives)
        let plan = try plan(for: PlanRequest(inputShapes: inputs.map(\.shape), derivatives: derivatives))
        return try plan.profile(rounds: rounds)
    }

    /// Bytes of weights in the layouts of the kernels.
    public var weightBytes: Int { weights.byteCount }

    private func plan(for request: PlanRequest) throws(ExecutionError) -> Plan {
        if let known = plans.value(for: request) { return known }
        let plan = try made(for: request)
        letGoOfWeights()
        plans.keep(plan, for: request)
        return plan
    }

    // MARK: Arrangements

    private func made(for request: PlanRequest) throws(ExecutionError) -> Plan {
        switch algorithms {
        case .standard, .byLayer: return try build(request, .library)
        case .preferring(let algorithm): return try build(request, algorithm.arrangement)
        case .measured(let table):
            defer { table.save() }
            let budget = table.budget(isAwaited: true)
            let key = try request.key(on: graph)
            if let known = table.arrangement(for: key) {
                let plan = try build(request, known, budget: budget)
                if table.isHasty && budget.wasRefused { unmeasured.append(request) }
                return plan
            }
            if table.isHasty {
                unmeasured.append(request)
                return try build(request, .library, .standard)
            }
            let fastest = try fastest(of: request, budget: budget)
            let arrangement = table.settle(key, on: fastest, isMeasured: !budget.wasRefused)
            return try build(request, arrangement, budget: budget)
        }
    }

    private func build(
        _ request: PlanRequest, _ arrangement: Arrangement, _ algorithms: AlgorithmChoice? = nil,
        budget: MeasuringBudget = MeasuringBudget(.zero), isInterrupted: @escaping () -> Bool = { false }
    ) throws(ExecutionError) -> Plan {
        try PlanBuilder(
            graph: graph, request: request, engine: engine, weights: weights, algorithms: algorithms ?? self.algorithms,
            arrangement: arrangement, threads: threads, budget: budget, isInterrupted: isInterrupted
        ).build(of: share)
    }

    // MARK: Memory

    /// After a plan was made: its kernels have the weights in their own orders.
    private func letGoOfWeights() {
        weights.releaseUnused()
        graph.letGoOfConstants()
    }

    /// What stays of the plans when memory is given back, in bytes: enough for the passes that a photo takes.
    private static let keptWhenIdle = 64 << 20

    /// Lets go what is kept for later, but for small plans.
    func giveMemoryBack() {
        sweeps.letGo { _ in false }
        plans.letGo { plans in plans.reduce(0) { $0 + $1.arenaBytes } <= Evaluator.keptWhenIdle }
        letGoOfWeights()
    }

    /// Whether some plan was made before anything was measured.
    var hasUnmeasured: Bool { !unmeasured.isEmpty }

    /// So long may be measured while somebody else wants the session.
    private static let measuringSlice = Duration.milliseconds(100)

    /// Measures what one of these plans is computed by, and makes it anew. Stops soon where somebody else wants the session;
    /// what was measured until then is kept.
    func measureNext() throws(ExecutionError) {
        guard case .measured(let table) = algorithms, let request = unmeasured.first else { return }
        defer { table.save() }
        let budget = table.budget(isAwaited: false)
        let start = ContinuousClock.now
        var wasInterrupted = false
        do {
            let fastest = try fastest(of: request, budget: budget) { [turns] in
                wasInterrupted =
                    wasInterrupted || turns.isWanted && start.duration(to: .now) > Evaluator.measuringSlice
                return wasInterrupted
            }
            if wasInterrupted { return }
            unmeasured.removeFirst()
            let arrangement = table.settle(
                try request.key(on: graph), on: fastest, isMeasured: !budget.wasRefused)
            plans.exchange(try build(request, arrangement, budget: budget), for: request)
            letGoOfWeights()
        } catch {
            // The plan there is goes on to serve.
            unmeasured.removeAll { $0 == request }
            throw error
        }
    }

    /// Runs the whole request in each arrangement, whatever is put into another order between its layers included.
    private func fastest(
        of request: PlanRequest, budget: MeasuringBudget, isInterrupted: @escaping () -> Bool = { false }
    ) throws(ExecutionError) -> Arrangement {
        var fastest: (arrangement: Arrangement, time: Duration)?
        for arrangement in [Arrangement.channelsLast, .blocked] {
            let time = try threads.limited(to: 1) { () throws(ExecutionError) in
                let plan = try build(request, arrangement, budget: budget, isInterrupted: isInterrupted)
                return isInterrupted() ? nil : try plan.estimate(rounds: Evaluator.trials, threads: threads.count)
            }
            guard let time else { break }
            if fastest.map({ time < $0.time }) ?? true { fastest = (arrangement, time) }
            turns.noteProgress()
        }
        return fastest?.arrangement ?? .channelsLast
    }

    private static let trials = 3
}

/// The result of a forward pass; readable until the evaluator's next pass of the same kind, or until the piece ends.
public final class ForwardPass {
    private let plan: Plan
    private let graph: Graph
    private let generation: Int

    init(plan: Plan, graph: Graph) {
        self.plan = plan
        self.graph = graph
        generation = plan.generation
    }

    /// The graph's output `index`.
    public func output(_ index: Int = 0) throws(ExecutionError) -> Tensor { try value(graph.outputs[index]) }

    /// An output or a kept value.
    public func value(_ value: ValueID) throws(ExecutionError) -> Tensor {
        try checkFresh()
        guard let tensor = plan.value(value) else { throw .unknownValue(graph.name(of: value)) }
        return tensor
    }

    /// The signal at each target of derivative `index` when `seed`, of its source's shape, is put in at the source.
    /// A target that the source does not depend on gets nil.
    public func derivative(_ index: Int = 0, seed: Tensor) throws(ExecutionError) -> [Tensor?] {
        try checkFresh()
        return try plan.run(walk: index, seed: seed)
    }

    private func checkFresh() throws(ExecutionError) {
        guard plan.generation == generation else { throw .stalePass }
    }
}
