import CDNN
import Foundation
public import Networks
public import Tensors

func setThreadCount(_ threads: Int?) {
    cdnn_set_thread_count(Int32(threads ?? ProcessInfo.processInfo.activeProcessorCount))
}

/// Runs a network on the session's thread. Not to be kept beyond the closure it was handed to.
public final class Evaluator {
    public let graph: Graph
    private let engine: Engine
    private let weights: WeightStore
    private let capacity: Int
    /// Most recently used last.
    private var plans: [(request: PlanRequest, plan: Plan)] = []

    init(graph: Graph, cachedPlans: Int) throws(ExecutionError) {
        self.graph = graph
        do {
            engine = try Engine()
        } catch {
            throw .kernel(node: "-", operation: "engine", status: error.code)
        }
        weights = WeightStore(engine: engine)
        capacity = max(cachedPlans, 1)
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
        return ForwardPass(plan: plan, graph: graph)
    }

    /// Bytes of activations that such a pass needs, besides the weights.
    public func planBytes(
        inputShapes: [Shape], derivatives: [Derivative] = []
    ) throws(ExecutionError) -> Int {
        try plan(for: PlanRequest(inputShapes: inputShapes, derivatives: derivatives)).arenaBytes
    }

    private func plan(for request: PlanRequest) throws(ExecutionError) -> Plan {
        if let known = plans.firstIndex(where: { $0.request == request }) {
            let entry = plans.remove(at: known)
            plans.append(entry)
            return entry.plan
        }
        let builder = try PlanBuilder(graph: graph, request: request, engine: engine, weights: weights)
        let plan = try builder.build()
        if plans.count >= capacity { plans.removeFirst() }
        plans.append((request, plan))
        return plan
    }
}

/// The result of a forward pass; readable until the evaluator's next pass of the same kind.
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
