import Foundation
import Networks
import Tensors

/// Makes the plans of a sweep for all of its threads, and holds what they share. Plans are made under a lock; everything
/// else is only read while the threads run.
final class SweepCompiler: @unchecked Sendable {
    let features: FeatureStore
    let names: PatchNames
    let report: SweepReport
    private let planner: SweepPlanner
    private let weights: WeightStore
    private let algorithms: AlgorithmChoice
    let share: PlanShare
    private var settled: SweepAlgorithms?
    private let lock = NSLock()

    init(
        planner: SweepPlanner, features: FeatureStore, weights: WeightStore, algorithms: AlgorithmChoice,
        share: PlanShare
    ) {
        self.share = share
        self.planner = planner
        self.features = features
        self.weights = weights
        self.algorithms = algorithms
        names = planner.names
        report = planner.report
    }

    func jobs(for places: [WindowSweep.Place]) -> [SweepJob] { lock.withLock { planner.jobs(for: places) } }

    /// As many places as one batch takes, of the group of `place`.
    func batch(around place: WindowSweep.Place) -> [WindowSweep.Place] { planner.group(of: place).exampleBatch }

    /// A plan for batches of a group, on the memory of a thread, and how many places it takes: fewer than were thought of
    /// where the memory is too small for them.
    func plan(_ index: Int, items: Int, engine: Engine, arena: Arena) throws(ExecutionError) -> BatchPlan {
        lock.lock()
        defer { lock.unlock() }
        var items = items
        while true {
            let group = try planner.group(index, inBatchesOf: items)
            let made = try plan(group, engine: engine, arena: arena)
            guard made.plan.arenaBytes > arena.capacity, made.items > 1 else { return made }
            items = max(made.items / 2, 1)
            planner.limitBatches(ofGroup: index, to: items)
        }
    }

    private func plan(
        _ group: PlaceGroup, engine: Engine, arena: Arena
    ) throws(ExecutionError) -> BatchPlan {
        try plan(group, by: try settledAlgorithms(engine: engine, arena: arena), engine: engine, arena: arena)
    }

    private func plan(
        _ group: PlaceGroup, by ways: SweepAlgorithms, engine: Engine, arena: Arena
    ) throws(ExecutionError) -> BatchPlan {
        let builder = try PlanBuilder(
            graph: group.graph.graph, request: group.request, engine: engine, weights: weights, algorithms: ways.choice,
            arrangement: ways.arrangement, features: features)
        return BatchPlan(
            plan: try builder.build(of: share, in: arena), items: group.items, output: group.graph.graph.outputs[0])
    }

    private func settledAlgorithms(engine: Engine, arena: Arena) throws(ExecutionError) -> SweepAlgorithms {
        if let settled { return settled }
        let arithmetic = planner.request.arithmetic
        let result: SweepAlgorithms
        switch (arithmetic, algorithms) {
        case (_, .measured(let table)):
            guard let group = planner.groups.max(by: { $0.placeCount < $1.placeCount }) else { return .standard }
            result = try SweepAlgorithms.measured(
                of: group.graph.graph.nodes, in: arithmetic, places: group.exampleBatch, as: try planner.key(),
                table: table
            ) { ways throws(ExecutionError) in try plan(group, by: ways, engine: engine, arena: arena) }
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

extension PlaceGroup {
    fileprivate var request: PlanRequest {
        PlanRequest(
            inputShapes: graph.graph.inputs.map { input in
                // These are extents of tensors that exist.
                (try? Shape(input.extents.map { $0 ?? 1 })) ?? .scalar
            })
    }
}
