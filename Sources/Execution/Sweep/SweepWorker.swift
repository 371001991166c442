import Foundation
import Networks
import Tensors

/// What the threads of a sweep share. Plans are built under a lock; everything else is only read while they run.
final class SweepParts: @unchecked Sendable {
    let features: FeatureStore
    let names: PatchNames
    let report: SweepReport
    private let planner: SweepPlanner
    private let weights: WeightStore
    private let algorithms: AlgorithmChoice
    private var settled: SweepAlgorithms?
    private let lock = NSLock()

    init(planner: SweepPlanner, features: FeatureStore, weights: WeightStore, algorithms: AlgorithmChoice) {
        self.planner = planner
        self.features = features
        self.weights = weights
        self.algorithms = algorithms
        names = planner.names
        report = planner.report
    }

    func jobs(for places: [WindowSweep.Place]) -> [SweepJob] { lock.withLock { planner.jobs(for: places) } }

    /// As many places as one batch takes, of the class of `place`.
    func batch(around place: WindowSweep.Place) -> [WindowSweep.Place] {
        batch(of: planner.classes[planner.classIndex(of: place)])
    }

    private func batch(of one: SweepPlanner.Class) -> [WindowSweep.Place] {
        let members = one.rows.members.flatMap { row in
            one.columns.members.map { WindowSweep.Place(row: row, column: $0) }
        }
        return Array(members.prefix(one.items))
    }

    /// A plan for batches of a class, on the memory of a thread, and how many places it takes: fewer than were thought of
    /// where the memory is too small for them.
    func plan(_ index: Int, items: Int, engine: Engine, arena: SharedArena) throws(ExecutionError) -> ClassPlan {
        lock.lock()
        defer { lock.unlock() }
        var items = items
        while true {
            let one = try planner.class(index, inBatchesOf: items)
            let made = try plan(one, engine: engine, arena: arena)
            guard made.plan.arenaBytes > arena.capacity, made.items > 1 else { return made }
            items = max(made.items / 2, 1)
            planner.limitBatches(ofClass: index, to: items)
        }
    }

    private func plan(
        _ one: SweepPlanner.Class, engine: Engine, arena: SharedArena
    ) throws(ExecutionError) -> ClassPlan {
        try plan(one, by: try settledAlgorithms(engine: engine, arena: arena), engine: engine, arena: arena)
    }

    private func plan(
        _ one: SweepPlanner.Class, by ways: SweepAlgorithms, engine: Engine, arena: SharedArena
    ) throws(ExecutionError) -> ClassPlan {
        let builder = try PlanBuilder(
            graph: one.graph.graph, request: one.request, engine: engine, weights: weights, algorithms: ways.choice,
            arrangement: ways.arrangement, features: features)
        return ClassPlan(plan: try builder.build(in: arena), items: one.items, output: one.graph.graph.outputs[0])
    }

    private func settledAlgorithms(engine: Engine, arena: SharedArena) throws(ExecutionError) -> SweepAlgorithms {
        if let settled { return settled }
        let arithmetic = planner.request.arithmetic
        let result: SweepAlgorithms
        switch (arithmetic, algorithms) {
        case (_, .measured(let table)):
            guard let one = planner.classes.max(by: { $0.placeCount < $1.placeCount }) else { return .standard }
            result = try SweepAlgorithms.measured(
                of: one.graph.graph.nodes, in: arithmetic, places: batch(of: one), as: try planner.key(), table: table
            ) { ways throws(ExecutionError) in try plan(one, by: ways, engine: engine, arena: arena) }
        case (.eightBit, _):
            result = SweepAlgorithms(
                choice: .preferring(ConvolutionAlgorithm(.eightBit, .library)), arrangement: .library)
        case (.single, .preferring(let algorithm)):
            result = SweepAlgorithms(choice: algorithms, arrangement: algorithm.arrangement)
        case (.single, .standard), (.single, .byLayer):
            result = SweepAlgorithms(choice: algorithms, arrangement: .library)
        }
        settled = result
        return result
    }
}

extension SweepPlanner.Class {
    fileprivate var request: PlanRequest {
        PlanRequest(
            inputShapes: graph.graph.inputs.map { input in
                // Extents of tensors that exist.
                (try? Shape(input.extents.map { $0 ?? 1 })) ?? .scalar
            })
    }
}

/// The compiled side of a class.
struct ClassPlan {
    let plan: Plan
    let items: Int
    let output: ValueID

    /// The batch's input: where each place is. What is left of the last batch does the last place again.
    ///
    /// - Parameter places: at least one, at most ``items``.
    func table(_ places: some RandomAccessCollection<WindowSweep.Place>) -> Tensor? {
        guard let shape = try? Shape([items, 2]), let last = places.last else { return nil }
        return Tensor(shape: shape) { values in
            for item in 0..<items {
                let place = item < places.count ? places[places.index(places.startIndex, offsetBy: item)] : last
                values[2 * item] = Float(place.row)
                values[2 * item + 1] = Float(place.column)
            }
        }
    }

    /// Processor seconds of a batch by the name of the node, the shortest of a few runs each.
    func seconds(places: [WindowSweep.Place]) throws(ExecutionError) -> [String: Double] {
        guard let table = table(places) else { return [:] }
        var best: [String: Double] = [:]
        for _ in 0..<2 {
            var seconds: [String: Double] = [:]
            for step in try plan.runTimed([table]) { seconds[step.node, default: 0] += step.seconds }
            best.merge(seconds) { min($0, $1) }
        }
        return best
    }
}

/// One thread's side of a sweep.
final class SweepWorker: @unchecked Sendable {
    private let engine: Engine
    private let parts: SweepParts
    private let arena: SharedArena
    private var plans: [PlanKey: ClassPlan] = [:]

    private struct PlanKey: Hashable {
        let classIndex: Int
        let items: Int
    }

    private(set) var times = SweepReport.Times()

    /// - Parameter memory: bytes for activations.
    init(parts: SweepParts, memory: Int) throws(ExecutionError) {
        do { engine = try Engine() } catch { throw .kernel(node: "-", operation: "engine", status: error.code) }
        arena = try SharedArena(capacity: memory)
        self.parts = parts
    }

    /// The target of each place.
    func run(_ job: SweepJob) throws(ExecutionError) -> [[Float]] {
        let plan = try plan(PlanKey(classIndex: job.classIndex, items: job.items))
        var targets: [[Float]] = []
        for start in stride(from: 0, to: job.places.count, by: plan.items) {
            targets += try run(job.places[start..<min(start + plan.items, job.places.count)], on: plan)
        }
        return targets
    }

    private func plan(_ key: PlanKey) throws(ExecutionError) -> ClassPlan {
        if let known = plans[key] { return known }
        let start = MeasuringClock.seconds
        let made = try parts.plan(key.classIndex, items: key.items, engine: engine, arena: arena)
        plans[key] = made
        times.compiling += MeasuringClock.seconds - start
        return made
    }

    private func run(_ places: ArraySlice<WindowSweep.Place>, on plan: ClassPlan) throws(ExecutionError) -> [[Float]] {
        guard let table = plan.table(places) else { return [] }
        let steps = try plan.plan.runTimed([table])
        times.add(steps, places: places.count, items: plan.items)
        guard let targets = plan.plan.value(plan.output) else { return [] }
        let count = targets.count / plan.items
        return targets.withUnsafeValues { values in
            (0..<places.count).map { Array(values[$0 * count..<($0 + 1) * count]) }
        }
    }
}
