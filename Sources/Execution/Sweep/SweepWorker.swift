import Networks
import Tensors

/// One thread's side of a sweep.
final class SweepWorker: @unchecked Sendable {
    private let engine: Engine
    private let compiler: SweepCompiler
    private let arena: Arena
    private var plans: [PlanKey: BatchPlan] = [:]

    private struct PlanKey: Hashable {
        let groupIndex: Int
        let items: Int
    }

    private(set) var times = SweepReport.Times()

    /// - Parameter memory: bytes for activations.
    init(compiler: SweepCompiler, memory: Int) throws(ExecutionError) {
        do { engine = try Engine() } catch { throw .kernel(node: "-", operation: "engine", status: error.code) }
        arena = try Arena(capacity: memory, of: compiler.share)
        self.compiler = compiler
    }

    /// The target of each place.
    func run(_ job: SweepJob) throws(ExecutionError) -> [[Float]] {
        let plan = try plan(PlanKey(groupIndex: job.groupIndex, items: job.items))
        var targets: [[Float]] = []
        for start in stride(from: 0, to: job.places.count, by: plan.items) {
            targets += try run(job.places[start..<min(start + plan.items, job.places.count)], on: plan)
        }
        return targets
    }

    private func plan(_ key: PlanKey) throws(ExecutionError) -> BatchPlan {
        if let known = plans[key] { return known }
        let start = MeasuringClock.seconds
        let made = try compiler.plan(key.groupIndex, items: key.items, engine: engine, arena: arena)
        plans[key] = made
        times.compiling += MeasuringClock.seconds - start
        return made
    }

    private func run(_ places: ArraySlice<WindowSweep.Place>, on plan: BatchPlan) throws(ExecutionError) -> [[Float]] {
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
