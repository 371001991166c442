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
    private let lock = NSLock()

    init(planner: SweepPlanner, features: FeatureStore, weights: WeightStore) {
        self.planner = planner
        self.features = features
        self.weights = weights
        names = planner.names
        report = planner.report
    }

    /// The places in batches, those of one class behind each other.
    func jobs(for places: [WindowSweep.Place]) -> [SweepJob] {
        var byClass: [Int: [WindowSweep.Place]] = [:]
        for place in places { byClass[planner.classIndex(of: place), default: []].append(place) }
        return byClass.sorted { $0.key < $1.key }.flatMap { index, members in
            let size = planner.classes[index].items
            return stride(from: 0, to: members.count, by: size).map { start in
                SweepJob(classIndex: index, places: Array(members[start..<min(start + size, members.count)]))
            }
        }
    }

    /// As many places as one batch takes, of the class of `place`.
    func batch(around place: WindowSweep.Place) -> [WindowSweep.Place] {
        let one = planner.classes[planner.classIndex(of: place)]
        let members = one.rows.members.flatMap { row in
            one.columns.members.map { WindowSweep.Place(row: row, column: $0) }
        }
        return Array(members.prefix(one.items))
    }

    /// A plan for a class, on the memory of a thread, and how many places it takes: fewer than were thought of where
    /// the memory is too small for them.
    func plan(_ index: Int, engine: Engine, arena: SharedArena) throws(ExecutionError) -> ClassPlan {
        lock.lock()
        defer { lock.unlock() }
        while true {
            let made = try plan(planner.classes[index], engine: engine, arena: arena)
            guard made.plan.arenaBytes > arena.capacity, made.items > 1 else { return made }
            try planner.halveBatches(ofClass: index)
        }
    }

    private func plan(
        _ one: SweepPlanner.Class, engine: Engine, arena: SharedArena
    ) throws(ExecutionError) -> ClassPlan {
        let shapes = one.graph.graph.inputs.map { input in
            // Extents of tensors that exist.
            (try? Shape(input.extents.map { $0 ?? 1 })) ?? .scalar
        }
        let builder = try PlanBuilder(
            graph: one.graph.graph, request: PlanRequest(inputShapes: shapes), engine: engine, weights: weights,
            features: features)
        return ClassPlan(plan: try builder.build(in: arena), items: one.items, output: one.graph.graph.outputs[0])
    }
}

/// The compiled side of a class.
struct ClassPlan {
    let plan: Plan
    let items: Int
    let output: ValueID
}

/// One thread's side of a sweep.
final class SweepWorker: @unchecked Sendable {
    private let engine: Engine
    private let parts: SweepParts
    private let arena: SharedArena
    private var plans: [Int: ClassPlan] = [:]
    private(set) var times = SweepReport.Times()

    /// - Parameter memory: bytes for activations.
    init(parts: SweepParts, memory: Int) throws(ExecutionError) {
        do { engine = try Engine() } catch { throw .kernel(node: "-", operation: "engine", status: error.code) }
        arena = try SharedArena(capacity: memory)
        self.parts = parts
    }

    /// The target of each place.
    func run(_ job: SweepJob) throws(ExecutionError) -> [[Float]] {
        let plan = try plan(job.classIndex)
        var targets: [[Float]] = []
        for start in stride(from: 0, to: job.places.count, by: plan.items) {
            targets += try run(job.places[start..<min(start + plan.items, job.places.count)], on: plan)
        }
        return targets
    }

    private func plan(_ index: Int) throws(ExecutionError) -> ClassPlan {
        if let known = plans[index] { return known }
        let start = MeasuringClock.seconds
        let made = try parts.plan(index, engine: engine, arena: arena)
        plans[index] = made
        times.compiling += MeasuringClock.seconds - start
        return made
    }

    private func run(_ places: ArraySlice<WindowSweep.Place>, on plan: ClassPlan) throws(ExecutionError) -> [[Float]] {
        guard let shape = try? Shape([plan.items, 2]), let last = places.last else { return [] }
        let tables = Tensor(shape: shape) { values in
            for item in 0..<plan.items {
                // What is left of the last batch does the last place again.
                let place = item < places.count ? places[places.startIndex + item] : last
                values[2 * item] = Float(place.row)
                values[2 * item + 1] = Float(place.column)
            }
        }
        let steps = try plan.plan.runTimed([tables])
        times.add(steps, places: places.count, items: plan.items)
        guard let targets = plan.plan.value(plan.output) else { return [] }
        let count = targets.count / plan.items
        return targets.withUnsafeValues { values in
            (0..<places.count).map { Array(values[$0 * count..<($0 + 1) * count]) }
        }
    }
}
