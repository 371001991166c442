import CDNN
import Foundation
import Networks
import Tensors

/// A compiled request: one linear list of steps over one arena.
final class Plan {
    /// A backward walk within the list.
    struct Walk {
        let derivative: Derivative
        let steps: Range<Int>
        let seed: PlanBuilder.PlannedTensor
        /// The signal at each target; nil where none arrives.
        let results: [PlanBuilder.PlannedTensor?]
    }

    private enum Action {
        case primitive(Primitive, arguments: [Int32], memories: [OpaquePointer?])
        case kernel([UnsafeMutableRawPointer], ([UnsafeMutableRawPointer]) -> Void)
    }

    private struct CompiledStep {
        let name: String
        let action: Action
    }

    /// Bytes of the arena: what a pass needs besides the weights.
    let arenaBytes: Int
    let walks: [Walk]
    /// Counts the passes, so that a result of an older one is not read from a newer one.
    private(set) var generation = 0

    private let engine: Engine
    private let arena: UnsafeMutableRawPointer
    /// Whose memory the arena is, where it is not the plan's own.
    private let sharedArena: SharedArena?
    private let addresses: [UnsafeMutableRawPointer]
    private let steps: [CompiledStep]
    private let forwardEnd: Int
    private let inputs: [PlanBuilder.PlannedTensor]
    private let outputs: [ValueID: PlanBuilder.PlannedTensor]
    private let residents: [ValueID: PlanBuilder.PlannedTensor]
    // What the steps point to.
    private let memories: [Memory]
    private let blocks: [WeightStore.Block]
    private let features: [FeatureStore.Entry]

    init(
        builder: PlanBuilder, inputs: [PlanBuilder.PlannedTensor],
        outputs: [ValueID: PlanBuilder.PlannedTensor], residents: [ValueID: PlanBuilder.PlannedTensor],
        forwardEnd: Int, walks: [Walk], sharedArena: SharedArena? = nil
    ) throws(ExecutionError) {
        let (lifetimes, buffers) = Plan.lifetimes(
            of: builder, inputs: inputs, outputs: Array(outputs.values) + residents.values, forwardEnd: forwardEnd,
            walks: walks)
        let packing = MemoryPlanner.pack(lifetimes)
        self.sharedArena = sharedArena.flatMap { packing.bytes <= $0.capacity ? $0 : nil }
        var memory: UnsafeMutableRawPointer?
        if let sharedArena = self.sharedArena {
            memory = sharedArena.base
        } else if posix_memalign(&memory, 64, max(packing.bytes, 64)) != 0 {
            memory = nil
        }
        guard let arena = memory else { throw .outOfMemory(bytes: packing.bytes) }
        self.arena = arena
        arenaBytes = packing.bytes
        var addresses = [UnsafeMutableRawPointer](repeating: arena, count: builder.buffers.count)
        for (position, buffer) in buffers.enumerated() { addresses[buffer] = arena + packing.offsets[position] }
        var blocks: [WeightStore.Block] = []
        var features: [FeatureStore.Entry] = []
        for (index, buffer) in builder.buffers.enumerated() {
            switch buffer {
            case .arena: break
            case .weights(let block):
                addresses[index] = block.address
                blocks.append(block)
            case .feature(let entry):
                addresses[index] = entry.address
                features.append(entry)
            }
        }
        self.addresses = addresses
        self.blocks = blocks
        self.features = features
        self.forwardEnd = forwardEnd
        self.walks = walks
        self.inputs = inputs
        self.outputs = outputs
        self.residents = residents
        engine = builder.engine
        (steps, memories) = try Plan.compiled(builder.steps, engine: builder.engine, addresses: addresses)
    }

    deinit { if sharedArena == nil { free(arena) } }

    // MARK: Running

    /// Runs the network forward.
    func run(_ tensors: [Tensor]) throws(ExecutionError) {
        generation += 1
        for (input, tensor) in zip(inputs, tensors) { write(tensor, to: input) }
        try execute(0..<forwardEnd)
    }

    /// Runs a backward walk; may be called again with other seeds after one forward pass.
    func run(walk: Int, seed: Tensor) throws(ExecutionError) -> [Tensor?] {
        write(seed, to: walks[walk].seed)
        try execute(walks[walk].steps)
        return walks[walk].results.map { $0.map(read) }
    }

    /// What the forward pass left at an output or a kept value.
    func value(_ value: ValueID) -> Tensor? { outputs[value].map(read) }

    /// The shortest time of every step by itself, forward and back, in `rounds` runs on numbers that mean nothing.
    ///
    /// On a busy machine a whole pass is hardly ever left alone, but each of its steps is once in a while.
    func shortestTimes(rounds: Int, now: () -> Duration) throws(ExecutionError) -> [Duration] {
        generation += 1
        var shortest: [Duration] = []
        for round in 0..<max(rounds, 1) {
            // Not whatever lies there, which might be no numbers at all and take much longer.
            for input in inputs { fill(input) }
            for index in steps.indices {
                for walk in walks where walk.steps.lowerBound == index { fill(walk.seed) }
                let start = now()
                try execute(index..<index + 1)
                let time = now() - start
                if round == 0 { shortest.append(time) } else { shortest[index] = min(shortest[index], time) }
            }
        }
        return shortest
    }

    /// What the whole list would take on `threads` threads, measured on one: kernels of our own use no more than that.
    func estimate(rounds: Int, threads: Int) throws(ExecutionError) -> Duration {
        zip(steps, try shortestTimes(rounds: rounds) { MeasuringClock.now }).reduce(.zero) { total, step in
            if case .kernel = step.0.action { total + step.1 } else { total + step.1 / threads }
        }
    }

    /// The shortest times with the names of what took them.
    func profile(rounds: Int) throws(ExecutionError) -> [StepTime] {
        let start = ContinuousClock.now
        let times = try shortestTimes(rounds: rounds) { ContinuousClock.now - start }
        return steps.indices.map { index in
            let implementation =
                if case .primitive(let primitive, _, _) = steps[index].action { primitive.implementation } else {
                    "own"
                }
            return StepTime(
                node: steps[index].name, implementation: implementation, isBackward: index >= forwardEnd,
                milliseconds: times[index] / .milliseconds(1))
        }
    }

    /// Where the forward pass leaves a resident value.
    func resident(_ value: ValueID) -> (tensor: PlanBuilder.PlannedTensor, address: UnsafeMutableRawPointer)? {
        residents[value].map { ($0, address($0)) }
    }

    /// Runs the network forward and tells how long each step took, by the name of its node: processor time of the
    /// calling thread, which hence should be the only one.
    func runTimed(_ tensors: [Tensor]) throws(ExecutionError) -> [(node: String, seconds: Double)] {
        generation += 1
        for (input, tensor) in zip(inputs, tensors) { write(tensor, to: input) }
        var times: [(node: String, seconds: Double)] = []
        var start = MeasuringClock.seconds
        for index in 0..<forwardEnd {
            try execute(index..<index + 1)
            let end = MeasuringClock.seconds
            times.append((steps[index].name, end - start))
            start = end
        }
        return times
    }

    private func execute(_ range: Range<Int>) throws(ExecutionError) {
        for step in steps[range] {
            switch step.action {
            case .kernel(let addresses, let kernel):
                kernel(addresses)
            case .primitive(let primitive, let arguments, let memories):
                do {
                    try primitive.execute(on: engine, arguments, memories)
                } catch {
                    throw .kernel(node: step.name, operation: primitive.implementation, status: error.code)
                }
            }
        }
    }

    private func fill(_ planned: PlanBuilder.PlannedTensor) {
        let count = planned.extents.reduce(1, *)
        address(planned).initializeMemory(as: Float.self, repeating: 0.5, count: count)
    }

    private func write(_ tensor: Tensor, to planned: PlanBuilder.PlannedTensor) {
        tensor.withUnsafeValues { values in
            if let start = values.baseAddress {
                address(planned).copyMemory(from: start, byteCount: values.count * MemoryLayout<Float>.stride)
            }
        }
    }

    private func read(_ planned: PlanBuilder.PlannedTensor) -> Tensor {
        // The extents were a valid shape when the plan was made.
        let shape = (try? Shape(planned.extents)) ?? .scalar
        return Tensor(shape: shape) { target in
            if let start = target.baseAddress {
                UnsafeMutableRawPointer(start).copyMemory(
                    from: address(planned), byteCount: target.count * MemoryLayout<Float>.stride)
            }
        }
    }

    private func address(_ tensor: PlanBuilder.PlannedTensor) -> UnsafeMutableRawPointer {
        addresses[tensor.buffer.index] + tensor.offset
    }

    // MARK: Compiling

    /// When each arena buffer must be intact.
    ///
    /// A value lives from the step that writes it to the last that reads it. What a backward walk reads of the
    /// forward pass lives to the end of the list, so that walks can be run in any order and repeatedly.
    private static func lifetimes(
        of builder: PlanBuilder, inputs: [PlanBuilder.PlannedTensor],
        outputs: [PlanBuilder.PlannedTensor], forwardEnd: Int, walks: [Walk]
    ) -> (lifetimes: [MemoryPlanner.Lifetime], buffers: [Int]) {
        let end = max(builder.steps.count, 1)
        var first = [Int](repeating: end, count: builder.buffers.count)
        var last = [Int](repeating: -1, count: builder.buffers.count)
        func use(_ buffer: PlanBuilder.BufferID, at step: Int) {
            first[buffer.index] = min(first[buffer.index], step)
            last[buffer.index] = max(last[buffer.index], step)
        }
        for input in inputs { use(input.buffer, at: 0) }
        for (index, step) in builder.steps.enumerated() {
            for buffer in step.reads + step.writes { use(buffer, at: index) }
        }
        for output in outputs { use(output.buffer, at: end) }
        for walk in walks {
            use(walk.seed.buffer, at: walk.steps.lowerBound)
            for case let result? in walk.results { use(result.buffer, at: walk.steps.upperBound) }
        }
        for index in first.indices where first[index] < forwardEnd && last[index] >= forwardEnd { last[index] = end }

        var lifetimes: [MemoryPlanner.Lifetime] = []
        var buffers: [Int] = []
        for (index, buffer) in builder.buffers.enumerated() {
            if case .arena(let bytes) = buffer, last[index] >= 0 {
                lifetimes.append(MemoryPlanner.Lifetime(bytes: bytes, first: first[index], last: last[index]))
                buffers.append(index)
            }
        }
        return (lifetimes, buffers)
    }

    private static func compiled(
        _ steps: [PlanBuilder.Step], engine: Engine, addresses: [UnsafeMutableRawPointer]
    ) throws(ExecutionError) -> ([CompiledStep], [Memory]) {
        var memories: [Memory] = []
        var compiled: [CompiledStep] = []
        for step in steps {
            switch step.action {
            case .kernel(let tensors, let kernel):
                let bound = tensors.map { addresses[$0.buffer.index] + $0.offset }
                compiled.append(CompiledStep(name: step.name, action: .kernel(bound, kernel)))
            case .primitive(let primitive, let arguments):
                var bound: [OpaquePointer?] = []
                for (_, tensor) in arguments {
                    do {
                        let address = addresses[tensor.buffer.index] + tensor.offset
                        let memory = try Memory(tensor.layout, at: address, on: engine)
                        memories.append(memory)
                        bound.append(memory.handle)
                    } catch {
                        throw .kernel(node: step.name, operation: primitive.implementation, status: error.code)
                    }
                }
                compiled.append(
                    CompiledStep(
                        name: step.name,
                        action: .primitive(primitive, arguments: arguments.map(\.argument), memories: bound)))
            }
        }
        return (compiled, memories)
    }
}

/// How long one step of a plan took.
public struct StepTime: Sendable {
    /// ONNX name of the node the step belongs to.
    public let node: String
    /// The library's name of the kernel, such as `jit_wino_4x3:avx512_core`; `own` for kernels of this module.
    public let implementation: String
    public let isBackward: Bool
    public let milliseconds: Double
}
